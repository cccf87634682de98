"""Writes what the planning model is told: fixed rules, and everything about the work as one JSON document (R9.2)."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from jinja2 import PackageLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from agent.model.model import Message
from agent.tools.toolset import Tool
from blueprint.records import ConversationTurn
from blueprint.values import zone

Material = Mapping[str, Any]
"""Plain JSON. Inside it no text of a person or a tool can pass for a rule, since quotes and line ends are escaped."""

_DESCRIPTION_LENGTH = 600
_PROMPTS = ImmutableSandboxedEnvironment(
    loader=PackageLoader("agent.planner", "prompts"),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    autoescape=False,
)


def material(
    *, goal: str, turns: Sequence[ConversationTurn], tools: Sequence[Tool], now: datetime, mission_zone: str
) -> Material:
    """What alignment and planning both start from; `now` is shown in the Mission's zone."""
    return {
        "goal": goal,
        "conversation": [{"role": turn.role, "text": turn.text} for turn in turns],
        "tools": [_shown(tool) for tool in tools],
        "now": now.astimezone(zone(mission_zone)).isoformat(timespec="minutes"),
        "mission_timezone": mission_zone or "UTC",
    }


def messages(rules: str, told: Material) -> list[Message]:
    """The conversation with the model: the rules in the file `rules`, then the material."""
    text = json.dumps(told, ensure_ascii=False, indent=1)
    return [
        {"role": "system", "content": _PROMPTS.get_template(rules).render()},
        {"role": "user", "content": _PROMPTS.get_template("material.md.j2").render(material=text)},
    ]


def _shown(tool: Tool) -> Material:
    return {"name": tool.full_name, "description": tool.description[:_DESCRIPTION_LENGTH], "read_only": tool.traits.is_read_only}
