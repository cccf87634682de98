"""What `missions doctor` looks at of events: whether they are passed on, and whether automations could do their work."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from prefect.client.orchestration import PrefectClient
from prefect.events.filters import EventFilter, EventNameFilter, EventOccurredFilter

from blocks.store.store import Store
from blueprint.errors import Unavailable

LOOKED_BACK = timedelta(days=1)
LONGEST_WAIT_SECONDS = 120.0

_FAILED = "prefect.automation.action.failed"
_PAGE = 50
_SHOWN = 5


async def check_events(store: Store) -> str:
    """How the queue stands; Unavailable when events wait for long, or Prefect did not take some."""
    counts = await store.events.counts()
    found = f"{counts.kept} kept, {counts.waiting} waiting, {counts.refused} given up"
    if counts.oldest_waiting_seconds > LONGEST_WAIT_SECONDS:
        raise Unavailable(f"{found}; the oldest has waited for {counts.oldest_waiting_seconds:.0f} s.")
    if counts.refused:
        raise Unavailable(f"{found}: Prefect did not take those.")
    return found


async def check_automations(client: PrefectClient) -> str:
    """That no automation's action failed in the last day; Unavailable, with their names and reasons, when some did.

    Prefect tells of such a failure by an event only: nothing else would show that an event started no run.
    """
    now = datetime.now(UTC)
    wanted = EventFilter(
        event=EventNameFilter(name=[_FAILED]),
        occurred=EventOccurredFilter(since=now - LOOKED_BACK, until=now + timedelta(hours=1)),  # pyright: ignore[reportArgumentType]
    )
    page = await client.read_events(wanted, limit=_PAGE)
    if not page.events:
        return "no action failed in the last day"
    times = Counter(event.resource.name or event.resource.id for event in page.events)
    reasons = {event.resource.name or event.resource.id: event.payload.get("reason", "") for event in reversed(page.events)}
    said = [f"{name!r} ({count} times, last: {reasons[name]})" for name, count in times.most_common(_SHOWN)]
    raise Unavailable(f"Actions failed in the last day: {'; '.join(said)}{' and others' if len(times) > _SHOWN else ''}.")
