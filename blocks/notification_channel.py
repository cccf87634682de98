"""A notification channel as a Prefect block: where people are reached, and what is worth telling them there (R7.1, R7.2)."""

from datetime import datetime
from http import HTTPStatus

from prefect.blocks.core import Block
from prefect.client.orchestration import PrefectClient
from prefect.exceptions import PrefectHTTPStatusError
from pydantic import Field, SecretStr

from blueprint.notification import Channel, ChannelKind, ChannelRule, MissionRule
from blueprint.records import MessageEvent
from blueprint.stream import Severity


class NotificationChannel(Block):
    """A way to reach people."""

    _block_type_name = "Missions: notification channel"
    _block_type_slug = "missions-notification-channel"

    kind: ChannelKind = Field(
        default="contact", title="Kind", description="contact: e-mail or phone; bot: a chat; webhook: JSON to a URL of your own."
    )
    url: SecretStr = Field(
        title="Address",
        description="contact and bot: an Apprise URL, e.g. 'mailto://user:password@example.com', 'slack://A/B/C'; "
        "webhook: an http(s) URL.",
    )
    signing_key: SecretStr = Field(
        default=SecretStr(""), title="Signing key", description="webhook: key of the HMAC-SHA256 signature; empty for none."
    )
    events: list[MessageEvent] = Field(
        default_factory=list[MessageEvent], title="Events", description="Which it takes; empty: all."
    )
    least_severity: Severity = Field(
        default=Severity.OK, title="Least severity", description="Nothing that matters less: ok, info, warning, critical."
    )
    missions: list[MissionRule] = Field(
        default_factory=list[MissionRule], title="Missions", description="What it takes of single Missions instead."
    )
    is_default: bool = Field(
        default=True, title="Default", description="Takes the messages of Missions whose plan names no channel."
    )
    is_escalation: bool = Field(
        default=False, title="Escalation", description="Takes the last reminder of each request, whatever else is set."
    )
    answer_links: bool = Field(
        default=True, title="Answer links", description="Requests come with a link that answers them: whoever has it may answer."
    )

    def named(self, name: str, changed_at: datetime | None = None) -> Channel:
        """The plain value, under the name `name`."""
        return Channel(
            name=name,
            kind=self.kind,
            url=self.url,
            signing_key=self.signing_key,
            rule=ChannelRule(events=tuple(self.events), least_severity=self.least_severity),
            missions=tuple(self.missions),
            is_default=self.is_default,
            is_escalation=self.is_escalation,
            has_answer_links=self.answer_links,
            changed_at=changed_at,
        )


async def notification_channels(client: PrefectClient) -> list[Channel]:
    """All channels, by one request: they are asked for often, and loading each block would write an event of its own."""
    try:
        documents = await client.read_block_documents_by_type(NotificationChannel.get_block_type_slug(), include_secrets=True)
    except PrefectHTTPStatusError as error:
        if error.response.status_code == HTTPStatus.NOT_FOUND:  # the type was never registered here
            return []
        raise
    return [
        NotificationChannel.model_validate(document.data).named(document.name, document.updated)
        for document in documents
        if document.name
    ]


async def forget_mission(client: PrefectClient, mission_id: str) -> None:
    """Drop the rules that channels have for a Mission that is deleted; may be repeated."""
    for channel in await notification_channels(client):
        if any(rule.mission == mission_id for rule in channel.missions):
            block = await NotificationChannel.aload(channel.name)
            block.missions = [rule for rule in block.missions if rule.mission != mission_id]
            await block.asave(channel.name, overwrite=True)
