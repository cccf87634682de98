"""Keeps a run within its budgets: tells the model when one runs low, asks a person when it is used up (R4.6, R4.9)."""

from collections.abc import Sequence

from jinja2 import PackageLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from agent.approver import Approver
from agent.asking import ask_person
from agent.journal import Journal
from blueprint.budget import SETTINGS, Amounts, Budget, Measure, budgets, in_words, share_in_words
from blueprint.errors import LimitReached
from blueprint.requests import AnomalyQuestion, Answer, Decision
from blueprint.spending import spent
from blueprint.stream import Asked, Raised, Reasoned, Returned, StreamEvent, Usage, Warned

_PROMPTS = ImmutableSandboxedEnvironment(
    loader=PackageLoader("agent", "prompts"), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
)
_THOUGHT_CHARS = 1_000


async def keep_within(planned: Amounts, *, journal: Journal, approver: Approver, worked: float) -> None:
    """To be called before each step; `worked` is the run's time at work so far, in seconds.

    What is used is counted from the journal, so over all executions. A question ends the process; the next execution comes
    here again. LimitReached when a person wants no more of it, Unanswered when nobody says.
    """
    for budget in run_budgets(planned, journal.events, worked):
        if budget.is_used_up:
            await _ask_for_more(budget, journal, approver)
        elif budget.is_running_low and not _is_told(budget, journal.events):
            await journal.append(Warned(about=budget.measure, limit=budget.limit, text=_low(budget)))


def run_budgets(planned: Amounts, events: Sequence[StreamEvent], worked: float) -> tuple[Budget, ...]:
    """How a run's budgets stand. No step is known before the first, so that one is always made."""
    answers = [event for event in events if isinstance(event, Reasoned)]
    usage = spent(events)
    return budgets(
        planned=planned,
        allowed=Amounts(**{event.measure: event.limit for event in events if isinstance(event, Raised)}),
        used=Amounts(steps=len(answers), tokens=_tokens(usage), cost=usage.cost, time=worked),
        last_step=_last_step(events),
    )


def _last_step(events: Sequence[StreamEvent]) -> Amounts:
    place = next((place for place in reversed(range(len(events))) if isinstance(events[place], Reasoned)), None)
    if place is None:
        return Amounts(steps=1)
    last = events[place]
    assert isinstance(last, Reasoned)
    calls = sum(event.seconds for event in events[place:] if isinstance(event, Returned))
    return Amounts(steps=1, tokens=_tokens(last.usage), cost=last.usage.cost, time=last.seconds + calls)


def _tokens(usage: Usage) -> int:
    return usage.input_tokens + usage.output_tokens


def _is_told(budget: Budget, events: Sequence[StreamEvent]) -> bool:
    return any(isinstance(event, Warned) and (event.about, event.limit) == (budget.measure, budget.limit) for event in events)


def _low(budget: Budget) -> str:
    return (
        f"This run has used {share_in_words(budget)}. Come to the end: "
        "make only the calls that still matter most, then call `conclude` with what you have."
    )


async def _ask_for_more(budget: Budget, journal: Journal, approver: Approver) -> None:
    before = sum(isinstance(event, Raised) and event.measure is budget.measure for event in journal.events)
    answer = await ask_person(
        journal=journal,
        approver=approver,
        asked=Asked(key=f"budget-{budget.measure}-{before + 1}", title=f"go on beyond {_limit(budget)}?"),
        question=AnomalyQuestion(what=_question(budget, journal.events)),
    )
    if answer.decision is not Decision.CONTINUE:
        raise LimitReached(f"The run used up its {_limit(budget)}, and {_stopped(answer)} {_advice(budget.measure)}")
    limit = budget.used + budget.further
    await journal.append(Raised(measure=budget.measure, limit=limit, text=_raised(budget, answer)))


def _question(budget: Budget, events: Sequence[StreamEvent]) -> str:
    last = next((event for event in reversed(events) if isinstance(event, Reasoned)), None)
    thought = (last.text or last.reasoning) if last else ""
    return _PROMPTS.get_template("budget.md.j2").render(
        used=share_in_words(budget),
        next_step=in_words(budget.measure, budget.next_step),
        is_exact=budget.measure is Measure.STEPS,
        further=in_words(budget.measure, budget.further),
        setting=SETTINGS[budget.measure],
        thought=thought[:_THOUGHT_CHARS],
    )


def _raised(budget: Budget, answer: Answer) -> str:
    said = f" They wrote: {answer.text!r}." if answer.text else ""
    return f"A person allows this run {in_words(budget.measure, budget.further)} more.{said}"


def _stopped(answer: Answer) -> str:
    said = f": {answer.text!r}" if answer.text else ""
    return f"{answer.by} let it end there{said}."


def _limit(budget: Budget) -> str:
    return in_words(budget.measure, budget.limit)


def _advice(measure: Measure) -> str:
    return f"Raise {SETTINGS[measure]} in the plan if the Task needs more."
