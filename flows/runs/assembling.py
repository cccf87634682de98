"""Assembles the agent of one run: its model, and its tools in all that is wrapped around them."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from functools import partial

from agent.approver import Approver
from agent.conversation import fold
from agent.loop import Agent
from agent.model.accounted import Accounted
from agent.model.model import Model
from agent.model.openai_model import OpenAIModel
from agent.model.patient import PatientModel
from agent.model.redacted import RedactedModel
from agent.model.tokens import BYTES_PER_TOKEN
from agent.redaction import Redaction
from agent.results.files import ResultFiles
from agent.results.kept import Kept
from agent.results.looking import Looking
from agent.skills import SERVER as SKILLS
from agent.skills import Skill, SkillTools, WithSkills
from agent.tools.approval import Approval
from agent.tools.journaled import Journaled
from agent.tools.limits import Limited
from agent.tools.mcp import McpToolset
from agent.tools.offer import Offer
from agent.tools.only_reads import OnlyReads
from agent.tools.patience import listed_patiently
from agent.tools.permit import PermittedToolset
from agent.tools.persons_leave import PersonsLeave
from agent.tools.redacted import Redacted
from agent.tools.relisted import Relisted
from agent.tools.retried import Retried
from agent.tools.toolset import Tool, ToolListing, Toolset
from agent.tools.wishes import known_reply
from blueprint.connections import Employee
from blueprint.plan import Task
from flows.people.asking import People
from flows.runs.clock import WorkClock
from flows.runs.journal import StoreJournal
from flows.runs.risk import all_policies, trusted_texts
from flows.runs.run import Run
from flows.runs.snapshots import SnapshotApprover, Snapshots, SnapshotToolset
from flows.runs.steps import StepModel, StepToolset
from flows.tool_logins import by_login

RESULT_CHARS = 30_000
"""So much of a tool's result the model reads at once, or less where its window is small."""

_SHARE_OF_WINDOW = 0.1


@asynccontextmanager
async def assembled(
    run: Run, employee: Employee, journal: StoreJournal, clock: WorkClock, skills: Sequence[Skill]
) -> AsyncGenerator[tuple[Agent, ToolListing]]:
    """The agent; tools are approval(snapshot(journal(step(relisted(retries(limits(kept(redacted(servers)))))))))."""
    async with _servers(run, employee, journal) as servers, _endpoint(employee, journal) as endpoint:
        redaction = Redaction.of(employee.servers, employee.model, issued=servers.issued)
        redacted = Redacted(inner=WithSkills(servers=servers, skills=SkillTools(skills=skills)), redaction=redaction)
        listing = await (listed_patiently(redacted) if journal.events else redacted.tools())
        offered = Offer(listing.tools, partial(_may_use, run.task))
        looking = Looking(results=_results(run), view_chars=_view_chars(employee))
        bounded = _bounded(run, employee, offered, looking, redacted)
        relisted = Relisted(inner=bounded, offer=offered, is_outdated=lambda: servers.is_outdated)
        snapshots = Snapshots(store=run.lease.store, mission=run.admitted.mission, task=run.task, record=run.admitted.record)
        approver = SnapshotApprover(inner=_people(run), snapshots=snapshots)
        steps = StepToolset(inner=relisted, picture=run.picture)
        journaled = SnapshotToolset(inner=Journaled(inner=steps, journal=journal, approver=approver), snapshots=snapshots)
        yield (
            Agent(
                model=_model(run, employee, journal, endpoint, redaction),
                toolset=_guarded(run, employee, journal, offered, journaled, steps, approver),
                tools=offered,
                journal=journal,
                approver=approver,
                looking=looking,
                worked=clock.seconds,
            ),
            listing,
        )


def _servers(run: Run, employee: Employee, journal: StoreJournal) -> McpToolset:
    return McpToolset(
        employee.servers,
        log_directory=run.settings.home / "logs" / "tools" / run.admitted.mission.id,
        replies=lambda call, wish: known_reply(call, wish, journal.events),
        authenticate=by_login(),
    )


def _endpoint(employee: Employee, journal: StoreJournal) -> OpenAIModel:
    return OpenAIModel(employee.model, has_answered=fold(journal.events).answers > 0)


def _model(run: Run, employee: Employee, journal: StoreJournal, endpoint: OpenAIModel, redaction: Redaction) -> Model:
    redacted = RedactedModel(inner=Accounted(inner=endpoint, write=journal.append), redaction=redaction)
    return PatientModel(
        inner=StepModel(inner=redacted, picture=run.picture, stop=run.lease.stop),
        patience_seconds=employee.model.patience_seconds,
    )


def _bounded(run: Run, employee: Employee, offered: Offer, looking: Looking, inner: Toolset) -> Toolset:
    """Calls within their deadlines, tried again where that does no harm; large results are kept, and seen in part."""
    kept = Kept(inner=inner, results=_results(run), view_chars=looking.view_chars)
    limited = Limited(kept, max_result_chars=looking.view_chars, call_seconds=_longest_call(employee))
    return Retried(inner=limited, offered=offered, retries=run.task.strategy.retries)


def _guarded(
    run: Run,
    employee: Employee,
    journal: StoreJournal,
    offered: Offer,
    inner: PermittedToolset,
    looks: Toolset,
    approver: Approver,
) -> Approval:
    """What decides over each call of `inner`; late approvals are looked at again by calls of `looks` that only read."""
    policies = all_policies(run.admitted.plan, employee)
    return Approval(
        inner=inner,
        offered=offered,
        policies=policies,
        trusted=trusted_texts(run.admitted.mission, run.admitted.plan, run.task, employee),
        journal=journal,
        fitting_rules=partial(run.lease.store.standing_rules.fitting, run.admitted.mission.id),
        person=PersonsLeave(
            journal=journal,
            approver=approver,
            looks=OnlyReads(inner=looks, offered=offered, policies=policies),
            why=lambda: fold(journal.events).thought,
            clock=lambda: datetime.now(UTC),
            plan_version=run.admitted.record.plan_version,
            fresh_for=timedelta(seconds=run.settings.look_again_seconds),
        ),
    )


def _people(run: Run) -> People:
    return People(
        lease=run.lease,
        picture=run.picture,
        mission_id=run.admitted.mission.id,
        zone=run.admitted.mission.timezone,
        answer_seconds=run.settings.answer_timeout_seconds,
    )


def _may_use(task: Task, tool: Tool) -> bool:
    """Whether the plan lets the Task use this tool of the employee. Skills come with the employee, not with the plan."""
    return tool.server == SKILLS or not task.tools or any(fnmatchcase(tool.full_name, pattern) for pattern in task.tools)


def _results(run: Run) -> ResultFiles:
    return ResultFiles.of_run(run.settings.home, run.admitted.mission.id, run.lease.run_id)


def _view_chars(employee: Employee) -> int:
    return min(RESULT_CHARS, int(employee.model.context_tokens * _SHARE_OF_WINDOW * BYTES_PER_TOKEN))


def _longest_call(employee: Employee) -> float:
    return max((server.call_timeout_seconds for server in employee.servers), default=120)
