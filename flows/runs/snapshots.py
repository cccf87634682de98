"""Keeps process snapshots: before each approved call, at each request to a person, and when a run fails (R6.3)."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import httpx
from prefect.exceptions import PrefectException

from agent.approver import Approver
from agent.tools.permit import Permit, PermittedToolset
from agent.tools.toolset import ToolListing, ToolResult
from blocks.store.store import Store
from blueprint.mission import Mission
from blueprint.plan import Task
from blueprint.policy import Rule, ToolCall
from blueprint.records import JournalEntry, RunRecord
from blueprint.requests import Answer, Question, Request
from flows.artifacts import described, find_pages, keep_page
from flows.links.console import artifact_page
from flows.naming import snapshot_key
from reports.snapshot import process_snapshot, snapshot_title

logger = logging.getLogger(__name__)


async def keep_snapshot(
    mission: Mission,
    task: Task,
    record: RunRecord,
    entries: Sequence[JournalEntry],
    requests: Sequence[Request],
    occasion: str,
) -> None:
    """Keep the snapshot of this moment, once: after a kill the same one is found again."""
    key, title = snapshot_key(mission.id, record.id), snapshot_title(occasion, entries)
    if any(known == described(title) for known, _ in await find_pages(key=key, flow_run_id=record.id)):
        return
    page = process_snapshot(mission=mission, task=task, record=record, entries=entries, requests=requests, occasion=occasion)
    await keep_page(key=key, description=title, page=page, flow_run_id=record.id)


async def snapshot_pages(record: RunRecord) -> dict[str, str]:
    """Where the snapshots of a run are shown, by their titles, in the order in which they were made."""
    found = await find_pages(key=snapshot_key(record.mission_id, record.id), flow_run_id=record.id)
    return {title: artifact_page(artifact_id) for title, artifact_id in found}


@dataclass(frozen=True, kw_only=True)
class Snapshots:
    """Makes the snapshots of one run. One that can't be kept does not stop the run: the journal has all that is in it."""

    store: Store
    mission: Mission
    task: Task
    record: RunRecord

    async def keep(self, occasion: str) -> None:
        """Keep how the run stands now."""
        entries = await self.store.journal.read(self.record.id)
        requests = await self.store.requests.of_run(self.record.id)
        try:
            await keep_snapshot(self.mission, self.task, self.record, entries, requests, occasion)
        except (PrefectException, httpx.HTTPError, OSError):
            logger.exception("A snapshot of run %s, %s, could not be kept.", self.record.id, occasion)


@dataclass(frozen=True, kw_only=True)
class SnapshotApprover(Approver):
    """An Approver over `inner` that keeps a snapshot before a person is asked."""

    inner: Approver
    snapshots: Snapshots

    async def decide(self, *, key: str, title: str, question: Question) -> Answer:
        """The answer that `inner` brings."""
        await self.snapshots.keep(f"asked: {title}")
        return await self.inner.decide(key=key, title=title, question=question)


@dataclass(frozen=True, kw_only=True)
class SnapshotToolset(PermittedToolset):
    """Permitted tools over `inner`; a snapshot is kept before each call that somebody had to give leave for."""

    inner: PermittedToolset
    snapshots: Snapshots

    async def tools(self) -> ToolListing:
        """The tools as they are now."""
        return await self.inner.tools()

    async def call(self, call: ToolCall, permit: Permit) -> ToolResult:
        """Make the call."""
        if permit.verdict.rule is Rule.ASK:
            await self.snapshots.keep(f"before {call.name}")
        return await self.inner.call(call, permit)
