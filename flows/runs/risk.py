"""The levels of the risk policy, in order of precedence, and the texts that people have vouched for (R5.2)."""

from blueprint.connections import Employee
from blueprint.mission import Mission
from blueprint.plan import Blueprint, Task
from blueprint.policy import RiskPolicy


def policies(employee: Employee) -> list[tuple[str, RiskPolicy]]:
    """What holds below a plan's own rules: the Digital Employee's, then each tool server's."""
    servers = [(f"server {server.name!r}", server.policy) for server in employee.servers]
    return [(f"employee {employee.name!r}", employee.policy), *servers]


def all_policies(plan: Blueprint, employee: Employee) -> list[tuple[str, RiskPolicy]]:
    """Every level for the Tasks of a plan, the Blueprint's first."""
    return [("the Blueprint", plan.risk_policy), *policies(employee)]


def trusted_texts(mission: Mission, plan: Blueprint, task: Task, employee: Employee) -> list[str]:
    """What people wrote or confirmed for this Task: a value that stands here does not come from a tool."""
    of_plan = [plan.title, plan.goal, plan.approach, *plan.breakdown, *plan.outputs]
    of_task = [task.title, task.instructions, *task.outputs]
    return [mission.title, mission.goal, *of_plan, *of_task, employee.role, employee.rules]
