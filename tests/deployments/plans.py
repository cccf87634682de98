"""Small Missions and plans for the tests of this folder."""

from datetime import UTC, datetime

from pydantic import JsonValue

from blueprint.mission import Mission
from blueprint.plan import Blueprint, Task
from blueprint.triggers import Cron, Manual, Trigger
from deployments.compiler import compile_blueprint
from deployments.spec import DeploymentPlan

SCHEMA: dict[str, JsonValue] = {
    "title": "Parameters",
    "type": "object",
    "properties": {
        "mission": {"type": "string", "title": "mission", "position": 0, "description": "The Mission's id."},
        "task": {"type": "string", "title": "task", "position": 1, "description": "The Task's name."},
    },
    "required": ["mission", "task"],
}
"""The form of a flow `run_task(mission: str, task: str)`."""


def mission(id: str, timezone: str = "UTC") -> Mission:
    born = datetime(2026, 11, 21, tzinfo=UTC)
    return Mission(id=id, title="Inspect", goal="Inspect the host", timezone=timezone, created_at=born, active_at=born)


def task(name: str, trigger: Trigger | None = None, instructions: str = "Look.") -> Task:
    return Task(name=name, title=name.title(), instructions=instructions, trigger=trigger or Manual())


def cron(expression: str = "0 2 * * *", timezone: str = "") -> Cron:
    return Cron(cron=expression, timezone=timezone)


def compiled(mission_id: str, *tasks: Task, version: int = 1) -> DeploymentPlan:
    plan = Blueprint(title="Inspect", goal="Inspect the host", tasks=tasks)
    return compile_blueprint(mission(mission_id), plan, version, parameter_schema=SCHEMA)
