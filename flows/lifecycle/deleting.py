"""Deletes a Mission for good, step by step; whatever is killed, the next attempt goes on where this one was (R3.3).

The intent is in the store until the end, with the ids to look for; each step removes what it still finds. When nothing of the
Mission is left outside, its rows go in one transaction together with the ids; then the database's files are cleaned.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from prefect.client.orchestration import PrefectClient

from blocks.notification_channel import forget_mission
from blocks.store.store import Store
from blueprint.deletion import Deletion, DeletionState, deletion_key
from blueprint.errors import InvalidInput, Unavailable, UnknownName
from blueprint.mission import Mission
from deployments.local.forgetting import forget_deleted, is_under
from deployments.removal import Found, find_all, find_runs, remove_all
from deployments.traces import connected, forget_events, is_prefects, quiet_seconds, tables_that_name
from flows.lifecycle.ending import end_runs
from flows.lifecycle.files import files_that_name, remove_files
from flows.lifecycle.publishing import publish_certificate
from flows.lifecycle.sole_change import sole_change
from flows.naming import ALL_INBOX
from flows.records.drawing import Drawn, draw_index

RECONCILER_SECONDS = 60
"""So long the deletion of rows waits for a round of the reconciler, which could write new ones."""

OF_OTHERS = "they belong to others and speak of it"
"""What stays for good: nobody wants another Mission's records changed by this one's end."""

EVENTS_STAY = timedelta(days=7)
"""Prefect's own retention of events, unless its operator has set another."""


PASSES = 5
"""So often is looked again for what was written while the Mission was removed."""


