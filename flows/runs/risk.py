"""The levels of the risk policy, in order of precedence (R5.2)."""

from blueprint.connections import Employee
from blueprint.plan import Blueprint
from blueprint.policy import RiskPolicy


def policies(employee: Employee) -> list[tuple[str, RiskPolicy]]:
    """What holds below a plan's own rules: the Digital Employee's, then each tool server's."""
    servers = [(f"server {server.name!r}", server.policy) for server in employee.servers]
    return [(f"employee {employee.name!r}", employee.policy), *servers]


def all_policies(plan: Blueprint, employee: Employee) -> list[tuple[str, RiskPolicy]]:
    """Every level for the Tasks of a plan, the Blueprint's first."""
    return [("the Blueprint", plan.risk_policy), *policies(employee)]
