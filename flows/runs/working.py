"""Does the work of one run: drives the loop of its agent to the end."""

import asyncio
from datetime import UTC, datetime
from typing import TypeGuard

from agent.briefing import Memory, UpstreamReport, brief, occasion
from agent.loop import Agent, Brief, work
from agent.skills import find_skills
from blocks.digital_employee import DigitalEmployee
from blocks.loading import load_block
from blueprint.budget import Measure, in_words
from blueprint.errors import LimitReached
from blueprint.records import RunRecord
from blueprint.stream import Concluded, Raised, StreamEvent
from flows.runs.assembling import assembled
from flows.runs.clock import WorkClock
from flows.runs.journal import StoreJournal
from flows.runs.run import Run


async def do_work(run: Run) -> None:
    """Work until the agent has concluded. MissionsError says why it can't; a wait for a person ends the process.

    StopAsked, between two steps, when the worker stops.
    """
    mission = run.admitted.mission
    employee = await (await load_block(DigitalEmployee, mission.employee)).employee()
    journal = await StoreJournal.read(run.lease.store, run_id=run.lease.run_id, owner=run.lease.owner, picture=run.picture)
    skills = await find_skills(employee.skills, [server.name for server in employee.servers])
    clock = WorkClock(
        before=await run.lease.store.leases.working_seconds(run.lease.run_id), began=asyncio.get_running_loop().time()
    )
    async with assembled(run, employee, journal, clock, skills.all) as (agent, listing):
        first = brief(
            employee=employee,
            mission=mission,
            task=run.task,
            now=datetime.now(UTC),
            memory=_memory(await run.lease.store.runs.previous(run.admitted.record)),
            missing={**listing.failures, **skills.problems},
            given=occasion(run.event, await _upstream(run)),
            skills=skills.all,
            tools=agent.tools,
        )
        await _drive(run, agent, first, clock)


async def _drive(run: Run, agent: Agent, first: Brief, clock: WorkClock) -> None:
    """Run the loop within what is left of the Task's running time, waits for people not counted (R4.6)."""
    limit = next((event.limit for event in reversed(agent.journal.events) if _raises_time(event)), first.time_limit_seconds)
    deadline = asyncio.timeout_at(clock.moment_of(limit))
    try:
        async with deadline:
            async for event in work(agent, first):
                if _raises_time(event):
                    limit = event.limit
                    deadline.reschedule(clock.moment_of(limit))
                if not isinstance(event, Concluded):
                    await run.lease.stop.heed(run.picture)
    except TimeoutError as error:
        if not deadline.expired():
            raise
        raise LimitReached(
            f"The run used up its {in_words(Measure.TIME, limit)}; raise time_limit_minutes if it needs more."
        ) from error


def _raises_time(event: StreamEvent) -> TypeGuard[Raised]:
    return isinstance(event, Raised) and event.measure is Measure.TIME


async def _upstream(run: Run) -> list[UpstreamReport]:
    """What the Tasks before reported in the round that started the run (R2.6)."""
    record, store = run.admitted.record, run.lease.store
    upstream = await store.rounds.get(record.mission_id, record.task, record.round) if record.round else None
    records = [await store.runs.get(end.run_id) for end in upstream.ends] if upstream else []
    return [
        UpstreamReport(task=one.task, run_id=one.id, ended_at=one.ended_at, conclusion=one.conclusion)
        for one in records
        if one.ended_at is not None and one.conclusion is not None
    ]


def _memory(previous: RunRecord | None) -> Memory | None:
    if previous is None or previous.conclusion is None or previous.ended_at is None:
        return None
    return Memory(summary=previous.conclusion.summary, findings=previous.conclusion.findings, ended_at=previous.ended_at)
