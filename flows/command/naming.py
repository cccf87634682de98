"""Finds the run and the Task that a person means, by id, name, or the beginning of one."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import get_args

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.sorting import FlowRunSort

from blueprint.errors import InvalidInput, UnknownName
from blueprint.plan import Blueprint
from blueprint.records import MessageEvent
from blueprint.values import short_id
from flows.command.output import Session

RECENT_RUNS = 200


async def run_id_of(here: Session, text: str) -> str:
    """A run of a Task or a creation, also one that has only just begun: by id, short id, or a prefix that only one has."""
    try:
        return (await here.store.runs.find(text)).id
    except UnknownName as unknown:
        if unknown.ambiguous:
            raise
        found = [run_id for run_id in await _recent_runs(here.client) if is_meant(run_id, text)]
        if len(found) == 1:
            return found[0]
        if found:
            raise UnknownName("run", text, found, ambiguous=True) from unknown
        raise


def is_meant(run_id: str, text: str) -> bool:
    """Whether `text` is the run's id, the beginning of it, or its short id."""
    return bool(text) and (run_id.startswith(text) or short_id(run_id) == text)


def task_named(plan: Blueprint, text: str) -> str:
    """The Task's name by itself or by a prefix that only one has; UnknownName otherwise."""
    names = [task.name for task in plan.tasks]
    found = [name for name in names if name == text] or [name for name in names if text and name.startswith(text)]
    if len(found) == 1:
        return found[0]
    raise UnknownName("Task", text, found or names, ambiguous=bool(found))


def events_named(texts: Sequence[str] | None) -> tuple[MessageEvent, ...]:
    """Kinds of messages; InvalidInput, with all there are, for what is none."""
    known: tuple[MessageEvent, ...] = get_args(MessageEvent)
    for text in texts or ():
        if text not in known:
            raise InvalidInput(f"{text!r} is no kind of message; there are: {', '.join(known)}.")
    return tuple(event for event in known if event in (texts or ()))


async def _recent_runs(client: PrefectClient) -> list[str]:
    """Ids of the newest runs that were due by now: those of Tasks that have not passed the gate, and of system flows."""
    wanted = {"tags": {"all_": ["missions"]}, "expected_start_time": {"before_": datetime.now(UTC)}}
    found = await client.read_flow_runs(
        flow_run_filter=FlowRunFilter.model_validate(wanted), sort=FlowRunSort.EXPECTED_START_TIME_DESC, limit=RECENT_RUNS
    )
    return [str(flow_run.id) for flow_run in found]
