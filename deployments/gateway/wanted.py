"""Knows whether any automation waits for an event, so that what nobody wants is counted and not lost silently."""

import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from time import monotonic

import httpx
from prefect.events import Event
from prefect.events.schemas.automations import Automation, CompositeTrigger, EventTrigger, Posture, TriggerTypes
from prefect.exceptions import PrefectException

from blueprint.events import StoredEvent
from deployments.gateway.prefect_events import prefect_event

logger = logging.getLogger(__name__)

FRESH_SECONDS = 5.0
"""An automation that is younger than this may not be known yet."""

LoadAutomations = Callable[[], Awaitable[Sequence[Automation]]]


class Rules:
    """The automations of Prefect, the users' own included; asked for again when one is missed."""

    def __init__(self, load: LoadAutomations) -> None:
        self._load = load
        self._triggers: list[EventTrigger] | None = None
        self._loaded_at = float("-inf")

    async def want(self, stored: StoredEvent) -> bool:
        """Whether any waits for it; True as long as Prefect can't be asked."""
        event = prefect_event(stored)
        if self._is_known(event):
            return True
        if monotonic() - self._loaded_at > FRESH_SECONDS:
            await self._refresh()
        return self._triggers is None or self._is_known(event)

    def _is_known(self, event: Event) -> bool:
        return any(waits_for(trigger, event) for trigger in self._triggers or ())

    async def _refresh(self) -> None:
        self._loaded_at = monotonic()
        try:
            self._triggers = [each for one in await self._load() if one.enabled for each in _event_triggers(one.trigger)]
        except (PrefectException, httpx.HTTPError) as error:
            logger.warning("The automations could not be read, the last ones count: %s", error)


def waits_for(trigger: EventTrigger, event: Event) -> bool:
    """Whether the event counts for the trigger, by the rules of Prefect's server. Events of the gateway relate to nothing."""
    if trigger.posture is not Posture.Reactive or trigger.match_related:
        return False
    is_expected = not trigger.expect or any(fnmatchcase(event.event, pattern) for pattern in trigger.expect)
    labels = trigger.match.items() if trigger.match else ()
    return is_expected and all(_fits(event.resource.get(label), values) for label, values in labels)


def _fits(value: str | None, patterns: str | Sequence[str]) -> bool:
    listed = [patterns] if isinstance(patterns, str) else patterns
    return value is not None and any(
        fnmatchcase(value, pattern.removeprefix("!")) is not pattern.startswith("!") for pattern in listed
    )


def _event_triggers(trigger: TriggerTypes) -> Iterable[EventTrigger]:
    if isinstance(trigger, EventTrigger):
        yield trigger
    elif isinstance(trigger, CompositeTrigger):
        for each in trigger.triggers:
            yield from _event_triggers(each)
