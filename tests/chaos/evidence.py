"""What can be seen of a trial from outside when everything has come to rest."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from prefect.client.orchestration import PrefectClient

from blocks.store.leases import LeaseState
from blocks.store.store import Store
from blueprint.chain import find_break
from blueprint.records import JournalEntry, RunRecord
from blueprint.requests import Request
from tests.chaos.script import Script
from tests.chaos.word import Given
from tests.fakes.counter import Counter as Counted


@dataclass(frozen=True, kw_only=True)
class RunSeen:
    """One run: its script, record, journal and requests, its state in Prefect, and its report as the file has it."""

    run_id: str
    script: Script
    record: RunRecord | None
    entries: Sequence[JournalEntry]
    requests: Sequence[Request]
    shown: str
    is_over: bool
    report: str
    audited: int = 0
    """Entries in the audit record of its Mission, which no other run has."""
    audit_break: str = ""
    """Where that record does not hold; empty when it does."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A whole trial. By text: `effects`, the lines in the counter's file, and `calls`, the `count` calls that reached it."""

    runs: Sequence[RunSeen]
    effects: Mapping[str, int]
    calls: Mapping[str, int]
    given: Sequence[Given]
    left: Sequence[str] = ()
    """Processes that stayed."""


async def look_at_run(store: Store, client: PrefectClient, home: Path, run_id: str, script: Script) -> RunSeen:
    """All that is known of a run."""
    record = await store.runs.find_started(run_id)
    lease = await store.leases.get(run_id)
    state = (await client.read_flow_run(UUID(run_id))).state
    links, head = await store.audit.read(record.mission_id) if record else ([], None)
    found = find_break(links, head) if record else None
    path = home / record.report_path if record and record.report_path else None
    return RunSeen(
        run_id=run_id,
        script=script,
        record=record,
        entries=await store.journal.read(run_id),
        requests=await store.requests.of_run(run_id),
        shown=(state.name or "") if state else "",
        is_over=bool(state and state.is_final()) and lease is not None and lease.state is LeaseState.ENDED,
        report=path.read_text() if path and path.exists() else "",
        audited=len(links),
        audit_break=found.reason if found else "",
    )


def effects_by_text(counter: Counted) -> Mapping[str, int]:
    """How often each text is in the counter's file."""
    return Counter(counter.counts())


def calls_by_text(counter: Counted) -> Mapping[str, int]:
    """How often each text was to be counted, repeatable calls left out."""
    return Counter(call["text"] for call in counter.calls("count", "start"))
