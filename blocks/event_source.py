"""A source of events as a Prefect block: who may send alerts and other events, and in which form (S5)."""

from http import HTTPStatus

from prefect.blocks.core import Block
from prefect.client.orchestration import PrefectClient
from prefect.exceptions import PrefectHTTPStatusError
from pydantic import Field, SecretStr

from blueprint.connections import EventSourceConnection, SourceAuthentication, SourceKind
from blueprint.events import EventMapping


class EventSource(Block):
    """Something outside that may send events to the gateway, at `/events/` and the block's name."""

    _block_type_name = "Missions: event source"
    _block_type_slug = "missions-event-source"

    kind: SourceKind = Field(
        default="alertmanager", title="Kind", description="Which form its events have; json: any, read by the mapping."
    )
    authentication: SourceAuthentication = Field(
        default="bearer",
        title="Authentication",
        description="bearer: it sends the secret as 'Authorization: Bearer …'; hmac: it signs the body with it (SHA-256).",
    )
    secret: SecretStr = Field(
        min_length=16, title="Secret", description="The token, or the key of the signature; at least 16 characters."
    )
    signature_header: str = Field(
        default="X-Hub-Signature-256",
        title="Signature header",
        description="For hmac: the header with the signature in hex, with or without 'sha256=' before it.",
    )
    mapping: EventMapping = Field(
        default=EventMapping(), title="Mapping", description="For json: where the parts of an event are, as JSON pointers."
    )

    def named(self, name: str) -> EventSourceConnection:
        """The plain value that the gateway uses, under the name `name`."""
        return EventSourceConnection(
            name=name,
            kind=self.kind,
            authentication=self.authentication,
            secret=self.secret,
            signature_header=self.signature_header,
            mapping=self.mapping,
        )


async def event_sources(client: PrefectClient) -> list[EventSourceConnection]:
    """All sources, by one request: the gateway asks often, and loading each block would write an event of its own."""
    try:
        documents = await client.read_block_documents_by_type(EventSource.get_block_type_slug(), include_secrets=True)
    except PrefectHTTPStatusError as error:
        if error.response.status_code == HTTPStatus.NOT_FOUND:  # the type was never registered here
            return []
        raise
    return [EventSource.model_validate(document.data).named(document.name) for document in documents if document.name]
