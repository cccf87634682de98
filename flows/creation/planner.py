"""What the flows that plan or change a Mission with a person share: the people, and the model that writes for them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from agent.model.metered import Metered
from agent.model.model import Model
from agent.model.openai_model import OpenAIModel
from agent.model.redacted import RedactedModel
from agent.redaction import Redaction
from blueprint.connections import Employee
from blueprint.mission import Mission
from flows.naming import steps_key
from flows.people.asking import People
from flows.runs.lease import Lease
from flows.runs.picture import Picture
from flows.runs.steps import StepModel
from flows.settings import RunSettings


@dataclass(frozen=True, kw_only=True)
class Planner:
    """Who is asked, and the model: its requests are steps of the run, and count as the Mission's planning (R4.5)."""

    people: People
    model: Model


@asynccontextmanager
async def open_planner(lease: Lease, settings: RunSettings, mission: Mission, employee: Employee) -> AsyncGenerator[Planner]:
    """The planner of the flow run that holds this lease."""
    picture = Picture(flow_run_id=lease.run_id, artifact_key=steps_key(mission.id, lease.run_id))
    people = People(
        lease=lease,
        picture=picture,
        mission_id=mission.id,
        zone=mission.timezone,
        answer_seconds=settings.answer_timeout_seconds,
    )
    redaction = Redaction.of(employee.servers, employee.model)
    async with OpenAIModel(employee.model) as endpoint:
        metered = Metered(inner=endpoint, spent=partial(lease.store.planning_usage.add, mission.id))
        model = StepModel(inner=RedactedModel(inner=metered, redaction=redaction), picture=picture, stop=lease.stop)
        yield Planner(people=people, model=model)
