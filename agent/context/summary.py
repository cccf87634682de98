"""Words what a run has done so far, from its journal alone; decisions of people and notes stand word for word (R4.5)."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import PackageLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from blueprint.requests import ApprovalQuestion
from blueprint.stream import Answered, Asked, Noted, Reasoned, Returned, StreamEvent

_PROMPTS = ImmutableSandboxedEnvironment(
    loader=PackageLoader("agent", "prompts"), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
)
_THOUGHT_CHARS, _ARGUMENT_CHARS = 300, 160


@dataclass(frozen=True, kw_only=True)
class _Step:
    """One answer of the model as lines of the list: its words in short, then its calls and how they ended."""

    lines: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def chars(self) -> int:
        return sum(len(line) + 1 for line in self.lines)


def summary(events: Sequence[StreamEvent], *, answers: int, log_chars: int) -> str:
    """What stands for the first `answers` answers. Only the list of calls is bounded, its oldest entries go first.

    What tools returned is not in it: that is untrusted, and can be read again by the id of its call.
    """
    past = list(_past(events, answers))
    steps = list(_steps(past))
    shown = _newest(steps, log_chars)
    left_out = Counter(name for step in steps[: len(steps) - len(shown)] for name in step.names)
    return _PROMPTS.get_template("summary.md.j2").render(
        answers=answers,
        decisions=list(_decisions(past)),
        notes=[event.note.model_dump(mode="json") for event in past if isinstance(event, Noted)],
        refusals=[_refusal(event) for event in past if isinstance(event, Returned) and event.is_refused],
        left_out=[f"{name} ({times})" for name, times in left_out.most_common()],
        steps=[step.lines for step in shown],
    )


def _past(events: Sequence[StreamEvent], answers: int) -> Iterator[StreamEvent]:
    """The events up to the answer after the first `answers`."""
    seen = 0
    for event in events:
        seen += isinstance(event, Reasoned)
        if seen > answers:
            return
        yield event


def _decisions(past: Sequence[StreamEvent]) -> Iterator[dict[str, Any]]:
    asked = {event.key: event for event in past if isinstance(event, Asked)}
    for event in past:
        if isinstance(event, Answered):
            question = asked[event.key].question if event.key in asked else None
            yield {
                "title": event.title,
                "call": _called(question) if isinstance(question, ApprovalQuestion) else "",
                "decision": event.answer.decision.value.replace("_", " "),
                "words": [word for word in (event.answer.choice, *event.answer.answers, event.answer.text) if word],
                "by": event.answer.by,
            }


def _called(question: ApprovalQuestion) -> str:
    return f"{question.call.name} {json.dumps(question.call.arguments, ensure_ascii=False)}"


def _refusal(event: Returned) -> str:
    return f"{event.call.name} {json.dumps(event.call.arguments, ensure_ascii=False)}: {event.text}"


def _steps(past: Sequence[StreamEvent]) -> Iterator[_Step]:
    returned = {event.call.id: event for event in past if isinstance(event, Returned)}
    for event in past:
        if isinstance(event, Reasoned):
            found = [returned[call.id] for call in event.calls if call.id in returned]
            words = " ".join((event.text or event.reasoning).split())
            said = [f"You said: {_short(words, _THOUGHT_CHARS)}"] if words else []
            yield _Step(lines=(*said, *map(_line, found)), names=tuple(one.call.name.lstrip(".") for one in found))


def _line(returned: Returned) -> str:
    arguments = _short(json.dumps(returned.call.arguments, ensure_ascii=False), _ARGUMENT_CHARS)
    word = returned.outcome.value if returned.outcome.value != "done" else ("error" if returned.is_error else "ok")
    return f"{returned.call.id} {returned.call.name.lstrip('.')} {arguments}: {word}, {returned.size:,} characters"


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _newest(steps: Sequence[_Step], chars: int) -> Sequence[_Step]:
    """The last steps whose lines fit."""
    first = len(steps)
    while first and (chars := chars - steps[first - 1].chars) >= 0:
        first -= 1
    return steps[first:]
