"""The warm worker as a process: `python -m deployments.worker --pool POOL MODULE...`; the modules are imported ahead."""

import argparse
import asyncio
import logging
import signal

from deployments.worker.forking import Forks
from deployments.worker.warm import WarmWorker


async def work(pool: str, modules: list[str], stop_seconds: float) -> None:
    """Run what is scheduled in the pool, until SIGTERM or SIGINT; see `WarmWorker.stop` for what happens then."""
    forks = Forks(modules)
    await asyncio.to_thread(forks.warm_up)
    worker = WarmWorker(pool, forks=forks)
    told = _told_to_stop()
    working = asyncio.create_task(worker.start(), name="worker")
    await asyncio.wait([working, told], return_when=asyncio.FIRST_COMPLETED)
    if not working.done():
        await worker.stop(stop_seconds)
        working.cancel()
    await asyncio.wait([working])
    if not working.cancelled():
        working.result()


def _told_to_stop() -> asyncio.Future[None]:
    loop = asyncio.get_running_loop()
    told: asyncio.Future[None] = loop.create_future()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, lambda: told.done() or told.set_result(None))
    return told


def main() -> None:
    """Read the command line and work."""
    parser = argparse.ArgumentParser(prog="python -m deployments.worker", description=__doc__)
    parser.add_argument("--pool", required=True, help="the work pool, of type process")
    parser.add_argument("--stop-seconds", type=float, default=10.0, help="how long runs have to finish their step at the end")
    parser.add_argument("modules", nargs="*", help="imported ahead, once for all runs")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    asyncio.run(work(options.pool, options.modules, options.stop_seconds))


if __name__ == "__main__":
    main()
