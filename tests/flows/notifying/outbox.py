"""A deliverer on a store of the tests' own, with channels that are given instead of read from Prefect."""

from collections.abc import Sequence
from datetime import timedelta

from pydantic import SecretStr
from sqlalchemy import text

from blocks.store.store import Store
from blueprint.notification import Channel
from blueprint.records import Message
from flows.notifying.composing import Composer
from flows.notifying.delivering import Deliverer
from tests.blocks.examples import NOW

LINK_KEY = b"key of links"
BASE = "https://missions.example"
LATER = timedelta(minutes=11)
"""Longer than any pause after a failure."""


def webhook(url: str, name: str = "ops", **fields: object) -> Channel:
    """A webhook channel at the sink."""
    return Channel.model_validate({"name": name, "kind": "webhook", "url": SecretStr(f"{url}/{name}"), **fields})


def message(name: str, event: str = "report", **fields: object) -> Message:
    """A message of no Mission."""
    known = {"id": name, "mission_id": "hosts", "event": event, "title": f"About {name}", "body": "All well.", "at": NOW}
    return Message.model_validate(known | fields)


def deliverer(store: Store, channels: Sequence[Channel], claim_seconds: float = 60) -> Deliverer:
    """One that has read nothing yet."""

    async def load() -> Sequence[Channel]:
        return channels

    composer = Composer(store=store, link_key=LINK_KEY, base_url=lambda: BASE)
    return Deliverer(store=store, composer=composer, load_channels=load, claim_seconds=claim_seconds)


async def let_pass(store: Store, time: timedelta) -> None:
    """As if so much time had passed for everything in the outbox."""
    moved = (
        "UPDATE missions.deliveries SET next_at = next_at - CAST(:time AS interval), made_at = made_at - CAST(:time AS interval)",
        "UPDATE missions.channel_states SET document = (document::jsonb || jsonb_build_object("
        "'pause_until', (document->>'pause_until')::timestamptz - CAST(:time AS interval), "
        "'answered_at', (document->>'answered_at')::timestamptz - CAST(:time AS interval)))::json",
    )
    async with store.engine.begin() as connection:
        for statement in moved:
            await connection.execute(text(statement), {"time": time})
