"""One trial: an installation whose processes are killed while runs work and people answer, and what became of them."""

import asyncio
import random
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from time import monotonic, time
from typing import Any

import psutil
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun

from blocks.store.store import Store
from tests.chaos.crowd import Crowd
from tests.chaos.evidence import Seen, calls_by_text, effects_by_text, look_at_run
from tests.chaos.killing import Killer, kind_of
from tests.chaos.model import next_turn
from tests.chaos.person import AWAY, Person
from tests.fakes.counter import Counter
from tests.fakes.installation import Installation, open_folder
from tests.fakes.model_server import answering_model

_LEAVES_SECONDS = 15.0
_UNDER_WAY = FlowRunFilter.model_validate(
    {
        "tags": {"all_": ["missions"]},
        "state": {"type": {"any_": ["SCHEDULED", "PENDING", "RUNNING", "PAUSED", "CANCELLING"]}},
    }
)

Tell = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How a trial goes: so many kills within so many seconds, among `crowd` runs at once.

    `everything`: how often the whole installation is killed too. After the last kill all may take `rest_seconds` to come to
    rest; on a quiet machine it is a minute.
    """

    seed: int
    kills: int
    seconds: float
    rest_seconds: float
    everything: int = 0
    crowd: int = 5


@dataclass(frozen=True, kw_only=True)
class Result:
    """What was killed, by kind, what was seen at rest, and how long it all took."""

    killed: Mapping[str, int]
    seen: Seen
    seconds: float


async def hold_trial(plan: Plan, tell: Tell) -> Result:
    """Kill and see; the installation and its folder are gone after."""
    began = monotonic()
    with open_folder() as folder:
        here, counter = Installation(home=folder / "home"), Counter(folder=folder / "home" / "counters")
        async with answering_model(next_turn) as model_url:
            await here.up()
            try:
                killed, seen = await _ordeal(plan, here, counter, model_url, tell)
            finally:
                await here.down()
            seen = replace(seen, left=[*seen.left, *await _left(here.processes)])
    return Result(killed=killed, seen=seen, seconds=monotonic() - began)


async def _ordeal(plan: Plan, here: Installation, counter: Counter, model_url: str, tell: Tell) -> tuple[Mapping[str, int], Seen]:
    counter.folder.mkdir()
    employee = await here.employ(model_url=model_url, servers=[counter.connection()])
    async with here.store() as store:
        crowd = Crowd(here=here, store=store, employee=employee, chance=_chance(plan, "crowd"), size=plan.crowd, tell=tell)
        person = Person(here=here, store=store, chance=_chance(plan, "person"), lines=counter.counts)
        killer = Killer(here=here, chance=_chance(plan, "killer"), tell=tell)
        async with _beside(person.answer_for_ever()):
            async with _beside(crowd.keep_going()):
                await killer.rage(kills=plan.kills, seconds=plan.seconds, everything=plan.everything)
            tell(f"{len(crowd.started)} runs were started; {len(await crowd.under_way())} are to come to rest")
            await _rest(here, store, crowd, plan.rest_seconds, tell)
        seen = await _look(here, store, crowd, person, counter)
    return killer.killed, seen


def _chance(plan: Plan, whose: str) -> random.Random:
    """Each part draws from a sequence of its own: what one does in time does not change what another draws."""
    return random.Random(f"{plan.seed} {whose}")


@asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncGenerator[None]:
    """`work` goes on meanwhile; its failure shows at the end."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        if not task.done():
            task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()


async def _rest(here: Installation, store: Store, crowd: Crowd, seconds: float, tell: Tell) -> None:
    """Return when every run is over, or when the time for that is."""
    end, said = monotonic() + seconds, 0
    while monotonic() < end and (restless := await _restless(here, store, crowd)):
        if len(restless) != said:
            tell(f"not at rest yet: {', '.join(restless)}")
            said = len(restless)
        await asyncio.sleep(0.5)


async def _restless(here: Installation, store: Store, crowd: Crowd) -> list[str]:
    """Runs that are not over, by name; then whatever else is under way in Prefect, such as answers by the deployment."""
    under_way = await crowd.under_way()
    if under_way:
        return [crowd.started[run_id].name for run_id in under_way]
    try:
        async with here.client() as client:
            seen = [await look_at_run(store, client, here.home, run_id, script) for run_id, script in crowd.started.items()]
            others = await client.read_flow_runs(flow_run_filter=_UNDER_WAY)
    except AWAY:
        return ["Prefect"]
    return [run.script.name for run in seen if not run.is_over] + [run.name for run in others if not _is_laid_ahead(run)]


def _is_laid_ahead(run: FlowRun) -> bool:
    """Whether Prefect's scheduler has made it for a time to come: a Mission Report's, for one."""
    return run.auto_scheduled and run.expected_start_time is not None and run.expected_start_time > datetime.now(UTC)


async def _look(here: Installation, store: Store, crowd: Crowd, person: Person, counter: Counter) -> Seen:
    async with here.client() as client:
        runs = [await look_at_run(store, client, here.home, run_id, script) for run_id, script in crowd.started.items()]
    working = ("run process", "tool server")
    left = await _left(lambda: [process for process in here.processes() if kind_of(process) in working])
    return Seen(runs=runs, effects=effects_by_text(counter), calls=calls_by_text(counter), given=tuple(person.given), left=left)


async def _left(processes: Callable[[], Sequence[psutil.Process]]) -> list[str]:
    """What is left of these after some time to leave."""
    end = monotonic() + _LEAVES_SECONDS
    while (left := processes()) and monotonic() < end:
        await asyncio.sleep(0.5)
    return [_named(process) for process in left if process.is_running()]


def _named(process: psutil.Process) -> str:
    return f"process {process.pid} is still there after {time() - process.create_time():.0f} s: {' '.join(process.cmdline())}"
