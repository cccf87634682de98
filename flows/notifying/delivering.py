"""Brings the messages of the store to the notification channels: chosen, gathered, sent, and sent again (R7.3).

Everything that is owed stands in the store, so a process that dies at any line leaves nothing undone for the next. A
notification is claimed before it is sent; only one whose answer was lost can arrive twice, under the same id.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from time import monotonic

from blocks.sending.sender import SEND_SECONDS, send
from blocks.store.store import Store
from blueprint.bundling import Bundle, bundles, pause_after
from blueprint.errors import ChannelFailed, InvalidInput, Unavailable, UnknownName, Unreadable
from blueprint.notification import Channel, ChannelState, recipients
from flows.notifying.composing import Composer
from flows.people.telling import channel_fails
from reports.notification import notification_of, outgoing, sample

logger = logging.getLogger(__name__)

CLAIM_SECONDS = SEND_SECONDS + 20
"""Another process sends what was claimed longer ago: whoever claimed it is dead."""

GIVEN_UP_AFTER = timedelta(days=3)
"""So long a channel may be away before what it missed stays in the inbox only."""

TELL_AFTER_FAILURES = 3
"""After so many failures in a row people are told through the other channels."""

_FRESH_SECONDS = 5.0
_SILENT = f"It did not answer within {SEND_SECONDS:.0f} s."

LoadChannels = Callable[[], Awaitable[Sequence[Channel]]]


@dataclass(kw_only=True)
class Deliverer:
    """Two at once do no harm: each notification is claimed by one. `load_channels` may raise; nothing is lost by it."""

    store: Store
    composer: Composer
    load_channels: LoadChannels
    claim_seconds: float = CLAIM_SECONDS
    _channels: dict[str, Channel] = field(default_factory=dict[str, Channel])
    _loaded: float = 0.0

    async def route(self) -> int:
        """Choose the channels of each new message; gives how many there were."""
        unrouted = await self.store.deliveries.unrouted()
        if unrouted:
            await self._load()  # a message is routed once: a channel that was added just now must not miss it
        named: dict[str, tuple[str, ...]] = {}
        for message in unrouted:
            if message.mission_id not in named:
                named[message.mission_id] = await self._named(message.mission_id)
            chosen = recipients(message, named[message.mission_id], list(self._channels.values()))
            await self.store.deliveries.route(message.id, chosen)
        return len(unrouted)

    async def due(self) -> list[str]:
        """Channels that have something to take now and are not left alone because they fail."""
        names = await self.store.deliveries.channels_due()
        if not names:
            return []
        states, now = await self.store.channel_states.all(), await self.store.now()
        return [name for name in names if (until := _state(states, name).pause_until) is None or until <= now]

    async def serve(self, name: str) -> int:
        """Send to one channel what it is to take now; gives how many notifications it took."""
        if (channel := await self._channel(name)) is None:
            await self.store.deliveries.forget_channel(name, "the channel was removed")
            return 0
        state, now = _state(await self.store.channel_states.all(), name), await self.store.now()
        due = await self.store.deliveries.due(name)
        ready = bundles(due, last_used=state.answered_at, is_failing=state.failing_since is not None, now=now)
        for count, bundle in enumerate(ready):
            if not await self._deliver(channel, bundle):
                return count
        return len(ready)

    async def round(self) -> int:
        """Route everything and serve every channel once, one after the other; gives how much was done."""
        done = await self.route()
        return done + sum([await self.serve(name) for name in await self.due()])

    async def tidy(self, kept_days: int = 0) -> int:
        """Give up what is hopeless, and forget messages older than `kept_days`, 0 for none; to be called now and then."""
        given_up = await self.store.deliveries.give_up(GIVEN_UP_AFTER)
        forgotten = await self.store.messages.forget(timedelta(days=kept_days)) if kept_days else 0
        return given_up + forgotten

    async def _deliver(self, channel: Channel, bundle: Bundle) -> bool:
        """Claim, send, and write down how it went."""
        if not await self.store.deliveries.claim(channel.name, bundle, self.claim_seconds):
            return False
        failure = await self._attempt(channel, bundle)
        if failure is not None:
            await self._failed(channel, bundle, failure)
            return False
        await self.store.deliveries.taken(channel.name, bundle)
        await self.store.channel_states.answered(channel.name)
        return True

    async def _attempt(self, channel: Channel, bundle: Bundle) -> ChannelFailed | None:
        """Why it was not taken; None when it was."""
        try:
            await self._send(channel, bundle)
        except ChannelFailed as failure:
            return failure
        except Unavailable:  # our own store is away; the claim runs out
            raise
        except InvalidInput as wrong:
            return ChannelFailed(str(wrong), may_have_arrived=False)
        except TimeoutError:
            return ChannelFailed(_SILENT, may_have_arrived=True)
        except Exception:  # one message that can't be written must not keep others from their channels
            logger.exception("Notification %s for channel %s could not be made or sent.", bundle.id, channel.name)
            return ChannelFailed("It could not be made or sent; see logs/service.log.", may_have_arrived=True)
        return None

    async def _send(self, channel: Channel, bundle: Bundle) -> None:
        told = [await self.composer.tell(message, channel) for message in bundle.messages]
        await send(channel, partial(outgoing, notification_of(bundle, told, await self.store.now())))

    async def _failed(self, channel: Channel, bundle: Bundle, failure: ChannelFailed) -> None:
        logger.warning("Channel %s did not take notification %s: %s", channel.name, bundle.id, failure)
        await self.store.deliveries.not_taken(
            channel.name,
            bundle,
            str(failure),
            again_in=pause_after(bundle.attempts + 1),
            may_have_arrived=failure.may_have_arrived,
        )
        state = await self.store.channel_states.failed(channel.name, str(failure))
        if state.failures >= TELL_AFTER_FAILURES:
            await self.store.messages.add(channel_fails(channel.name, state))

    async def _named(self, mission_id: str) -> tuple[str, ...]:
        mission = await self.composer.mission(mission_id)
        if mission is None or mission.plan_version is None:
            return ()
        try:
            return (await self.store.plans.get(mission.id, mission.plan_version)).notify
        except (UnknownName, Unreadable):
            return ()

    async def _channel(self, name: str) -> Channel | None:
        """As it was some seconds ago; None only for one that is not there now, whatever another process routed to it."""
        if name not in self._channels or monotonic() - self._loaded > _FRESH_SECONDS:
            await self._load()
        return self._channels.get(name)

    async def _load(self) -> None:
        self._channels = {channel.name: channel for channel in await self.load_channels()}
        self._loaded = monotonic()


async def send_test(store: Store, channel: Channel) -> ChannelState:
    """Send a test message and note how it went; InvalidInput for an address that can't be used, ChannelFailed."""
    now = await store.now()
    notification = sample(channel.name, f"test-{now:%Y%m%d%H%M%S%f}", now)
    try:
        await send(channel, partial(outgoing, notification))
    except TimeoutError:
        await store.channel_states.failed(channel.name, _SILENT)
        raise ChannelFailed(_SILENT, may_have_arrived=True) from None
    except ChannelFailed as failure:
        await store.channel_states.failed(channel.name, str(failure))
        raise
    return await store.channel_states.answered(channel.name)


def _state(states: dict[str, ChannelState], name: str) -> ChannelState:
    return states.get(name, ChannelState())
