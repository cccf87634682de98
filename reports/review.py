"""Makes the page on which a person decides about a plan: what it will do, when, and what it may do unasked (R2.4, R6.6)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from blueprint.diff import diff
from blueprint.mission import Mission, MissionState
from blueprint.plan import Blueprint, Task
from blueprint.policy import RiskPolicy, Rule, ToolCall, ToolRule, ToolTraits, Verdict, assess
from blueprint.validation import Verified, problems_of
from reports.changes import change_rows
from reports.load import Experience, Prices
from reports.outlook import outlook_of
from reports.picture import dependency_picture
from reports.rendering import render
from reports.schedule import Forecast, forecast

_UNASKED = (Rule.AUTO, Rule.CAUTIOUS)
_PLAN = "the plan"
Policies = Sequence[tuple[str, RiskPolicy]]


@dataclass(frozen=True, kw_only=True)
class ToolOutlook:
    """What will happen to calls of one tool under this plan, and which Tasks may use it."""

    name: str
    changes: str
    rule: Rule
    reason: str
    tasks: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RuleOutlook:
    """A rule of the plan. `relaxes` are tools that are not read-only and that it lets run unasked."""

    tool: str
    rule: Rule
    relaxes: tuple[str, ...]
    fits: int


def review_page(
    *,
    mission: Mission,
    plan: Blueprint,
    version: int,
    now: datetime,
    checks: Sequence[Verified] = (),
    tools: Mapping[str, ToolTraits],
    policies: Policies = (),
    past: Mapping[str, Experience] | None = None,
    prices: Prices | None = None,
    earlier: tuple[int, Blueprint] | None = None,
) -> str:
    """The plan as Markdown. `tools` are by full name; `policies` those below the plan's own (employee, tool server).

    `past` is what is known of earlier runs, by Task; `earlier` a version with its plan that this one is compared with.
    """
    outlooks = tool_outlooks(plan, tools, policies)
    timezone = plan.timezone or mission.timezone or "UTC"
    forecasts = {task.name: forecast(task, plan, mission.timezone, now) for task in plan.tasks}
    return render(
        "review.md.j2",
        plan=plan.model_dump(mode="json", exclude={"tasks", "risk_policy"}),
        version=version,
        mission=mission.id,
        is_in_force=mission.plan_version == version and mission.state is not MissionState.DRAFT,
        digest=plan.digest[:12],
        timezone=timezone,
        earlier=earlier[0] if earlier else 0,
        rows=change_rows(diff(earlier[1], plan), timezone) if earlier else [],
        problems=[str(problem) for problem in problems_of(checks)],
        checks=[{"name": check.name, "is_ok": check.is_ok, "found": check.found} for check in checks],
        tasks=[_task(task, forecasts[task.name]) for task in plan.tasks],
        clock_changes=_one_of_each(change for each in forecasts.values() for change in each.clock_changes),
        outlook=outlook_of(plan, forecasts, past or {}, prices or Prices(), timezone),
        picture=dependency_picture(plan, timezone),
        order=[f"`{task.name}` waits for {_joined(task.after)}." for task in plan.tasks if task.after],
        rules=sorted((asdict(rule) for rule in rule_outlooks(plan, tools, policies)), key=lambda rule: not rule["relaxes"]),
        asking=[asdict(outlook) for outlook in outlooks if outlook.rule is Rule.ASK],
        forbidden=[outlook.name for outlook in outlooks if outlook.rule is Rule.FORBID],
        unasked=[outlook.name for outlook in outlooks if outlook.rule in _UNASKED],
    )


def _joined(names: Sequence[str]) -> str:
    return " and ".join(f"`{name}`" for name in names)


def _one_of_each(changes: Iterable[str]) -> list[str]:
    """Each change of a clock once, with the first fire that is named for it."""
    first: dict[str, str] = {}
    for change in changes:
        first.setdefault(change.partition(" before ")[0], change)
    return list(first.values())


def tool_outlooks(plan: Blueprint, tools: Mapping[str, ToolTraits], policies: Policies = ()) -> tuple[ToolOutlook, ...]:
    """What will happen to each tool that some Task may use, by name."""
    used = {name: tuple(task.name for task in plan.tasks if _may_use(task, name)) for name in sorted(tools)}
    return tuple(_outlook(plan, name, tools[name], tasks, policies) for name, tasks in used.items() if tasks)


def rule_outlooks(plan: Blueprint, tools: Mapping[str, ToolTraits], policies: Policies = ()) -> tuple[RuleOutlook, ...]:
    """What each rule of the plan amounts to with the tools that are connected."""
    outlooks = {name: _outlook(plan, name, traits, (), policies) for name, traits in tools.items()}
    return tuple(_rule_outlook(rule, tools, outlooks) for rule in plan.risk_policy.rules)


def _may_use(task: Task, name: str) -> bool:
    return not task.tools or any(fnmatchcase(name, pattern) for pattern in task.tools)


def _outlook(plan: Blueprint, name: str, traits: ToolTraits, tasks: tuple[str, ...], policies: Policies) -> ToolOutlook:
    verdict = _verdict(plan, name, traits, policies)
    return ToolOutlook(name=name, changes=_changes(traits), rule=verdict.rule, reason=verdict.reason, tasks=tasks)


def _verdict(plan: Blueprint, name: str, traits: ToolTraits, policies: Policies) -> Verdict:
    server, _, tool = name.partition(".")
    call = ToolCall(id="", server=server, tool=tool, arguments={})
    return assess([(_PLAN, plan.risk_policy), *policies], call, traits)


def _changes(traits: ToolTraits) -> str:
    if traits.is_read_only:
        return "only reads"
    if traits.destructive:
        return "changes, destructive"
    return "does not say" if traits.read_only is None and traits.destructive is None else "changes"


def _rule_outlook(rule: ToolRule, tools: Mapping[str, ToolTraits], outlooks: Mapping[str, ToolOutlook]) -> RuleOutlook:
    fitting = [name for name in sorted(tools) if fnmatchcase(name, rule.tool)]
    relaxed = [name for name in fitting if rule.rule in _UNASKED and not tools[name].is_read_only]
    unasked = tuple(name for name in relaxed if outlooks[name].rule in _UNASKED)
    return RuleOutlook(tool=rule.tool, rule=rule.rule, relaxes=unasked, fits=len(fitting))


def _task(task: Task, outlook: Forecast) -> dict[str, object]:
    return {
        "name": task.name,
        "title": task.title,
        "instructions": task.instructions,
        "trigger": outlook.trigger,
        "fires": ", ".join(outlook.fires) or "none",
        "tools": ", ".join(f"`{tool}`" for tool in task.tools) or "all",
        "outputs": task.outputs,
        "strategy": task.strategy.model_dump(mode="json") | {"cost_budget": task.strategy.cost_budget},
    }
