"""Runs every benchmark on an installation of its own and prints a table, as docs/benchmarks.md keeps it."""

import asyncio
import logging
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from statistics import mean

import psutil

from benchmarks.many_runs import Burst, burst, in_words, one_by_one, tasks
from blueprint.records import RunState
from tests.fakes.installation import Installation, open_folder

COUNT, SAMPLE = 20, 4
"""Runs at once, and how many of the same are done one after the other for comparison."""

Row = tuple[str, str]


def main() -> None:
    """Measure and print."""
    logging.disable(logging.INFO)
    alone, together = asyncio.run(_measure())
    print(f"{datetime.now(UTC):%Y-%m-%d}, {_machine()}\n")
    print("\n".join(_table(_rows(alone, together))))
    print(f"\nAt once: {in_words(together.phases)}")


async def _measure() -> tuple[float, Burst]:
    """Seconds of one run alone, and all of them together."""
    planned = tasks(COUNT)
    names = [task.name for task in planned]
    with open_folder() as folder:
        installation = Installation(home=folder / "home")
        async with installation.running():
            mission = await installation.launch(*planned)
            alone = await one_by_one(installation, mission, names[:SAMPLE]) / SAMPLE
            return alone, await burst(installation, mission, names)


def _rows(alone: float, together: Burst) -> list[Row]:
    good = sum(record.state is RunState.SUCCESS and bool(record.report_path) for record in together.records)
    tokens = mean(record.usage.input_tokens + record.usage.output_tokens for record in together.records)
    return [
        (f"{COUNT} runs at once, first start to last report", f"{together.seconds:.1f} s"),
        (f"one run alone, mean of {SAMPLE} one after the other", f"{alone:.1f} s"),
        (f"{COUNT} one after the other (reckoned) / {COUNT} at once", f"{alone * COUNT / together.seconds:.2f}"),
        ("ended with success and a report", f"{good} of {COUNT}"),
        ("at work at the same time, at most", f"{together.most_processes}"),
        ("memory of a run's process (its own, largest seen)", f"{together.largest_megabytes:.0f} MB"),
        ("tokens a run, mean", f"{tokens:.0f}"),
    ]


def _table(rows: Sequence[Row]) -> list[str]:
    width = max(len(what) for what, _ in rows)
    body = [f"| {what:<{width}} | {seen:>8} |" for what, seen in rows]
    return [f"| {'what':<{width}} | {'seen':>8} |", f"|{'-' * (width + 2)}|{'-' * 9}:|", *body]


def _machine() -> str:
    memory = psutil.virtual_memory().total / 2**30
    system = f"{platform.system()} {platform.machine()}"
    return f"{system}, {psutil.cpu_count()} cores, {memory:.0f} GB, Python {platform.python_version()}"


if __name__ == "__main__":
    main()
