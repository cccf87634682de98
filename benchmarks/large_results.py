"""How much memory a run's process takes at most for large results of a tool server over stdio (R4.4).

python -m benchmarks.large_results

Each case has a process of its own: the agent with its tools and a journal in memory, as in a run but for the store.
"""

import asyncio
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

import psutil

from agent.loop import Brief, work
from agent.results.files import ResultFiles
from benchmarks.machine import machine_line, table
from tests.fakes.counter import Counter
from tests.fakes.model_server import Turn, calls, scripted_model
from tests.fakes.run import MemoryJournal, ToldPeople, agent_at_work

CASES = {
    "no result": [],
    "200 results of 100 to 299 kB": [{"kilobytes": 100 + number} for number in range(200)],
    "one result of 50 MB": [{"megabytes": 50}],
}


def main() -> None:
    """Measure all cases, or one in this process when it is named."""
    if len(sys.argv) > 1:
        print(asyncio.run(_measure(CASES[sys.argv[1]])))
        return
    load = psutil.getloadavg()[0]
    seen = [(case, *_child(case)) for case in CASES]
    print("\n".join([f"{machine_line()}, load of other work {load:.1f}", "", *table(seen, head=("what", "most memory", "took"))]))


def _child(case: str) -> Sequence[str]:
    command = [sys.executable, "-m", "benchmarks.large_results", case]
    kilobytes, seconds = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return f"{int(kilobytes) / 1024:.0f} MB", f"{float(seconds):.1f} s"


async def _measure(made: Sequence[dict[str, Any]]) -> str:
    """Kilobytes at most, and seconds."""
    turns: list[Turn] = [calls(("counter__big", arguments)) for arguments in made]
    journal, began = MemoryJournal(), monotonic()
    brief = Brief(system="s", task="t", step_limit=1_000, token_budget=10**9, context_tokens=28_000)
    with TemporaryDirectory(prefix="missions-bench-") as folder:
        counter, results = Counter.in_new(Path(folder) / "counter"), ResultFiles.of_run(Path(folder), "bench", "run")
        async with (
            scripted_model([*turns, calls(("conclude", {"summary": "Done."}))]) as model,
            agent_at_work(
                model_url=model.url,
                servers=[counter.connection(call_seconds=120)],
                journal=journal,
                people=ToldPeople(),
                results=results,
                call_seconds=120,
            ) as agent,
        ):
            async for _ in work(agent, brief):
                pass
        kept = sum(path.stat().st_size for path in (Path(folder) / results.folder).glob("*"))
    assert kept == sum(one.get("megabytes", 0) * 1_000_000 + one.get("kilobytes", 0) * 1_000 for one in made), kept
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss} {monotonic() - began:.2f}"


if __name__ == "__main__":
    main()
