"""Writes what the agent is told at the start of a run."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from jinja2 import PackageLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import JsonValue

from agent.loop import Brief, declarations
from agent.skills import Skill
from agent.tools.content import clean_json, cut
from agent.tools.toolset import Tool
from blueprint.connections import Employee
from blueprint.mission import Mission
from blueprint.occasion import EventGiven
from blueprint.occurrence import scalars
from blueprint.plan import Task
from blueprint.stream import Conclusion, Finding
from blueprint.values import zone

_PROMPTS = ImmutableSandboxedEnvironment(
    loader=PackageLoader("agent", "prompts"), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
)

GIVEN_CHARS = 20_000
"""So much of an event, of the reports before, and of the last report the model reads at its start."""

_CHARS_PER_TOKEN = 4


@dataclass(frozen=True, kw_only=True)
class Memory:
    """What the last run of the same Task left behind (R8.3)."""

    summary: str
    findings: tuple[Finding, ...]
    ended_at: datetime


@dataclass(frozen=True, kw_only=True)
class UpstreamReport:
    """What a Task that this one runs after has reported in the round (R2.6)."""

    task: str
    run_id: str
    ended_at: datetime
    conclusion: Conclusion


@dataclass(frozen=True, kw_only=True)
class Occasion:
    """What made the run start, beyond its time: `text` for the model, `words` to tell where its arguments come from."""

    text: str = ""
    words: str = ""


def occasion(event: EventGiven | None = None, reports: Sequence[UpstreamReport] = ()) -> Occasion:
    """The event and the reports of the Tasks before as fenced data, each bounded; empty when there are none (R2.5, R2.6)."""
    given = clean_json(event.model_dump(mode="json")) if event else None
    said = clean_json([_reported(report) for report in reports])
    text = _PROMPTS.get_template("occasion.md.j2").render(event=_fenced(given), reports=_fenced(said))
    return Occasion(text=text.strip(), words="\n".join([*_sent(event), *(word for one in reports for word in _said(one))]))


def _sent(event: EventGiven | None) -> list[str]:
    """What of an event its sender chose: not the names of our own fields."""
    inner: dict[str, JsonValue] = {"": [event.name, dict(event.labels), event.payload]} if event else {}
    return [str(value) for _, value in scalars(inner)]


def _said(report: UpstreamReport) -> list[str]:
    of_findings = [text for finding in report.conclusion.findings for text in (finding.title, finding.detail)]
    return [report.conclusion.summary, *of_findings, *report.conclusion.recommendations, *report.conclusion.unchecked]


def _reported(report: UpstreamReport) -> JsonValue:
    head = {"task": report.task, "run": report.run_id, "ended_at": report.ended_at.isoformat(timespec="seconds")}
    return head | report.conclusion.model_dump(mode="json", exclude_defaults=True)


def _fenced(value: JsonValue) -> dict[str, str] | None:
    """JSON, cut where it is too long, and a fence that nothing in it can end."""
    if not value:
        return None
    text = cut(json.dumps(value, ensure_ascii=False, indent=2), GIVEN_CHARS)
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    return {"text": text, "fence": "`" * max(4, longest + 1)}


def brief(
    *,
    employee: Employee,
    mission: Mission,
    task: Task,
    now: datetime,
    memory: Memory | None = None,
    missing: Mapping[str, str] | None = None,
    given: Occasion = Occasion(),
    skills: Sequence[Skill] = (),
    tools: Sequence[Tool] = (),
) -> Brief:
    """The first two messages of a run, and its limits. `missing` says why a tool server can't be used (R4.10).

    `tools` are those that are declared beside the messages: they take their share of the context, too.
    """
    local = now.astimezone(zone(mission.timezone))
    listed = [{"name": skill.name, "description": skill.description} for skill in skills]
    system = _PROMPTS.get_template("system.md.j2").render(role=employee.role, rules=employee.rules, skills=listed)
    text = _PROMPTS.get_template("task.md.j2").render(
        mission={"title": mission.title, "goal": mission.goal},
        task={"title": task.title, "instructions": task.instructions, "outputs": list(task.outputs)},
        now=local.isoformat(timespec="minutes"),
        timezone=mission.timezone or "UTC",
        memory=_fenced(_remembered(memory, mission.timezone)) if memory else None,
        missing=dict(missing or {}),
        occasion=given.text,
    )
    return Brief(
        system=system,
        task=text,
        untrusted="\n".join([*_words(memory), *(missing or {}).values()]),
        given=given.words,
        missing=dict(missing or {}),
        shares=_shares(
            {
                "role and rules": employee.role + employee.rules,
                "skills": json.dumps(listed) if listed else "",
                "last report": _remembered_text(memory, mission.timezone),
                "event and reports before": given.text,
                "tools": json.dumps([asdict(tool) for tool in declarations(tools)]) if tools else "",
            },
            whole=system + text,
        ),
        step_limit=task.strategy.step_limit,
        token_budget=task.strategy.token_budget,
        context_tokens=max(0, employee.model.context_tokens - employee.model.max_output_tokens),
        cost_budget=task.strategy.cost_budget,
        time_limit_seconds=task.strategy.time_limit_minutes * 60,
    )


def _words(memory: Memory | None) -> list[str]:
    return [memory.summary, *(finding.title for finding in memory.findings)] if memory else []


def _remembered(memory: Memory, where: str) -> JsonValue:
    """The last report as data: what was found then, to be looked at again, without its details."""
    return clean_json(
        {
            "ended_at": memory.ended_at.astimezone(zone(where)).isoformat(timespec="minutes"),
            "summary": memory.summary,
            "findings": [{"severity": finding.severity.value, "title": finding.title} for finding in memory.findings],
        }
    )


def _remembered_text(memory: Memory | None, where: str) -> str:
    return json.dumps(_remembered(memory, where)) if memory else ""


def _shares(parts: Mapping[str, str], whole: str) -> dict[str, int]:
    """About how many tokens each part takes of the model's context at the start, those that take none left out (R8.2)."""
    known = {name: len(text) // _CHARS_PER_TOKEN for name, text in parts.items()}
    inside = sum(tokens for name, tokens in known.items() if name != "tools")
    shares = known | {"task and instructions": max(0, len(whole) // _CHARS_PER_TOKEN - inside)}
    return {name: tokens for name, tokens in shares.items() if tokens}
