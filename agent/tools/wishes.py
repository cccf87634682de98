"""What a tool server wants to know of a person in the middle of a call (MCP elicitation), as a question and back. Pure.

The call is given up with a question, the person is asked as in every other wait, and the call is made again: then the
answer is there. So no server is held open while a run waits, and nothing but the journal has to survive (R5.4).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from mcp.types import ElicitRequestFormParams, ElicitRequestParams
from pydantic import JsonValue

from agent.tools.content import clean, cut
from agent.tools.toolset import Unanswered
from agent.tools.wish_fields import WishField, read_fields
from blueprint.policy import ToolCall
from blueprint.requests import Answer, ChoiceQuestion, InformationQuestion, Question
from blueprint.stream import Answered, Asked, Intended, StreamEvent
from blueprint.values import digest

MOST_TRIES = 3
"""So often an answer that does not fit is asked for again; then the server is told that the person declines."""

DECLINE, GO_ON = "decline", "go on"

_MOST_FIELDS, _MOST_CHOICES = 12, 9
_MESSAGE_CHARS = 4_000


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A server's form, read. `problem` says why no person can be asked for it; then it is declined."""

    tool: str
    message: str
    fields: tuple[WishField, ...] = ()
    problem: str = ""

    @property
    def digest(self) -> str:
        """The same for the same form of the same tool, however often the call is made."""
        told: list[JsonValue] = [field.question for field in self.fields]
        return digest([self.tool, self.message, told])[:8]


@dataclass(frozen=True, kw_only=True)
class Filled:
    """A person's answer in the server's terms; `content` is None when the person declines."""

    content: dict[str, Any] | None


Replies = Callable[[ToolCall, Wish], Filled | Unanswered]
"""What is known of an answer to a wish."""


def nobody(call: ToolCall, wish: Wish) -> Filled | Unanswered:
    """Where no person can be asked: every wish is declined."""
    return Filled(content=None)


def read_wish(tool: str, params: ElicitRequestParams, hide: Callable[[str], str]) -> Wish:
    """The form that a server sends, bounded and clean; `hide` takes secrets out of its words."""
    message = cut(clean(hide(params.message)), _MESSAGE_CHARS)
    if not isinstance(params, ElicitRequestFormParams):
        return Wish(tool=tool, message=message, problem="it wants a person to open a web page, which is not supported")
    fields, problem = read_fields(cast("Mapping[str, Any]", params.requested_schema), hide)
    fields = _most_needed(fields)
    if len(fields) > _MOST_FIELDS:
        problem = f"it needs {len(fields)} answers at once; {_MOST_FIELDS} are the most"
    return Wish(tool=tool, message=message, fields=() if problem else fields, problem=problem)


def _most_needed(fields: tuple[WishField, ...]) -> tuple[WishField, ...]:
    """As many fields as people can be asked for: of those that may be left out the last ones are."""
    spare = _MOST_FIELDS - sum(field.is_required for field in fields)
    optional = [field for field in fields if not field.is_required][: max(0, spare)]
    return tuple(field for field in fields if field.is_required or field in optional)


def known_reply(call: ToolCall, wish: Wish, events: Sequence[StreamEvent]) -> Filled | Unanswered:
    """The person's answer to the wish, as the journal has it, or what is to be asked."""
    if wish.problem:
        return Filled(content=None)
    problem = ""
    for attempt in range(1, MOST_TRIES + 1):
        key = f"{_key(call)}{wish.digest}-{attempt}"
        answer = next((event.answer for event in events if isinstance(event, Answered) and event.key == key), None)
        if answer is None:
            return Unanswered(key=key, question=_question(wish, problem))
        filled, problem = _fill(wish, answer)
        if filled is not None:
            return filled
    return Filled(content=None)


def handed_back(call: ToolCall, events: Sequence[StreamEvent]) -> Asked | None:
    """The question for which the server has handed the call back, when it was not made again since."""
    asked: Asked | None = None
    for event in events:
        match event:
            case Intended() if event.call.id == call.id:
                asked = None
            case Asked() if asks_for(event, call):
                asked = event
            case _:
                pass
    return asked


def asks_for(asked: Asked, call: ToolCall) -> bool:
    """Whether a server's wish in this call was the reason for the question."""
    return asked.key.startswith(_key(call))


def _key(call: ToolCall) -> str:
    return f"tool-{call.id}-"


def _question(wish: Wish, problem: str) -> Question:
    """A choice where one thing can be chosen, else one question for each field; `problem`: the last answer did not fit."""
    lead = f"Tool server {wish.tool.partition('.')[0]!r} asks, before it goes on with {wish.tool}: {wish.message}"
    lead = f"{problem} {lead}" if problem else lead
    match wish.fields:
        case ():
            return ChoiceQuestion(question=lead, options=(GO_ON, DECLINE))
        case (WishField(options=options, is_many=False) as field,) if options and len(options) < _MOST_CHOICES:
            return ChoiceQuestion(question=f"{lead}\n\n{field.label}", options=(*options, DECLINE))
        case fields:
            first, *others = fields
            lead = f"{lead}\n\nWrite {DECLINE!r} to refuse.\n\n{first.question}"
            return InformationQuestion(questions=(lead, *(field.question for field in others)))


def _fill(wish: Wish, answer: Answer) -> tuple[Filled | None, str]:
    """The answers as the form's values, or a sentence why one of them does not fit."""
    words = _words(answer)
    if any(word.strip().casefold() == DECLINE for word in words):
        return Filled(content=None), ""
    if not wish.fields:  # another way than the two offered is none that the server could take
        return Filled(content={} if words == [GO_ON] else None), ""
    content: dict[str, Any] = {}
    for place, field in enumerate(wish.fields):
        value, problem = field.read(words[place] if place < len(words) else "")
        if problem:
            return None, problem
        content |= {} if value is None else {field.name: value}
    return Filled(content=content), ""


def _words(answer: Answer) -> list[str]:
    if answer.answers:
        return list(answer.answers)
    return [answer.choice if answer.choice not in ("", "other") else answer.text]
