"""A tool server that wants to know something in the middle of a call gets a person's answer, in both eras of the protocol."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from mcp.types import ElicitRequestFormParams, ElicitRequestURLParams

from agent.loop import Brief, work
from agent.tools.toolset import Unanswered
from agent.tools.wishes import Filled, known_reply, read_wish
from blueprint.connections import StdioServer, ToolServerConnection
from blueprint.policy import RiskPolicy, Rule, ToolCall, ToolRule
from blueprint.requests import Answer, ChoiceQuestion, Decision, InformationQuestion, Question
from blueprint.stream import Answered, Intended, Outcome, Returned, StreamEvent
from tests.fakes.model_server import Turn, calls, scripted_model
from tests.fakes.run import MemoryJournal, ProcessEnded, agent_at_work

BRIEF = Brief(system="You are careful.", task="Restart it.", step_limit=20, token_budget=100_000)
DONE = calls(("conclude", {"summary": "Done.", "findings": []}))
RESTART = calls(("shifty__restart", {"service": "nginx"}))
DROP = calls(("old__drop", {"table": "logs"}))
AUTO = RiskPolicy(rules=(ToolRule(tool="*", rule=Rule.AUTO),))
CALL = ToolCall(id="c00001000", server="shifty", tool="restart", arguments={})


class Clerk:
    """Answers with these words, one set for each question; none left is the end of the process."""

    def __init__(self, *said: Sequence[str]) -> None:
        self._said = list(said)
        self.asked: list[tuple[str, Question]] = []

    async def decide(self, *, key: str, title: str, question: Question) -> Answer:
        self.asked.append((key, question))
        if not self._said:
            raise ProcessEnded
        return _answer(question, self._said.pop(0))


def _answer(question: Question, words: Sequence[str]) -> Answer:
    now = datetime.now(UTC)
    if isinstance(question, ChoiceQuestion):
        return Answer(decision=Decision.CHOOSE, choice=words[0], by="test", at=now)
    return Answer(decision=Decision.ANSWER, answers=tuple(words), by="test", at=now)


async def _work(
    log: Path, people: Clerk, journal: MemoryJournal, *script: Turn, policy: RiskPolicy | None = AUTO
) -> list[Returned]:
    async with (
        scripted_model(script) as model,
        agent_at_work(
            model_url=model.url,
            servers=[_server("old", str(log)) if DROP in script else _server("shifty", "--log", str(log))],
            journal=journal,
            people=people,  # pyright: ignore[reportArgumentType] people of another kind
            policy=policy,
        ) as agent,
    ):
        async for _ in work(agent, BRIEF):
            pass
    return [event for event in journal.events if isinstance(event, Returned)]


def _server(name: str, *arguments: str) -> ToolServerConnection:
    program = ("-m", f"tests.fakes.{name}_server", *arguments)
    return ToolServerConnection(name=name, server=StdioServer(command=sys.executable, arguments=program))


def _effects(log: Path) -> str:
    return log.read_text()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log"
    path.touch()
    return path


async def test_the_call_is_made_again_with_the_answer_and_has_its_effect_once(log: Path) -> None:
    people, journal = Clerk(["gently", "5"]), MemoryJournal()
    [back] = await _work(log, people, journal, RESTART, DONE)
    [(_, question)] = people.asked
    assert isinstance(question, InformationQuestion)
    assert question.questions[0].startswith("Tool server 'shifty' asks, before it goes on with shifty.restart: Restart nginx?")
    assert question.questions[1] == "Minutes: How long it may be away (a whole number)"
    assert (back.text, _effects(log)) == ("restarted nginx gently", "restart nginx gently 5\n")
    assert [event.attempt for event in journal.events if isinstance(event, Intended)] == [1, 2]


async def test_a_server_of_the_older_protocol_gets_its_answer_too(log: Path) -> None:
    people = Clerk(["yes"])
    [back] = await _work(log, people, MemoryJournal(), DROP, DONE)
    [(_, question)] = people.asked
    assert isinstance(question, ChoiceQuestion)
    assert question.options == ("yes", "no", "decline")
    assert (back.text, _effects(log)) == ("dropped", "dropped logs\n")


@pytest.mark.parametrize(("said", "told"), [("decline", "not dropped: decline"), ("no", "not dropped: accept")])
async def test_a_person_who_declines_is_understood(said: str, told: str, log: Path) -> None:
    [back] = await _work(log, Clerk([said]), MemoryJournal(), DROP, DONE)
    assert (back.text, _effects(log)) == (told, "")


async def test_the_process_may_end_at_the_question_and_the_call_is_made_by_the_next_one(log: Path) -> None:
    journal = MemoryJournal()
    with pytest.raises(ProcessEnded):
        await _work(log, Clerk(), journal, RESTART)
    later = Clerk(["at once", "1"])
    [back] = await _work(log, later, journal, DONE)
    assert (back.text, back.outcome, _effects(log)) == (
        "restarted nginx at once",
        Outcome.DONE,
        "restart nginx at once 1\n",
    )
    assert len(later.asked) == 1


async def test_a_call_that_waits_for_an_answer_and_is_forbidden_since_is_not_made(log: Path) -> None:
    journal = MemoryJournal()
    with pytest.raises(ProcessEnded):
        await _work(log, Clerk(), journal, RESTART)
    forbidden = RiskPolicy(rules=(ToolRule(tool="shifty.restart", rule=Rule.FORBID),))
    [back] = await _work(log, Clerk(), journal, DONE, policy=forbidden)
    assert (back.outcome, back.is_refused, _effects(log)) == (Outcome.NOT_DONE, True, "")


async def test_the_policy_asks_first_and_the_server_after(log: Path) -> None:
    class Both(Clerk):
        async def decide(self, *, key: str, title: str, question: Question) -> Answer:
            if key.startswith("approve-"):
                return Answer(decision=Decision.APPROVE, by="test", at=datetime.now(UTC))
            return await super().decide(key=key, title=title, question=question)

    journal = MemoryJournal()
    [back] = await _work(log, Both(["gently", "5"]), journal, RESTART, DONE, policy=None)
    assert back.text == "restarted nginx gently"
    assert {event.approval for event in journal.events if isinstance(event, Intended)} == {"approve-c00001000"}


def _form(**properties: Any) -> ElicitRequestFormParams:
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return ElicitRequestFormParams(message="Go?", requested_schema=schema)


def _filled(form: ElicitRequestFormParams, *answers: Sequence[str]) -> Filled | Unanswered:
    wish = read_wish("shifty.restart", form, str)
    events: list[StreamEvent] = []
    for words in answers:
        asked = known_reply(CALL, wish, events)
        assert isinstance(asked, Unanswered)
        events.append(Answered(key=asked.key, title="", answer=_answer(asked.question, words)))
    return known_reply(CALL, wish, events)


@pytest.mark.parametrize(
    ("field", "words", "value"),
    [
        pytest.param({"type": "string"}, "as it is, please", "as it is, please", id="text"),
        pytest.param({"type": "integer"}, " 12 ", 12, id="whole number"),
        pytest.param({"type": "number"}, "0.5", 0.5, id="number"),
        pytest.param({"type": "boolean"}, "no", False, id="yes or no"),
        pytest.param({"enum": ["a", "b"], "enumNames": ["Alpha", "Beta"]}, "Beta", "b", id="names of choices"),
        pytest.param({"oneOf": [{"const": "x", "title": "Ex"}]}, "Ex", "x", id="titled choices"),
        pytest.param({"type": "array", "items": {"enum": ["a", "b", "c"]}}, "a, c", ["a", "c"], id="several choices"),
    ],
)
def test_words_become_what_the_field_wants(field: dict[str, Any], words: str, value: object) -> None:
    assert _filled(_form(it=field), [words]) == Filled(content={"it": value})


def test_an_answer_that_does_not_fit_is_asked_for_again_with_the_reason_and_then_declined() -> None:
    form = _form(minutes={"type": "integer"})
    again = _filled(form, ["soon"])
    assert isinstance(again, Unanswered)
    assert isinstance(again.question, InformationQuestion)
    assert again.question.questions[0].startswith("'soon' is not a whole number. Tool server")
    assert _filled(form, ["soon"], ["later"], ["never"]) == Filled(content=None)


@pytest.mark.parametrize(
    "params",
    [
        pytest.param(ElicitRequestURLParams(message="Sign in", url="http://evil.example", elicitation_id="1"), id="web page"),
        pytest.param(_form(inner={"type": "object"}), id="nested"),
        pytest.param(_form(**{f"f{number}": {"type": "string"} for number in range(13)}), id="too many"),
    ],
)
def test_what_no_person_can_be_asked_for_is_declined(params: Any) -> None:
    assert known_reply(CALL, read_wish("shifty.restart", params, str), []) == Filled(content=None)


def test_of_a_form_that_is_too_long_the_last_fields_that_may_be_left_out_are() -> None:
    names = [f"f{number}" for number in range(15)]
    schema = {"type": "object", "properties": {name: {"type": "string"} for name in names}, "required": ["f14", "f3"]}
    wish = read_wish("shifty.restart", ElicitRequestFormParams(message="Go?", requested_schema=schema), str)
    assert [field.name for field in wish.fields] == [*names[:11], "f14"]


def test_secrets_and_control_characters_are_not_shown_to_people() -> None:
    wish = read_wish("shifty.restart", _form(**{"a": {"title": "s3cret\x1b[31m"}}), lambda text: text.replace("s3cret", "•••"))
    assert wish.fields[0].label == "•••"
