"""Takes the answer that came through a resume form, which Prefect keeps among the run's inputs (R5.4, R5.5)."""

import logging

from blocks.store.store import Store
from blueprint.errors import InvalidInput
from blueprint.requests import Answer, Request
from flows.people.forms import answer_from_form, form_from_answer
from flows.people.inputs import Filled, filled_form
from flows.people.reading import Reply, read_answer

logger = logging.getLogger(__name__)

CONSOLE = "console"
"""The Prefect UI does not say who filled in a form."""


async def take_form(store: Store, request: Request) -> Request:
    """The request with what came through its form, stored as its answer; in time when Prefect took it in time.

    One that came second or too late changes nothing. One that does not fit, or whose comment contradicts it, does not count:
    the reason stands in the request, and is shown when it is asked again.
    """
    filled = None if request.answer else await filled_form(request.run_id, request.key)
    if filled is None:
        return request
    try:
        answer = _read(filled, request)
    except (InvalidInput, ValueError) as refusal:
        logger.warning("The answer in the form of %r did not count: %s", request.title, refusal)
        words = str(filled.fields.get("comment") or "")
        return await store.requests.refuse(request, by=CONSOLE, words=words, reason=str(refusal))
    try:
        return await store.requests.answer(request.run_id, request.key, answer, came_at=filled.at)
    except InvalidInput as refusal:
        logger.warning("The answer in the form of %r changed nothing: %s", request.title, refusal)
        return await store.requests.get(request.run_id, request.key) or request


async def came_second(request: Request) -> str:
    """What to say to the person whose form came after the answer that counts; empty when no other form came."""
    if request.answer is None or request.answer.by == CONSOLE:
        return ""
    filled = await filled_form(request.run_id, request.key)
    if filled is None or filled.fields == form_from_answer(request.answer, request.question):  # that one is ours, to wake it
        return ""
    first = request.answer
    said = first.decision.replace("_", " ")
    return f"The form came second and changed nothing: {first.by!r} had answered {said!r} at {first.at:%Y-%m-%d %H:%M:%S} UTC."


def _read(filled: Filled, request: Request) -> Answer:
    """Read by the rules that hold for answers by every other door too."""
    given = answer_from_form(filled.fields, request.question, by=CONSOLE, at=filled.at)
    choice = "" if given.choice == "other" else given.choice
    said = Reply(text=given.text, decision=given.decision, choice=choice, answers=given.answers)
    return read_answer(request, said, by=given.by, at=filled.at)
