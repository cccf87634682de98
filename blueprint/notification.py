"""Notification channels and their rules: which message goes to which channel, and what leaves for it (R7.1, R7.2)."""

from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import Literal

from pydantic import Field, SecretStr

from blueprint.records import Message, MessageEvent
from blueprint.stream import Severity
from blueprint.values import Moment, Name, Value

ChannelKind = Literal["contact", "bot", "webhook"]
"""contact: a person's mail or phone; bot: a chat; webhook: JSON to a URL of one's own."""

_RANK = {Severity.OK: 0, Severity.INFO: 1, Severity.WARNING: 2, Severity.CRITICAL: 3}


class Dialect(StrEnum):
    """How a channel wants its text written."""

    TEXT = "text"
    HTML = "html"
    MARKDOWN = "markdown"
    LARK = "lark"
    SLACK = "slack"
    WECOM = "wecom"
    JSON = "json"


class ChannelRule(Value):
    """Which messages a channel takes."""

    events: tuple[MessageEvent, ...] = Field(default=(), description="Which events; empty: all.")
    least_severity: Severity = Field(default=Severity.OK, description="Nothing that matters less: ok, info, warning, critical.")

    def takes(self, message: Message) -> bool:
        """Whether the message is wanted."""
        return (not self.events or message.event in self.events) and _RANK[message.severity] >= _RANK[self.least_severity]


class MissionRule(ChannelRule):
    """What a channel takes of one Mission, in place of its general rule."""

    mission: Name = Field(description="The Mission's id.")
    is_off: bool = Field(default=False, description="Take nothing of it.")


class Channel(Value):
    """A way to reach people, and what it takes."""

    name: Name
    kind: ChannelKind
    url: SecretStr
    signing_key: SecretStr = SecretStr("")
    rule: ChannelRule = ChannelRule()
    missions: tuple[MissionRule, ...] = ()
    is_default: bool = Field(default=True, description="Takes the messages of Missions whose plan names no channel.")
    is_escalation: bool = Field(default=False, description="Takes last reminders, whatever the plans and rules say (R5.4).")
    has_answer_links: bool = Field(default=True, description="Requests come with a link that answers them.")
    changed_at: Moment | None = None


class ChannelState(Value):
    """How a channel has done lately."""

    answered_at: Moment | None = Field(default=None, description="When it last took something.")
    failing_since: Moment | None = Field(default=None, description="None while it works.")
    failures: int = 0
    reason: str = Field(default="", description="Why the last attempt failed.")
    pause_until: Moment | None = Field(default=None, description="It is not tried before.")
    waiting: int = Field(default=0, description="Messages that it has not taken yet.")


class Outgoing(Value):
    """One notification as a channel takes it: the same id however often it is sent."""

    id: str
    title: str
    body: str = Field(description="In the channel's dialect; JSON for a webhook.")
    severity: Severity = Severity.INFO


def recipients(message: Message, named: Collection[str], channels: Sequence[Channel]) -> tuple[str, ...]:
    """The channels that get `message`; `named`: those that the Mission's plan names.

    A plan that names none, and what belongs to no Mission, goes to the default ones. A channel never hears of itself.
    """
    return tuple(channel.name for channel in channels if channel.name != message.channel and _gets(channel, message, named))


def _gets(channel: Channel, message: Message, named: Collection[str]) -> bool:
    if message.is_escalation and channel.is_escalation:
        return True
    own = next((rule for rule in channel.missions if message.mission_id and rule.mission == message.mission_id), None)
    is_meant = channel.name in named if named else channel.is_default
    if own is not None:
        return not own.is_off and own.takes(message)
    return is_meant and channel.rule.takes(message)
