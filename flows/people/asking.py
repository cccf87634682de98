"""Brings questions to people: stored and in the inbox first, then the run suspends until somebody answers (R5.4)."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any

from prefect.flow_runs import asuspend_flow_run
from prefect.logging import get_run_logger

from blocks.store.store import Store
from blueprint.errors import InvalidInput, Unanswered
from blueprint.records import Message
from blueprint.requests import Answer, Question, Request, RequestState
from flows.people.forms import answer_from_form, form_for
from flows.people.inputs import filled_form, forget_wait
from flows.people.replying import Reply, read_answer
from flows.runs.lease import Lease
from flows.runs.picture import Picture
from reports.forms import question_text
from reports.times import minute

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class People:
    """The agent's `Approver` for one run. Must be used at the level of the flow, never inside a Prefect task."""

    lease: Lease
    picture: Picture
    mission_id: str
    zone: str
    answer_seconds: int

    async def decide(self, *, key: str, title: str, question: Question) -> Answer:
        """The answer: from the store, else from the resume form; else the process ends here and the run waits."""
        request = await take_form(self.lease.store, await self._open(key, title, question))
        if request.answer is not None:
            return request.answer
        if request.state is not RequestState.OPEN or request.deadline <= datetime.now(UTC):
            await self.lease.store.requests.close(request.run_id, key, RequestState.EXPIRED)
            raise Unanswered(f"Nobody answered {title!r} by {request.deadline:%Y-%m-%d %H:%M} UTC.")
        await self._wait(request)
        raise AssertionError("a suspended run does not come back here")

    async def _open(self, key: str, title: str, question: Question) -> Request:
        now = datetime.now(UTC)
        request = Request(
            run_id=self.lease.run_id,
            mission_id=self.mission_id,
            key=key,
            title=title,
            question=question,
            asked_at=now,
            deadline=now + timedelta(seconds=self.answer_seconds),
        )
        request = await self.lease.store.requests.open(request)
        await self.lease.store.messages.add(_message(request))
        return request

    async def _wait(self, request: Request) -> None:
        """Suspend the run with its form. Parked first: a kill in between leaves a run that the reconciler starts again."""
        await self.picture.finish()
        form = form_for(request, self.zone)
        await forget_wait(request.run_id, request.key)
        await self.lease.park()
        until = minute(request.deadline, self.zone)
        get_run_logger().info("A person is asked: %s Answer here (menu, Resume) by %s, %s.", request.title, until, self.zone)
        left = request.deadline - datetime.now(UTC)
        await asuspend_flow_run(wait_for_input=form, timeout=max(1, ceil(left.total_seconds())), key=request.key)


async def take_form(store: Store, request: Request) -> Request:
    """The request with what came through its resume form, which Prefect keeps among the run's inputs, stored as its answer.

    One that came too late or second, or that does not fit, does not count.
    """
    filled = None if request.answer else await filled_form(request.run_id, request.key)
    if filled is None:
        return request
    try:
        answer = _read_form(filled, request)
        return await store.requests.answer(request.run_id, request.key, answer)
    except (InvalidInput, ValueError) as refusal:
        logger.warning("The answer in the form of %r did not count: %s", request.title, refusal)
        return await store.requests.get(request.run_id, request.key) or request


def _read_form(filled: dict[str, Any], request: Request) -> Answer:
    """Read by the rules that hold for answers by every other door too."""
    now = datetime.now(UTC)
    given = answer_from_form(filled, request.question, by="console", at=now)
    choice = "" if given.choice == "other" else given.choice
    said = Reply(text=given.text, decision=given.decision, choice=choice, answers=given.answers)
    return read_answer(request, said, by=given.by, at=now)


def _message(request: Request) -> Message:
    return Message(
        id=f"{request.run_id}:{request.key}",
        mission_id=request.mission_id,
        run_id=request.run_id,
        event="request",
        title=request.title,
        body=question_text(request),
        at=request.asked_at,
    )
