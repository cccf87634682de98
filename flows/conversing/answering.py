"""Answers what a message asks about its Mission, from the records and not from a model's memory (R3.5)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import assert_never

from blocks.store.store import Store
from blueprint.mission import Mission
from blueprint.remarks import Topic
from flows.creation.choosing import chosen_plan
from reports.answers import findings_text, plan_text, state_text


async def answers(store: Store, mission: Mission, topics: Sequence[Topic]) -> list[str]:
    """A text for each topic."""
    return [await _answer(store, mission, topic) for topic in topics]


async def _answer(store: Store, mission: Mission, topic: Topic) -> str:
    version, plan = await chosen_plan(store, mission, None)
    match topic:
        case "state":
            requests = await store.requests.all_open(mission.id)
            return state_text(mission, plan, await store.runs.list(mission.id), requests, datetime.now(UTC))
        case "findings":
            return findings_text(mission, await store.runs.list(mission.id), plan.timezone or mission.timezone)
        case "plan":
            return plan_text(mission, plan, version)
        case _:
            assert_never(topic)
