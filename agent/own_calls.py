"""Does what the model calls the loop's own tools for: conclude, ask a person, note something, look into a result again."""

from collections.abc import Sequence

from agent.approver import Approver
from agent.asking import ask_person
from agent.journal import Journal
from agent.own_tools import CONCLUDE, NOTE, QuestionToPerson, as_conclusion, as_note
from agent.results.looking import READ_RESULT, SEARCH_RESULT, Looking
from blueprint.citations import unknown_in
from blueprint.errors import Stopped
from blueprint.policy import Rule, ToolCall, ToolTraits
from blueprint.requests import Answer, Decision
from blueprint.stream import Asked, Concluded, Conclusion, Intended, Noted, Outcome, Returned, StreamEvent


async def perform_own(call: ToolCall, *, journal: Journal, approver: Approver, looking: Looking) -> None:
    """Do it and write the outcome down. Stopped when a person ends the run in an answer, Unanswered when nobody answers."""
    if call.tool == CONCLUDE:
        await _conclude(call, journal)
    elif call.tool == NOTE:
        await _note(call, journal)
    elif call.tool in (READ_RESULT, SEARCH_RESULT):
        await _look(call, journal, looking)
    else:
        await _ask(call, journal, approver)


async def _look(call: ToolCall, journal: Journal, looking: Looking) -> None:
    """Written down like a call that reads: what comes of it is untrusted text, as it was when it came first (R5.3)."""
    await journal.append(Intended(call=call, traits=_READS, rule=Rule.AUTO, reason="it looks at an earlier result"))
    result = await looking.answer(call, journal.events)
    await journal.append(
        Returned(call=call, outcome=result.outcome, is_error=result.is_error, text=result.text, size=result.size)
    )


_READS = ToolTraits(read_only=True, destructive=False, idempotent=True)


async def _note(call: ToolCall, journal: Journal) -> None:
    note, problem = as_note(call)
    if note is None:
        await journal.append(_misread(call, problem))
    else:
        await journal.append(Noted(note=note, call_id=call.id))


async def _conclude(call: ToolCall, journal: Journal) -> None:
    conclusion, problem = as_conclusion(call)
    problem = problem or _unfounded(conclusion, journal.events)
    if conclusion is None or problem:
        await journal.append(_misread(call, problem))
    else:
        await journal.append(Concluded(conclusion=conclusion, call_id=call.id))


def _unfounded(conclusion: Conclusion | None, events: Sequence[StreamEvent]) -> str:
    """What is wrong with the evidence, said once: the report marks what stays unsupported after that (R6.1)."""
    returned = {event.call.id: event.call for event in events if isinstance(event, Returned)}
    unknown = unknown_in(conclusion.findings, returned.keys()) if conclusion else ()
    if not unknown or any(call.server == "" and call.tool == CONCLUDE for call in returned.values()):
        return ""
    told = "; ".join(f"{title!r} names {words!r}" for title, words in unknown)
    return (
        f"Not all evidence can be found: {told}, which is no call of this run. The first line of each result begins with the "
        "call's id. Conclude again with the ids of the calls that show it, or without evidence where there is none."
    )


async def _ask(call: ToolCall, journal: Journal, approver: Approver) -> None:
    wish, problem = QuestionToPerson.read(call)
    if wish is None:
        await journal.append(_misread(call, problem))
        return
    answer = await ask_person(
        journal=journal,
        approver=approver,
        asked=Asked(key=f"ask-{call.id}", title=wish.title, call_id=call.id),
        question=wish.question(),
    )
    text = _spoken(answer)
    await journal.append(Returned(call=call, outcome=Outcome.DONE, text=text, size=len(text)))
    if answer.decision is Decision.STOP:
        raise Stopped(f"{answer.by} stopped the run: {answer.text or 'no reason given'}")


def _spoken(answer: Answer) -> str:
    parts = [f"The person's decision: {answer.decision.value}.", answer.choice, *answer.answers, answer.text]
    return "\n".join(part for part in parts if part)


def _misread(call: ToolCall, problem: str) -> Returned:
    """An answer to a call of ours that can't be taken: it counts as a correction, like one of a tool that is not there."""
    return refused(call.model_copy(update={"server": ""}), problem)


def refused(call: ToolCall, problem: str) -> Returned:
    """The model is told why its call was not made."""
    return Returned(call=call, outcome=Outcome.NOT_DONE, is_error=True, text=problem, size=len(problem))
