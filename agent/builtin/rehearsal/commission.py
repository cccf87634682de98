"""Reads the planning material in a request: the goal and what was said since, tools, problems, an earlier plan."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from agent.builtin.rehearsal.goal import Intent, read_goal
from agent.builtin.rehearsal.offers import Offer
from agent.builtin.rehearsal.shapes import items, mapping, text_of
from blueprint.values import known_timezone, zone

_JSON = re.compile(r"```json\n(.*)\n```", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Commission:
    """What is to be planned. `previous` is empty for a new plan."""

    goal: str
    answers: tuple[str, ...] = ()
    offers: tuple[Offer, ...] = ()
    zone: str = "UTC"
    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    problems: tuple[str, ...] = ()
    previous: Mapping[str, Any] = field(default_factory=dict[str, Any])
    wish: str = ""
    message: str = ""
    channels: tuple[str, ...] = ()

    @property
    def tasks(self) -> list[dict[str, Any]]:
        """The Tasks of the earlier plan."""
        return [mapping(task) for task in items(self.previous.get("tasks"))]

    @property
    def intent(self) -> Intent:
        """The goal with its answers, read."""
        return read_goal(self.goal, self.answers)

    def clock(self, named: str = "") -> datetime:
        """The present moment in the zone that the person named, if there is one, else in the Mission's."""
        try:
            return self.now.astimezone(zone(known_timezone(named) or self.zone))
        except ValueError:
            return self.now.astimezone(zone(self.zone))


def read_commission(messages: Sequence[dict[str, Any]]) -> Commission | None:
    """The material in the last message that has any; None when there is none."""
    for message in reversed(messages):
        if message.get("role") == "user" and (found := _JSON.search(text_of(message))):
            return _commission(_loaded(found[1]))
    return None


def _loaded(text: str) -> Mapping[str, Any]:
    try:
        return mapping(json.loads(text))
    except ValueError:
        return {}


def _commission(told: Mapping[str, Any]) -> Commission:
    goal = str(told.get("goal") or "")
    return Commission(
        goal=goal,
        answers=_answers(goal, [mapping(turn) for turn in items(told.get("conversation"))]),
        offers=tuple(_offer(mapping(tool)) for tool in items(told.get("tools"))),
        zone=str(told.get("mission_timezone") or "UTC"),
        now=_moment(str(told.get("now") or "")),
        problems=tuple(str(problem) for problem in items(told.get("problems"))),
        previous=mapping(told.get("previous")),
        wish=str(told.get("wish") or ""),
        message=str(told.get("message") or ""),
        channels=tuple(str(name) for name in items(told.get("channels"))),
    )


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return datetime.now(UTC)


def _answers(goal: str, turns: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """What the person said after the goal, without lines that only repeat the planner's questions."""
    asked = {line.strip() for turn in turns if turn.get("role") == "planner" for line in str(turn.get("text")).splitlines()}
    said = [str(turn.get("text") or "") for turn in turns if turn.get("role") == "person"]
    kept = [
        "\n".join(line for line in text.splitlines() if line.strip() not in asked)
        for text in said
        if text.strip() != goal.strip()
    ]
    return tuple(text for text in kept if text.strip())


def _offer(tool: Mapping[str, Any]) -> Offer:
    return Offer(
        name=str(tool.get("name") or ""),
        description=str(tool.get("description") or ""),
        is_read_only=True if tool.get("read_only") is True else None,
    )
