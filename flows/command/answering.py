"""Follows a run at the terminal and lets somebody answer its questions: options of the command, or a person who types."""

import getpass
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from blueprint.errors import InvalidInput
from blueprint.records import JournalEntry
from blueprint.requests import (
    AnomalyQuestion,
    Answer,
    ApprovalQuestion,
    ChoiceQuestion,
    Decision,
    InformationQuestion,
    Request,
    RequestState,
    ReviewQuestion,
    fitting_decisions,
)
from blueprint.stream import Intended
from blueprint.values import short_id
from flows.command.output import Session, say
from flows.command.terminal import while_waiting
from flows.following import Over, Waiting, follow
from flows.people.replying import Reply, reply
from reports.forms import question_in_short, question_text
from reports.steps import stream_line
from reports.text import one_line

Voice = Callable[[Request], Reply | None]
"""Gives the reply to a request, or None to leave it to somebody else."""

ATTEMPTS = 3
"""How often somebody may answer what can't be used."""


def this_person() -> str:
    """Who answers at this terminal, for the record."""
    return f"command:{getpass.getuser()}"


async def accompany(
    session: Session, run_id: str, voice: Voice, *, stay: bool, in_short: bool = False, tell: Callable[[str], None] = say
) -> Over | Waiting:
    """Tell the run as it goes and answer what `voice` has an answer to, until it is over.

    A question that `voice` leaves open ends it too, unless `stay`: then somebody else is waited for. `in_short` tells of calls
    when they are done only.
    """
    async for news in follow(session.store, session.client, run_id):
        match news:
            case JournalEntry(event=Intended()) if in_short:
                pass
            case JournalEntry():
                tell(stream_line(news))
            case Waiting(request=request):
                tell(f"\n{question_text(request)}\n")
                if await _is_answered(session, request, voice):
                    continue
                if not stay:
                    return news
                tell(f"Answer with:\n{how_to_answer(request)}\n")
            case Over():
                return news
            case _:
                assert_never(news)
    raise AssertionError("a run that is followed ends")


async def _is_answered(session: Session, request: Request, voice: Voice) -> bool:
    """Let `voice` answer; False when it leaves that to somebody else. What can't be used is said, and asked again."""
    for _ in range(ATTEMPTS):
        said = await while_waiting(lambda: voice(request))
        if said is None:
            return False
        try:
            answered = await reply(session.store, request.run_id, said, by=this_person(), key=request.key)
        except InvalidInput as refusal:
            say(f"{refusal}")
            stored = await session.store.requests.get(request.run_id, request.key)
            if stored is None or stored.state is not RequestState.OPEN:
                return True
        else:
            say(f"→ {said_back(answered.answer)}\n" if answered.answer else "")
            return True
    return False


@dataclass
class Prepared:
    """Answers that the command line brought: texts for questions in turn, and whether the plan is to be launched."""

    texts: list[str] = field(default_factory=list[str])
    launch: bool = False

    def __call__(self, request: Request) -> Reply | None:
        """The next text for a question; a launch for a review that can be launched."""
        match request.question:
            case InformationQuestion(questions=questions) if self.texts:
                taken, self.texts = self.texts[: len(questions)], self.texts[len(questions) :]
                return Reply(answers=tuple(taken))
            case ReviewQuestion(can_launch=True) if self.launch:
                return Reply(decision=Decision.LAUNCH)
            case _:
                return None


def first_of(*voices: Voice) -> Voice:
    """The reply of the first voice that has one."""

    def answer(request: Request) -> Reply | None:
        return next((said for voice in voices if (said := voice(request)) is not None), None)

    return answer


def said_back(answer: Answer) -> str:
    """What an answer was taken for: 'approve.', 'Read as: reject. In your words: "switch to plan B".'"""
    if answer.answers:
        return f"{', '.join(dict.fromkeys(answer.answers))}."
    taken = answer.choice or answer.decision.replace("_", " ")
    if answer.decision is Decision.CHOOSE and not answer.choice:
        taken = "another way"
    words = (
        f' In your words: "{one_line(answer.text, 300)}".'
        if answer.text and answer.decision not in (Decision.APPROVE, Decision.APPROVE_RUN)
        else ""
    )
    return f"{'Read as: ' if answer.is_read else ''}{taken}.{words}"


def asked_in_short(request: Request) -> str:
    """What is asked, and the commands that answer it."""
    return f"{question_in_short(request)}\n{how_to_answer(request)}"


def how_to_answer(request: Request) -> str:
    """The commands that answer a request, one on each line."""
    start = f"  missions reply {short_id(request.run_id)}"
    return "\n".join(f"{start} {way}" for way in _ways(request))


def _ways(request: Request) -> Sequence[str]:
    match request.question:
        case InformationQuestion(questions=questions):
            return ('"your answer"' if len(questions) == 1 else '"one answer to all"  (or each by --answer, in order)',)
        case ApprovalQuestion():
            return ("--approve", "--approve-run", '--reject "what you want instead"')
        case ChoiceQuestion(options=options):
            return (*(f"--choice {number}" for number, _ in enumerate(options, start=1)), '"another way, in your words"')
        case ReviewQuestion() | AnomalyQuestion():
            return tuple(_spelled(decision) for decision in fitting_decisions(request.question))
        case _:
            assert_never(request.question)


def _spelled(decision: Decision) -> str:
    match decision:
        case Decision.LAUNCH:
            return "--approve"
        case Decision.CHANGE:
            return '--choice change "what is to be different"'
        case _:
            return f"--choice {decision}"
