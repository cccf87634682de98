"""Runs every benchmark with both workers, each on an installation of its own, and prints a table for docs/benchmarks.md."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import psutil
from prefect.events.clients import NullEventsClient
from prefect.events.worker import EventsWorker

from benchmarks import latency
from benchmarks.latency import Sample, samples, samples_over_http
from benchmarks.machine import Row, machine_line, table
from benchmarks.many_runs import Burst, burst, in_words, tasks
from blueprint.records import RunState
from tests.fakes.installation import Installation, open_folder

WORKERS = ("warm", "stock")
COUNT = 20
"""Samples of each latency, and runs at once."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What was measured with one worker."""

    samples: Sequence[Sample]
    over_http: Sequence[Sample]
    together: Burst


def main() -> None:
    """Measure and print."""
    logging.disable(logging.INFO)
    EventsWorker.set_client_override(NullEventsClient)  # this process's own events would wait for servers that are long gone
    load = psutil.getloadavg()[0]
    seen = {worker: asyncio.run(_measure(worker)) for worker in WORKERS}
    rows = _rows(list(seen.values()))
    print("\n".join([f"{machine_line()}, load of other work {load:.1f}", "", *table(rows, head=("what", *WORKERS))]))
    for worker, one in seen.items():
        print(f"\nTo the first step ({worker}): {latency.in_words(one.samples)}")
        print(f"To the first step, tool server over HTTP ({worker}): {latency.in_words(one.over_http)}")
        print(f"At once ({worker}): {in_words(one.together.phases)}")


async def _measure(worker: str) -> Seen:
    planned = tasks(COUNT)
    with open_folder() as folder:
        installation = Installation(home=folder / "home", environment={"MISSIONS_WORKER": worker})
        async with installation.running():
            taken = await samples(installation, folder / "samples", COUNT)
            over_http = await samples_over_http(installation, folder / "samples", COUNT)
            mission = await installation.launch(*planned)
            together = await burst(installation, mission, [task.name for task in planned])
            return Seen(samples=taken, over_http=over_http, together=together)


def _rows(seen: Sequence[Seen]) -> list[Row]:
    return [
        *_latencies("", [one.samples for one in seen]),
        *_latencies(", tool server over HTTP", [one.over_http for one in seen]),
        ("memory of a run at work (PSS)", *[f"{median(sample.megabytes for sample in one.samples):.0f} MB" for one in seen]),
        ("20 runs at once, first start to last report", *[f"{one.together.seconds:.0f} s" for one in seen]),
        ("of these ended with success and a report", *[f"{_good(one.together)} of {COUNT}" for one in seen]),
        ("processes of runs at the same time, at most", *[f"{one.together.most_processes}" for one in seen]),
        ("memory of the largest of these (PSS)", *[f"{one.together.largest_megabytes:.0f} MB" for one in seen]),
    ]


def _latencies(how: str, seen: Sequence[Sequence[Sample]]) -> list[Row]:
    starts, answers = [[sample.start for sample in one] for one in seen], [[sample.answer for sample in one] for one in seen]
    return [
        (f"request to start → first step{how}, median / worst", *[f"{median(one):.1f} / {max(one):.1f} s" for one in starts]),
        (f"answer → next step{how}, median / worst", *[f"{median(one):.1f} / {max(one):.1f} s" for one in answers]),
    ]


def _good(together: Burst) -> int:
    return sum(record.state is RunState.SUCCESS and bool(record.report_path) for record in together.records)


if __name__ == "__main__":
    main()
