"""The resume forms of the Prefect UI: what stands beside their fields (R5.1, R9.2)."""

import pytest

from blueprint.requests import ChoiceQuestion, InformationQuestion, Question
from flows.people.forms import form_for
from tests.blocks.examples import request
from tests.reports.hostile import VALID, kinds

HARMLESS = "Which host is meant, web-01 or disk_a?"


def described(question: Question) -> list[str]:
    """The descriptions of a form's fields."""
    schema = form_for(request(question=question), "UTC").model_json_schema()
    return [field["description"] for field in schema["properties"].values()]


def test_the_fields_of_a_form_say_what_is_asked() -> None:
    assert described(InformationQuestion(questions=(HARMLESS, "Since when?"))) == [HARMLESS, "Since when?"]
    assert described(ChoiceQuestion(question=HARMLESS, options=("web-01", "disk_a")))[0] == HARMLESS


@pytest.mark.parametrize("text", VALID.values(), ids=VALID.keys())
def test_what_the_agent_asks_brings_no_markup_beside_a_field(text: str) -> None:
    """The old console takes the description of a field for Markdown, with HTML and pictures of other hosts."""
    questions = (InformationQuestion(questions=(text,)), ChoiceQuestion(question=text, options=("a", "b")))
    for description in [each for question in questions for each in described(question)]:
        assert not kinds(description) & {"html_inline", "html_block", "image", "link_open"}
