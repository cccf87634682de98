"""Asks the person who sits at the terminal, without keeping Ctrl-C and the rest of the command waiting."""

import asyncio
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TypeVar, assert_never

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
from flows.command.output import say
from flows.people.replying import Reply

T = TypeVar("T")


async def while_waiting(ask: Callable[[], T]) -> T:
    """What `ask` returns, from a thread that does not outlive the command: a person may never press Enter."""
    result = Future[T]()

    def in_thread() -> None:
        try:
            result.set_result(ask())
        except BaseException as error:  # whoever awaits it gets it
            result.set_exception(error)

    threading.Thread(target=in_thread, daemon=True, name="ask at the terminal").start()
    return await asyncio.wrap_future(result)


def at_terminal(request: Request) -> Reply | None:
    """Ask the person who sits here; None where nobody does, or who ends the input with Ctrl-D."""
    if not sys.stdin.isatty():
        return None
    try:
        return _asked(request)
    except EOFError:
        say("\nLeft open.")
        return None


def _asked(request: Request) -> Reply:
    match request.question:
        case InformationQuestion(questions=questions):
            return Reply(answers=tuple(read_line(f"{number}. ") for number, _ in enumerate(questions, start=1)))
        case ChoiceQuestion(options=options):
            return _choice(options)
        case ApprovalQuestion() | AnomalyQuestion() | ReviewQuestion():
            return _decision(fitting_decisions(request.question))
        case _:
            assert_never(request.question)


def _choice(options: Sequence[str]) -> Reply:
    said = read_line(f"1-{len(options)}, or another way in your words: ")
    if said.isdigit() and 1 <= int(said) <= len(options):
        return Reply(decision=Decision.CHOOSE, choice=options[int(said) - 1])
    return Reply(text=said)


def _decision(fitting: Sequence[Decision]) -> Reply:
    """One of the words, with a comment; any other text is read as it stands."""
    words = [decision.replace("_", " ") for decision in fitting]
    said = read_line(f"{' / '.join(words)}: ")
    if said.lower() not in words:
        return Reply(text=said)
    decision = fitting[words.index(said.lower())]
    return Reply(decision=decision, text=read_line(_comment_prompt(decision)))


def _comment_prompt(decision: Decision) -> str:
    return "What is to be different: " if decision is Decision.CHANGE else "In your words (may stay empty): "


def read_line(prompt: str) -> str:
    """A line that the person types, without blanks around it; EOFError when there will be none."""
    sys.stderr.write(prompt)
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line.strip()
