"""The tools that belong to the loop itself: conclude, ask a person, note something, look into a large result again."""

from typing import Any, Literal, Self

from pydantic import Field, ValidationError

from agent.model.model import ToolDeclaration
from agent.results.looking import READ_RESULT, SEARCH_RESULT, ReadResult, SearchResult
from blueprint.notes import Note
from blueprint.policy import ToolCall
from blueprint.problems import explain
from blueprint.requests import AnomalyQuestion, ChoiceQuestion, InformationQuestion, Question
from blueprint.stream import Conclusion
from blueprint.values import Value

OWN_SERVER = "missions"
CONCLUDE = "conclude"
ASK_PERSON = "ask_person"
NOTE = "note"
OWN = (CONCLUDE, ASK_PERSON, NOTE, READ_RESULT, SEARCH_RESULT)


class QuestionToPerson(Value):
    """What the model wants to know of a person (R5.1)."""

    kind: Literal["information", "choice", "anomaly"] = Field(
        description="information: something is missing; choice: several ways to go on; anomaly: something unexpected happened."
    )
    title: str = Field(min_length=1, max_length=120, description="The question in one line.")
    text: str = Field(min_length=1, max_length=8_000, description="All that the person must know to answer.")
    options: tuple[str, ...] = Field(default=(), max_length=9, description="For a choice: the ways to go on, at least two.")

    @classmethod
    def read(cls, call: ToolCall) -> tuple[Self | None, str]:
        """The question that a call asks, or a sentence why it is none."""
        try:
            wish = cls.model_validate(call.arguments)
        except ValidationError as error:
            return None, _problem(call, error)
        if wish.kind == "choice" and len(wish.options) < 2:
            return None, f"A choice needs at least two options, got {list(wish.options)!r}."
        return wish, ""

    def question(self) -> Question:
        """The typed question."""
        match self.kind:
            case "information":
                return InformationQuestion(questions=(self.text,))
            case "choice":
                return ChoiceQuestion(question=self.text, options=self.options)
            case "anomaly":
                return AnomalyQuestion(what=self.text)


def as_conclusion(call: ToolCall) -> tuple[Conclusion | None, str]:
    """The conclusion that a call hands in, or a sentence why it can't be taken."""
    try:
        return Conclusion.model_validate(call.arguments), ""
    except ValidationError as error:
        return None, _problem(call, error)


def as_note(call: ToolCall) -> tuple[Note | None, str]:
    """The note that a call makes, or a sentence why it can't be taken."""
    try:
        return Note.model_validate(call.arguments), ""
    except ValidationError as error:
        return None, _problem(call, error)


def _problem(call: ToolCall, error: ValidationError) -> str:
    return f"The arguments of {call.tool!r} do not fit: " + " ".join(str(problem) for problem in explain(error))


def _declare(name: str, description: str, schema: dict[str, Any]) -> ToolDeclaration:
    return ToolDeclaration(name=name, description=description, parameters=schema)


OWN_DECLARATIONS = (
    _declare(
        READ_RESULT,
        "Read a piece of the whole result of an earlier call: where only a part of it was shown, or when it was taken out of this"
        " conversation.",
        ReadResult.model_json_schema(),
    ),
    _declare(SEARCH_RESULT, "Find words in the whole result of an earlier call.", SearchResult.model_json_schema()),
    _declare(
        NOTE,
        "Write down a finding, a decision or an open question as soon as you have it. In long work older results are taken out"
        " of this conversation; notes stay, word for word.",
        Note.model_json_schema(),
    ),
    _declare(
        ASK_PERSON,
        "Ask a person when something that you need is missing, when there are several ways to go on, or when something is wrong.",
        QuestionToPerson.model_json_schema(),
    ),
    _declare(
        CONCLUDE,
        "End the work: hand in the summary, the findings with the ids of the calls that show them, recommendations, and what"
        " could not be checked. Call it alone, when everything asked for has been done or tried.",
        Conclusion.model_json_schema(),
    ),
)