@dataclass(frozen=True, kw_only=True)
class Deleting:
    """What a deletion works with. `databases` are addresses at which Prefect's own tables may be."""

    store: Store
    client: PrefectClient
    home: Path
    databases: Sequence[str]

    async def carry_out(self, deletion: Deletion) -> Deletion:
        """Do all that is left of it; the certificate. Unavailable while somebody else does, or something is away."""
        async with self.store.advisory_lock(f"delete:{deletion.key}") as is_ours:
            if not is_ours:
                raise Unavailable("This Mission is being deleted by another process.")
            for step in self.steps:
                deletion = await step(await self._as_kept(deletion))
            return deletion

    @property
    def steps(self) -> tuple[Callable[[Deletion], Awaitable[Deletion]], ...]:
        """In this order; each may be killed anywhere and done again."""
        return (
            self.note_traces,
            self.end_runs,
            self.remove_from_prefect,
            self.remove_files,
            self.forget_events,
            self.forget_rows,
            self.clean_database,
            self.certify,
        )

    async def note_traces(self, deletion: Deletion) -> Deletion:
        """Write down the ids of all that there is, before any of it goes."""
        if deletion.state is not DeletionState.BEGUN:
            return deletion
        mission, known = await self._known(deletion)
        found = await self._found(mission, known)
        events = await self.store.deletions.own_events(mission.id)
        traces = dict.fromkeys([*deletion.traces, *found.traces, *known, *events])
        return await self.store.deletions.keep(deletion.model_copy(update={"traces": tuple(traces)}))

    async def end_runs(self, deletion: Deletion) -> Deletion:
        """Cancel what is in progress, wait until it is over, and end all leases: the reconciler leaves it alone from then on."""
        if deletion.state is not DeletionState.BEGUN:
            return deletion
        mission, known = await self._known(deletion)
        flow_runs = await find_runs(mission.id, mission.title, known, self.client)
        await end_runs(self.client, flow_runs)
        async with self._no_reconciler():
            for run_id in {*known, *(str(run.id) for run in flow_runs)}:
                await self.store.leases.end(run_id)
        return deletion

    async def remove_from_prefect(self, deletion: Deletion) -> Deletion:
        """By Prefect's API, until nothing is found: what came meanwhile, as reports of cancelled runs, is noted and goes, too."""
        if deletion.state is not DeletionState.BEGUN:
            return deletion
        for _ in range(PASSES):
            deletion = await self.note_traces(deletion)
            found = await self._found(*await self._known(deletion))
            if not found.traces:
                break
            deletion = await self.store.deletions.keep(deletion.with_removed(await remove_all(found, self.client)))
        await forget_mission(self.client, deletion.mission_id)
        await draw_index(self.store, self.client, Drawn())
        return deletion

    async def remove_files(self, deletion: Deletion) -> Deletion:
        """Reports and what logs say, in this data directory."""
        if deletion.state is not DeletionState.BEGUN:
            return deletion
        runs = [trace.rpartition(".")[2] for trace in deletion.traces if trace.startswith("prefect.flow-run.")]
        removed = await asyncio.to_thread(remove_files, self.home, deletion.mission_id, runs)
        return await self.store.deletions.keep(deletion.with_removed(removed))

    async def forget_events(self, deletion: Deletion) -> Deletion:
        """Delete Prefect's events by SQL where its database is known, and see that nothing names the Mission any more."""
        if deletion.state is not DeletionState.BEGUN:
            return deletion
        url = await self._prefects_url()
        if url is None:
            return await self.store.deletions.keep(deletion.model_copy(update={"left": (events_stay(datetime.now(UTC)),)}))
        found, tables, quiet = dict[str, int](), 0, await quiet_seconds(self.client)
        async with connected(url) as connection:
            for _ in range(PASSES):
                events = await forget_events(connection, deletion.mission_id, deletion.traces, quiet)
                deletion = deletion.with_removed({"events": events})
                found, tables = await tables_that_name(connection, deletion.mission_id)
                if not found:
                    break
                deletion = await self.remove_from_prefect(deletion)  # what was drawn or started at the same moment
        left = tuple(
            f"{count} row{'' if count == 1 else 's'} of Prefect's table {table}: {OF_OTHERS}" for table, count in found.items()
        )
        note = {"scanned": (f"{tables} tables of Prefect's database",), "left": left}
        return await self.store.deletions.keep(deletion.model_copy(update=note))

    async def forget_rows(self, deletion: Deletion) -> Deletion:
        """All rows of the store in one transaction, while the reconciler stands still; its end is the point of no return."""
        if deletion.state is not DeletionState.BEGUN:
            return deletion
        deletion = await self.remove_files(deletion)  # what was logged since
        named, files = await asyncio.to_thread(files_that_name, self.home, deletion.mission_id)
        scanned = (*deletion.scanned, f"{files} files of the data directory", "all tables of the Mission store")
        left = (*deletion.left, *([f"{len(named)} files: {OF_OTHERS}"] if named else []))
        events = [trace for trace in deletion.traces if not trace.startswith("prefect.")]
        async with self._no_reconciler():
            return await self.store.deletions.forget(deletion.model_copy(update={"scanned": scanned, "left": left}), events)

    async def clean_database(self, deletion: Deletion) -> Deletion:
        """Files of the embedded database forget deleted rows at once; those of another are its operator's."""
        if deletion.state is not DeletionState.FORGOTTEN:
            return deletion
        url = self.store.engine.url.render_as_string(hide_password=False)
        if await is_under(url, self.home):
            tables = await forget_deleted(url)
            note = {"scanned": (*deletion.scanned, f"files of {tables} tables, written anew, and the database's log thrown away")}
        else:
            left = (
                "Deleted rows in files, logs and back-ups of your own PostgreSQL, until VACUUM and rotation have passed over them"
            )
            note = {"left": (*deletion.left, left)}
        return deletion.model_copy(update=note)

    async def certify(self, deletion: Deletion) -> Deletion:
        """The certificate as page and artifact; then the deletion is over."""
        if deletion.state is DeletionState.DONE:
            return deletion
        done = deletion.model_copy(update={"state": DeletionState.DONE, "ended_at": datetime.now(UTC)})
        await publish_certificate(self.home, self.client, done)
        return await self.store.deletions.keep(done)

    async def _as_kept(self, deletion: Deletion) -> Deletion:
        """What the last step has left unkept, with what an earlier attempt has kept."""
        kept = await self.store.deletions.get(deletion.key)
        return deletion if kept is None or kept.state is deletion.state else kept

    async def _known(self, deletion: Deletion) -> tuple[Mission, list[str]]:
        mission = await self.store.missions.get(deletion.mission_id)
        return mission, await self.store.deletions.runs_of(mission.id)

    async def _found(self, mission: Mission, known: Sequence[str]) -> Found:
        return await find_all(mission.id, mission.title, known, self.client, pages=(ALL_INBOX,))

    async def _prefects_url(self) -> str | None:
        """The address of Prefect's database, None when it is at none of those that are known."""
        deployment = await self.client.read_deployment_by_name("create/create")
        for url in self.databases:
            if await is_prefects(url, str(deployment.id)):
                return url
        return None

    def _no_reconciler(self) -> AbstractAsyncContextManager[None]:
        busy = f"The reconciler has been at work for over {RECONCILER_SECONDS} s; see logs/service.log."
        return self.store.turn("reconcile", seconds=RECONCILER_SECONDS, busy=busy)


def events_stay(now: datetime) -> str:
    """What the certificate says where Prefect's database can't be reached."""
    why = "its API can't delete them, and the address of its database is not known"
    return f"Prefect's events, until {now + EVENTS_STAY:%Y-%m-%d}: {why}"


async def begin_deletion(store: Store, mission_id: str, confirmed: str, *, by: str) -> Deletion:
    """From now on the Mission is Deleted and nothing of it starts. InvalidInput unless its id was typed out exactly."""
    if confirmed != mission_id:
        raise InvalidInput(
            f"{confirmed!r} is not the id of this Mission, {mission_id!r}. "
            "Type the id out to delete it for good, with all that it has made."
        )
    async with sole_change(store, mission_id):
        return await store.deletions.begin(mission_id, by=by, now=datetime.now(UTC))


async def known_deletion(store: Store, mission_id: str) -> Deletion | None:
    """The deletion of a Mission that is not there any more, or not long; None when it was never deleted."""
    try:
        await store.missions.get(mission_id)
    except UnknownName:
        return await store.deletions.get(deletion_key(mission_id))
    return None
