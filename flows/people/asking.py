"""Brings questions to people: stored and in the inbox first, then the run suspends until somebody answers (R5.4)."""

from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from prefect.flow_runs import asuspend_flow_run
from prefect.logging import get_run_logger

from blueprint.errors import Unanswered
from blueprint.requests import Answer, Question, Request, RequestState
from flows.people.forms import form_for
from flows.people.inputs import forget_wait
from flows.people.taking import came_second, take_form
from flows.people.telling import asked, expired, unanswered
from flows.runs.lease import Lease
from flows.runs.picture import Picture
from reports.text import unlinked
from reports.times import minute


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
            if second := await came_second(request):
                get_run_logger().warning(unlinked(second, 1_000))
            return request.answer
        if request.state is not RequestState.OPEN or request.deadline <= await self.lease.store.now():
            await self.lease.store.requests.close(request.run_id, key, RequestState.EXPIRED, message=expired(request))
            raise Unanswered(unanswered(request))
        if request.refusal:
            refusal = unlinked(request.refusal, 1_000)
            get_run_logger().warning("The last answer did not count, and the question stays open. %s", refusal)
        await self._wait(request)
        raise AssertionError("a suspended run does not come back here")

    async def _open(self, key: str, title: str, question: Question) -> Request:
        now = await self.lease.store.now()
        request = Request(
            run_id=self.lease.run_id,
            mission_id=self.mission_id,
            key=key,
            title=title,
            question=question,
            asked_at=now,
            deadline=now + timedelta(seconds=self.answer_seconds),
        )
        return await self.lease.store.requests.open(request, message=asked(request))

    async def _wait(self, request: Request) -> None:
        """Suspend the run with its form. Parked first: a kill in between leaves a run that the reconciler starts again."""
        await self.picture.finish()
        form = form_for(request, self.zone)
        await forget_wait(request.run_id, request.key)
        await self.lease.park()
        title, until = unlinked(request.title, 200), minute(request.deadline, self.zone)
        get_run_logger().info("A person is asked: %s Answer here (menu, Resume) by %s, %s.", title, until, self.zone)
        left = request.deadline - await self.lease.store.now()
        await asuspend_flow_run(wait_for_input=form, timeout=max(1, ceil(left.total_seconds())), key=request.key)
