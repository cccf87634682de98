"""Follows a run at the terminal and lets somebody answer its questions: options of the command, or a person who types."""

import asyncio
import getpass
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from blueprint.records import JournalEntry
from blueprint.requests import (
    AnomalyQuestion,
    ApprovalQuestion,
    ChoiceQuestion,
    Decision,
    InformationQuestion,
    Request,
    ReviewQuestion,
    fitting_decisions,
)
from flows.command.output import Session, say
from flows.following import Over, Waiting, follow
from flows.replying import Reply, reply
from reports.forms import question_text
from reports.steps import stream_line

Voice = Callable[[Request], Reply | None]
"""Gives the reply to a request, or None to leave it to somebody else."""


def this_person() -> str:
    """Who answers at this terminal, for the record."""
    return f"command:{getpass.getuser()}"


async def accompany(session: Session, run_id: str, voice: Voice, *, stay: bool) -> Over | Waiting:
    """Show the run as it goes and answer what `voice` has an answer to, until it is over.

    A question that `voice` leaves open ends it too, unless `stay`: then somebody else is waited for.
    """
    async for news in follow(session.store, session.client, run_id):
        match news:
            case JournalEntry():
                say(stream_line(news))
            case Waiting(request=request):
                say(f"\n{question_text(request)}\n")
                said = await asyncio.to_thread(voice, request)
                if said is not None:
                    say(f"→ {spoken(said)}\n")
                    await reply(session.store, run_id, said, by=this_person(), key=request.key)
                elif stay:
                    say(f"Answer with: {how_to_answer(request)}\n")
                else:
                    return news
            case Over():
                return news
            case _:
                assert_never(news)
    raise AssertionError("a run that is followed ends")


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


def at_terminal(request: Request) -> Reply | None:
    """Ask the person who sits here; None where nobody does."""
    if not sys.stdin.isatty():
        return None
    match request.question:
        case InformationQuestion(questions=questions):
            return Reply(answers=tuple(_read(f"{number}. ") for number, _ in enumerate(questions, start=1)))
        case ChoiceQuestion(options=options):
            return _choice(options)
        case ApprovalQuestion() | AnomalyQuestion() | ReviewQuestion():
            decision = _decision(fitting_decisions(request.question))
            return Reply(decision=decision, text=_read("In your words (may stay empty): "))
        case _:
            assert_never(request.question)


def first_of(*voices: Voice) -> Voice:
    """The reply of the first voice that has one."""

    def answer(request: Request) -> Reply | None:
        return next((said for voice in voices if (said := voice(request)) is not None), None)

    return answer


def spoken(said: Reply) -> str:
    """A reply on one line."""
    return ", ".join(part for part in [said.decision or "", said.choice, *said.answers, said.text] if part)


def how_to_answer(request: Request) -> str:
    """The command that answers a request, for people."""
    start = f"missions reply {request.run_id[:8]}"
    match request.question:
        case InformationQuestion():
            return f'{start} "your answer"'
        case ApprovalQuestion():
            return f"{start} --approve   or   {start} --reject"
        case _:
            return "   or   ".join(f"{start} --choice {way}" for way in ways(request))


def ways(request: Request) -> Sequence[str]:
    """What `--choice` takes for a request."""
    if isinstance(request.question, ChoiceQuestion):
        return tuple(repr(option) for option in request.question.options)
    return fitting_decisions(request.question)


def _choice(options: Sequence[str]) -> Reply:
    said = _read(f"1-{len(options)}, or another way in your words: ")
    if said.isdigit() and 1 <= int(said) <= len(options):
        return Reply(decision=Decision.CHOOSE, choice=options[int(said) - 1])
    return Reply(decision=Decision.CHOOSE, text=said)


def _decision(fitting: Sequence[Decision]) -> Decision:
    while (said := _read(f"{' / '.join(fitting)}: ").strip().lower()) not in fitting:
        say(f"{said!r} is none of these.")
    return Decision(said)


def _read(prompt: str) -> str:
    sys.stderr.write(prompt)
    sys.stderr.flush()
    return sys.stdin.readline().strip()
