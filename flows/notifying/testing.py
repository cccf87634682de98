"""Says whether a notification channel answers: by what it took lately, else by a test message (R2.3, R7.2)."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from blocks.store.store import Store
from blueprint.errors import MissionsError
from blueprint.notification import Channel, ChannelState
from flows.notifying.delivering import send_test
from reports.times import duration

FRESH = timedelta(days=1)
"""A channel that took something within this time is believed: people are not to get a test with every look at a plan."""


async def say_of(store: Store, channel: Channel) -> str:
    """How the channel answers; ChannelFailed, InvalidInput when it does not."""
    state, now = (await store.channel_states.all()).get(channel.name, ChannelState()), await store.now()
    if is_known_to_work(channel, state, now) and state.answered_at is not None:
        return f"took a message {duration((now - state.answered_at).total_seconds())} ago"
    await send_test(store, channel)
    return "took a test message"


def is_known_to_work(channel: Channel, state: ChannelState, now: datetime) -> bool:
    """Whether it took something lately, since it was last changed, and has not failed after that."""
    if state.answered_at is None or state.failing_since is not None:
        return False
    return now - state.answered_at < FRESH and (channel.changed_at is None or channel.changed_at < state.answered_at)


async def silent_channels(store: Store, channels: Sequence[Channel]) -> dict[str, str]:
    """Channels that do not answer, with the reason."""

    async def reason(channel: Channel) -> str:
        try:
            await say_of(store, channel)
        except MissionsError as error:
            return str(error)
        return ""

    reasons = await asyncio.gather(*[reason(channel) for channel in channels])
    return {channel.name: why for channel, why in zip(channels, reasons, strict=True) if why}
