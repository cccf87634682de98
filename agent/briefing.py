"""Writes what the agent is told at the start of a run."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from jinja2 import PackageLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from agent.loop import Brief
from blueprint.connections import Employee
from blueprint.mission import Mission
from blueprint.plan import Task
from blueprint.stream import Finding
from blueprint.values import zone

_PROMPTS = ImmutableSandboxedEnvironment(
    loader=PackageLoader("agent", "prompts"), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
)


@dataclass(frozen=True, kw_only=True)
class Memory:
    """What the last run of the same Task left behind (R8.3)."""

    summary: str
    findings: tuple[Finding, ...]
    ended_at: datetime


def brief(
    *,
    employee: Employee,
    mission: Mission,
    task: Task,
    now: datetime,
    memory: Memory | None = None,
    missing: Mapping[str, str] | None = None,
) -> Brief:
    """The first two messages of a run, and its limits. `missing` says why a tool server can't be used (R4.10)."""
    local = now.astimezone(zone(mission.timezone))
    system = _PROMPTS.get_template("system.md.j2").render(role=employee.role, rules=employee.rules)
    text = _PROMPTS.get_template("task.md.j2").render(
        mission={"title": mission.title, "goal": mission.goal},
        task={"title": task.title, "instructions": task.instructions, "outputs": list(task.outputs)},
        now=local.isoformat(timespec="minutes"),
        timezone=mission.timezone or "UTC",
        memory=_remembered(memory, mission.timezone) if memory else None,
        missing=dict(missing or {}),
    )
    return Brief(
        system=system,
        task=text,
        untrusted="\n".join([*_words(memory), *(missing or {}).values()]),
        step_limit=task.strategy.step_limit,
        token_budget=task.strategy.token_budget,
    )


def _words(memory: Memory | None) -> list[str]:
    return [memory.summary, *(finding.title for finding in memory.findings)] if memory else []


def _remembered(memory: Memory, where: str) -> dict[str, Any]:
    return asdict(memory) | {"ended_at": memory.ended_at.astimezone(zone(where)).isoformat(timespec="minutes")}
