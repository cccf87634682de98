"""Shows a run in Prefect: each step a named task run with one Markdown artifact, written behind the work, in order (R4.3)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.context import TaskRunContext
from prefect.exceptions import PrefectException

from blueprint.policy import Rule
from blueprint.records import JournalEntry
from blueprint.stream import Briefed, Ended, Intended, Returned, StreamEvent, Wasted
from flows.artifacts import keep_page, step_description
from reports.steps import is_leave_ahead, step_page, step_title
from reports.text import unlinked

logger = logging.getLogger(__name__)
Given = TypeVar("Given")

FINISH_SECONDS = 60.0
"""So long the end of a run, or a wait, is held up for steps that are still being drawn."""


@task(name="step", cache_policy=NO_CACHE, persist_result=False)
async def _step(act: Callable[[], Awaitable[Given]]) -> tuple[Given, UUID]:
    context = TaskRunContext.get()
    assert context is not None
    return await act(), context.task_run.id


async def _nowhere(place: str) -> str:
    """Nobody serves the files of this run."""
    return ""


class Picture:
    """Draws the steps of one run. Nothing here is ever read back: the journal is the truth."""

    def __init__(self, *, flow_run_id: str, artifact_key: str, link_to: Callable[[str], Awaitable[str]] = _nowhere) -> None:
        """`link_to` gives the address of a kept result, empty where there is none."""
        self._flow_run_id = flow_run_id
        self._link_to = link_to
        self._key = artifact_key
        self._queue: asyncio.Queue[tuple[JournalEntry, UUID | None]] = asyncio.Queue()
        self._last_step: UUID | None = None
        self._drawing: asyncio.Task[None] | None = None

    async def step(self, name: str, act: Callable[[], Awaitable[Given]]) -> Given:
        """Do `act` as a Prefect task run called `name`; the next event shown is its artifact."""
        result, self._last_step = await _step.with_options(task_run_name=_logged(name))(act)
        return result

    def show(self, entry: JournalEntry) -> None:
        """Draw one event, soon."""
        if not _is_drawn(entry.event):
            return
        self._queue.put_nowait((entry, self._last_step))
        self._last_step = None
        if self._drawing is None:
            self._drawing = asyncio.create_task(self._draw_all())

    async def finish(self, seconds: float = FINISH_SECONDS) -> None:
        """Return when all that was shown is drawn, at a wait and at the end; what takes longer than that is left out."""
        try:
            async with asyncio.timeout(seconds):
                await self._queue.join()
        except TimeoutError:
            logger.warning("Some steps of run %s are not shown; the journal has them.", self._flow_run_id)
        if self._drawing is not None:
            self._drawing.cancel()
            self._drawing = None

    async def _draw_all(self) -> None:
        while True:
            entry, task_run_id = await self._queue.get()
            try:
                await self._draw(entry, task_run_id)
            except (PrefectException, OSError):
                logger.exception("Step %s could not be shown; the journal has it.", entry.sequence)
            finally:
                self._queue.task_done()

    async def _draw(self, entry: JournalEntry, task_run_id: UUID | None) -> None:
        if task_run_id is None:
            _, task_run_id = await _step.with_options(task_run_name=_logged(step_title(entry.event)))(_nothing)
        await keep_page(
            key=self._key,
            description=step_description(entry.sequence, step_title(entry.event)),
            page=step_page(entry.event, entry.sequence, entry.at, links=await self._links(entry.event)),
            flow_run_id=self._flow_run_id,
            task_run_id=task_run_id,
        )

    async def _links(self, event: StreamEvent) -> dict[str, str]:
        """Where the whole of a result can be opened, by the places of its files."""
        places = [place for place in (event.kept, *event.files) if place] if isinstance(event, Returned) else []
        return {place: address for place in places if (address := await self._link_to(place))}


def _is_drawn(event: StreamEvent) -> bool:
    """Not what its run shows already: the end, a request in vain (a step that failed), a call that simply begins, the briefing.

    A briefing is drawn when it came with something: an event, or reports of other Tasks. A call that is to be made with
    caution is announced before it is made (R5.2).
    """
    match event:
        case Intended():
            return is_leave_ahead(event) or event.rule is Rule.CAUTIOUS
        case Briefed(given=given):
            return bool(given)
        case Ended() | Wasted():
            return False
        case _:
            return True


def _logged(name: str) -> str:
    """A step's name, which Prefect logs and whose addresses its console would make links of."""
    return unlinked(name, 120)


async def _nothing() -> None:
    """A step that is only a record: a question, an answer, a correction, the conclusion."""
