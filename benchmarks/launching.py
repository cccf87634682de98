"""How long it takes to launch a Mission of 100 Tasks with 50 automations, to launch it again, and where the time goes.

python -m benchmarks.launching
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import median
from time import monotonic

import httpx
import psutil
from prefect.client.orchestration import PrefectClient
from prefect.events.clients import NullEventsClient
from prefect.events.worker import EventsWorker

from benchmarks.machine import Row, machine_line, table
from blueprint.plan import Task
from blueprint.triggers import Cron, Event, LabelMatch, Once, Trigger
from deployments.apply import apply
from flows.creation.compiling import compiled
from tests.fakes.installation import Installation, open_folder, task

CRON, EVENTS, ONCE = 40, 50, 10
TIMES = 3


def main() -> None:
    """Measure and print."""
    logging.disable(logging.INFO)
    EventsWorker.set_client_override(NullEventsClient)  # this process's own events would wait for servers that are long gone
    load = psutil.getloadavg()[0]
    rows = asyncio.run(_measure())
    print("\n".join([f"{machine_line()}, load of other work {load:.1f}", "", *table(rows)]))


def tasks() -> list[Task]:
    """40 Tasks on a schedule, 50 on an event each, and 10 at a single time."""
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    triggers: list[Trigger] = [
        *(Cron(cron=f"{number} * * * *") for number in range(CRON)),
        *(Event(event="bench", match=(LabelMatch(label="n", value=str(number)),)) for number in range(EVENTS)),
        *(Once(at=tomorrow) for _ in range(ONCE)),
    ]
    return [task(f"task-{number}", trigger=trigger) for number, trigger in enumerate(triggers)]


@dataclass(frozen=True, kw_only=True)
class Launch:
    """One launch, and the same plan applied again, in seconds."""

    whole: float
    again: float
    server: float
    """Processor time of Prefect's server during the launch."""
    shares: dict[str, float] = field(default_factory=dict[str, float])
    """Of the same plan applied under another name: the time that requests of each kind took."""


async def _measure() -> list[Row]:
    with open_folder() as folder:
        installation = Installation(home=folder / "home")
        async with installation.running():
            return _rows([await _launch(installation) for _ in range(TIMES)])


async def _launch(here: Installation) -> Launch:
    server = _server(here)
    planned, used, began = tasks(), sum(server.cpu_times()[:2]), monotonic()
    mission = await here.launch(*planned)
    whole, used = monotonic() - began, sum(server.cpu_times()[:2]) - used
    async with here.store() as store, here.client() as client:
        plan = await store.plans.get(mission.id, 1)
        began = monotonic()
        changes = await apply(compiled(mission, plan, 1), client, is_paused=False)
        again = monotonic() - began
    assert len(changes.unchanged) == len(planned) + EVENTS + ONCE, changes
    stopwatch = _Stopwatch()
    hooks = {"event_hooks": {"request": [stopwatch.start], "response": [stopwatch.stop]}}
    async with PrefectClient(api=f"{here.addresses.api_url}", httpx_settings=hooks) as client:
        double = compiled(mission.model_copy(update={"id": f"{mission.id}-b"}), plan, 1)
        await apply(double, client, is_paused=True)
    return Launch(whole=whole, again=again, server=used, shares=dict(stopwatch.seconds))


class _Stopwatch:
    """Sums up how long requests of each kind take."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    async def start(self, request: httpx.Request) -> None:
        request.extensions["began"] = monotonic()

    async def stop(self, response: httpx.Response) -> None:
        request = response.request
        self.seconds[_kind(request)] += monotonic() - request.extensions["began"]


def _kind(request: httpx.Request) -> str:
    path = request.url.path
    if path.endswith("/filter"):
        return "reading what is there"
    if path.endswith("/create_flow_run"):
        return f"{ONCE} single runs"
    return f"{EVENTS} automations" if "/automations" in path else f"{CRON + EVENTS + ONCE} deployments"


def _server(here: Installation) -> psutil.Process:
    [server] = [process for process in here.processes() if _is_server(process.cmdline())]
    return server


def _is_server(words: list[str]) -> bool:
    """Not the guard that restarts it."""
    return ["prefect", "server", "start"] == words[3:6] and not any("guard" in word for word in words)


def _rows(seen: Sequence[Launch]) -> list[Row]:
    planned = f"{CRON + EVENTS + ONCE} Tasks ({CRON} cron, {EVENTS} event, {ONCE} once)"
    kinds = sorted({kind for one in seen for kind in one.shares}, key=lambda kind: -seen[0].shares.get(kind, 0))
    return [
        (f"launch of {planned}", _times([one.whole for one in seen])),
        ("of it processor time of Prefect's server", _times([one.server for one in seen])),
        *((f"of it {kind}", _times([one.shares.get(kind, 0.0) for one in seen])) for kind in kinds),
        ("the same plan again, nothing to write", _times([one.again for one in seen])),
    ]


def _times(seconds: Sequence[float]) -> str:
    return f"{median(seconds):.1f} s"


if __name__ == "__main__":
    main()
