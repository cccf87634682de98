"""Does the work of one run: assembles the agent and drives its loop to the end."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from functools import partial
from typing import TypeGuard

from agent.briefing import Memory, UpstreamReport, brief, occasion
from agent.conversation import fold
from agent.loop import Agent, Brief, work
from agent.model.openai_model import OpenAIModel
from agent.model.patient import PatientModel
from agent.model.redacted import RedactedModel
from agent.model.tokens import BYTES_PER_TOKEN
from agent.redaction import Redaction
from agent.results.files import ResultFiles
from agent.results.kept import Kept
from agent.results.looking import Looking
from agent.skills import SERVER as SKILLS
from agent.skills import Skill, SkillTools, WithSkills, find_skills
from agent.tools.approval import Approval
from agent.tools.journaled import Journaled
from agent.tools.limits import Limited
from agent.tools.mcp import McpToolset
from agent.tools.offer import Offer
from agent.tools.only_reads import OnlyReads
from agent.tools.patience import listed_patiently
from agent.tools.persons_leave import PersonsLeave
from agent.tools.redacted import Redacted
from agent.tools.relisted import Relisted
from agent.tools.retried import Retried
from agent.tools.toolset import Tool, ToolListing
from agent.tools.wishes import known_reply
from blocks.digital_employee import DigitalEmployee
from blocks.loading import load_block
from blueprint.budget import Measure, in_words
from blueprint.connections import Employee
from blueprint.errors import LimitReached
from blueprint.occasion import EventGiven
from blueprint.plan import Task
from blueprint.records import RunRecord
from blueprint.stream import Concluded, Raised, StreamEvent
from flows.people.asking import People
from flows.runs.admitting import Admitted
from flows.runs.clock import WorkClock
from flows.runs.journal import StoreJournal
from flows.runs.lease import Lease
from flows.runs.picture import Picture
from flows.runs.risk import all_policies, trusted_texts
from flows.runs.snapshots import SnapshotApprover, Snapshots, SnapshotToolset
from flows.runs.steps import StepModel, StepToolset
from flows.settings import RunSettings

RESULT_CHARS = 30_000
"""So much of a tool's result the model reads at once, or less where its window is small."""

_SHARE_OF_WINDOW = 0.1


@dataclass(frozen=True, kw_only=True)
class Run:
    """One execution of an admitted run."""

    admitted: Admitted
    lease: Lease
    picture: Picture
    settings: RunSettings
    event: EventGiven | None = None

    @property
    def task(self) -> Task:
        """The Task as the run's plan has it."""
        task = self.admitted.plan.task(self.admitted.record.task)
        assert task is not None, "a run is admitted only with a Task of its plan"
        return task


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
    async with _assembled(run, employee, journal, clock, skills.all) as (agent, listing):
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


@asynccontextmanager
async def _assembled(
    run: Run, employee: Employee, journal: StoreJournal, clock: WorkClock, skills: Sequence[Skill]
) -> AsyncGenerator[tuple[Agent, ToolListing]]:
    """The agent; tools are approval(snapshot(journal(step(relisted(retries(limits(kept(redacted(servers)))))))))."""
    people = People(
        lease=run.lease,
        picture=run.picture,
        mission_id=run.admitted.mission.id,
        zone=run.admitted.mission.timezone,
        answer_seconds=run.settings.answer_timeout_seconds,
    )
    snapshots = Snapshots(store=run.lease.store, mission=run.admitted.mission, task=run.task, record=run.admitted.record)
    approver = SnapshotApprover(inner=people, snapshots=snapshots)
    logs = run.settings.home / "logs" / "tools"
    async with (
        McpToolset(
            employee.servers, log_directory=logs, replies=lambda call, wish: known_reply(call, wish, journal.events)
        ) as servers,
        OpenAIModel(employee.model) as model,
    ):
        redaction = Redaction.of(employee.servers, employee.model)
        redacted = Redacted(inner=WithSkills(servers=servers, skills=SkillTools(skills=skills)), redaction=redaction)
        listing = await (listed_patiently(redacted) if journal.events else redacted.tools())
        offered = Offer(listing.tools, partial(_may_use, run.task))
        results, chars = _results(run), _view_chars(employee)
        kept = Kept(inner=redacted, results=results, view_chars=chars)
        limited = Limited(kept, max_result_chars=chars, call_seconds=_longest_call(employee))
        retried = Retried(inner=limited, offered=offered, retries=run.task.strategy.retries)
        relisted = Relisted(inner=retried, offer=offered, is_outdated=lambda: servers.is_outdated)
        steps = StepToolset(inner=relisted, picture=run.picture)
        policies = all_policies(run.admitted.plan, employee)
        toolset = Approval(
            inner=SnapshotToolset(inner=Journaled(inner=steps, journal=journal, approver=approver), snapshots=snapshots),
            offered=offered,
            policies=policies,
            trusted=trusted_texts(run.admitted.mission, run.admitted.plan, run.task, employee),
            journal=journal,
            fitting_rules=partial(run.lease.store.standing_rules.fitting, run.admitted.mission.id),
            person=PersonsLeave(
                journal=journal,
                approver=approver,
                looks=OnlyReads(inner=steps, offered=offered, policies=policies),
                why=lambda: fold(journal.events).thought,
                clock=lambda: datetime.now(UTC),
                plan_version=run.admitted.record.plan_version,
                fresh_for=timedelta(seconds=run.settings.look_again_seconds),
            ),
        )
        yield (
            Agent(
                model=PatientModel(
                    inner=StepModel(
                        inner=RedactedModel(inner=model, redaction=redaction), picture=run.picture, stop=run.lease.stop
                    ),
                    patience_seconds=employee.model.patience_seconds,
                ),
                toolset=toolset,
                tools=offered,
                journal=journal,
                approver=approver,
                looking=Looking(results=results, view_chars=chars),
                worked=clock.seconds,
            ),
            listing,
        )


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


def _may_use(task: Task, tool: Tool) -> bool:
    """Whether the plan lets the Task use this tool of the employee. Skills come with the employee, not with the plan."""
    return tool.server == SKILLS or not task.tools or any(fnmatchcase(tool.full_name, pattern) for pattern in task.tools)


def _results(run: Run) -> ResultFiles:
    return ResultFiles.of_run(run.settings.home, run.admitted.mission.id, run.lease.run_id)


def _view_chars(employee: Employee) -> int:
    return min(RESULT_CHARS, int(employee.model.context_tokens * _SHARE_OF_WINDOW * BYTES_PER_TOKEN))


def _longest_call(employee: Employee) -> float:
    return max((server.call_timeout_seconds for server in employee.servers), default=120)


def _memory(previous: RunRecord | None) -> Memory | None:
    if previous is None or previous.conclusion is None or previous.ended_at is None:
        return None
    return Memory(summary=previous.conclusion.summary, findings=previous.conclusion.findings, ended_at=previous.ended_at)
