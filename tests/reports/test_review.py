"""The page on which a person decides about a plan."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from blueprint.plan import Blueprint, Task
from blueprint.policy import RiskPolicy, Rule, ToolRule, ToolTraits
from blueprint.problems import Problem
from blueprint.triggers import Cron, Manual
from blueprint.validation import Verified
from reports.review import review_page, rule_outlooks, tool_outlooks
from tests.reports import runs
from tests.reports.hostile import VALID, tokens

NOW = datetime(2027, 3, 26, 12, tzinfo=UTC)
TOOLS = {
    "host.disk_usage": runs.READS,
    "host.memory": runs.READS,
    "host.remove_old_files": runs.REMOVES,
    "web.fetch": ToolTraits(),
}
PLAN = Blueprint(
    title="Host care",
    goal="Look after this host: disks and memory.",
    breakdown=("Look at disks and memory", "Clean up what is old"),
    tasks=(
        runs.TASK.model_copy(update={"tools": ("host.*",), "trigger": Cron(cron="0 4 * * *")}),
        Task(
            name="memory",
            title="Memory",
            instructions="Look at the memory.",
            trigger=Cron(cron="*/15 * * * *"),
            tools=("host.memory",),
        ),
        Task(name="sum-up", title="Sum up", instructions="Write it up.", trigger=Manual(), after=("disk-inspection", "memory")),
    ),
    approach="Look first, change little.",
    outputs=("A report a night",),
    risk_policy=RiskPolicy(
        rules=(ToolRule(tool="host.disk_usage", rule=Rule.ASK), ToolRule(tool="host.remove*", rule=Rule.CAUTIOUS))
    ),
)


def _page(plan: Blueprint, *problems: Problem) -> str:
    checks = (Verified(name="cron", found="2 expressions"), Verified(name="tools", found="4 offered", problems=problems))
    return review_page(mission=runs.MISSION, plan=plan, version=3, now=NOW, tools=TOOLS, checks=checks)


def test_the_whole_page_reads_as_in_its_snapshot() -> None:
    assert _page(PLAN) == (Path(__file__).parent / "snapshots" / "review.md").read_text(encoding="utf-8")


def test_the_page_of_the_plan_in_force_says_so_and_offers_no_launch() -> None:
    page = review_page(mission=runs.MISSION.model_copy(update={"plan_version": 3}), plan=PLAN, version=3, now=NOW, tools=TOOLS)
    assert ("## In force" in page, "`missions say host-care" in page, "**Launch** confirms" in page) == (True, True, False)


def test_a_rule_that_lets_a_change_run_unasked_is_warned_of_before_all_else() -> None:
    page = _page(PLAN)
    assert page.index("**Warning:** the rule `host.remove*`") < page.index("A person is asked before")
    assert [(rule.tool, rule.relaxes) for rule in rule_outlooks(PLAN, TOOLS)] == [
        ("host.disk_usage", ()),
        ("host.remove*", ("host.remove_old_files",)),
    ]


def test_tools_are_judged_as_the_gate_will_judge_them() -> None:
    found = {outlook.name: (outlook.rule, outlook.tasks) for outlook in tool_outlooks(PLAN, TOOLS)}
    assert found == {
        "host.disk_usage": (Rule.ASK, ("disk-inspection", "sum-up")),
        "host.memory": (Rule.AUTO, ("disk-inspection", "memory", "sum-up")),
        "host.remove_old_files": (Rule.CAUTIOUS, ("disk-inspection", "sum-up")),
        "web.fetch": (Rule.ASK, ("sum-up",)),
    }


def test_rules_below_the_plans_count_where_the_plan_says_nothing() -> None:
    employee = ("the employee", RiskPolicy(rules=(ToolRule(tool="*", rule=Rule.ASK),)))
    found = {outlook.name: outlook.rule for outlook in tool_outlooks(PLAN, TOOLS, [employee])}
    assert found["web.fetch"] is Rule.ASK
    assert found["host.remove_old_files"] is Rule.CAUTIOUS


def test_what_the_employee_forbids_is_shown_as_forbidden_whatever_the_plan_says() -> None:
    employee = ("the employee", RiskPolicy(rules=(ToolRule(tool="*", rule=Rule.FORBID),)))
    assert {outlook.rule for outlook in tool_outlooks(PLAN, TOOLS, [employee])} == {Rule.FORBID}


def test_a_plan_with_problems_names_them_first_and_offers_no_launch() -> None:
    page = _page(PLAN, Problem(check="tools", where="tasks.disk.tools", text="uses tool 'df', which no MCP server offers."))
    assert "**This plan can't be launched yet:**\n\n- tasks.disk.tools: uses tool 'df'" in page
    assert "**Launch**" not in page


def test_dependencies_are_a_picture_and_none_are_none() -> None:
    assert "```mermaid\ngraph LR\n" in _page(PLAN)
    assert "  t_disk_inspection --> t_sum_up\n" in _page(PLAN)
    assert "mermaid" not in _page(PLAN.model_copy(update={"tasks": PLAN.tasks[:1]}))


@pytest.mark.parametrize("text", VALID.values(), ids=VALID.keys())
def test_a_plan_that_a_model_wrote_brings_nothing_into_the_page(text: str) -> None:
    words = f"x {text}"[:4_000]
    task = runs.TASK.model_copy(update={"title": words[:120], "instructions": words, "tools": (words,), "outputs": (words,)})
    policy = RiskPolicy(rules=(ToolRule(tool=words[:200], rule=Rule.AUTO),))
    written = {"title": words[:120], "goal": words, "approach": words, "breakdown": (words,), "outputs": (words,)}
    plan = PLAN.model_copy(update={**written, "tasks": (task,), "risk_policy": policy})
    found = {token.type for token in tokens(_page(plan, Problem(check="c", where=words, text=words)))}
    assert not {"html_inline", "html_block", "image", "link_open", "code_block"} & found
