"""Waiting runs cost one question a round together, and each is looked at again as soon as something happens to it."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelled, Suspended

from blocks.store.leases import LeaseState
from blocks.store.store import Store
from blueprint.requests import Answer, ChoiceQuestion, Decision, Request, RequestState
from flows.recovery.waiting import Waits, wait_of
from tests.fakes.installation import Installation
from tests.fakes.interrupting import no_reconciler

RUNS = 12
CHOOSE = ChoiceQuestion(question="Which way?", options=("left", "right"))


class CountingClient(PrefectClient):
    """A client that knows how often it has asked."""

    asked = 0

    async def request(self, *arguments: Any, **options: Any) -> httpx.Response:
        """Ask, and count."""
        self.asked += 1
        return await super().request(*arguments, **options)


@asynccontextmanager
async def _waiting(store: Store, client: PrefectClient, count: int) -> AsyncGenerator[Sequence[str]]:
    """So many runs as they are while they wait: a parked lease, an open request, a suspended flow run."""
    deployment = await client.read_deployment_by_name("reply/reply")
    form, run_ids = {"run": "another", "decision": "choose"}, list[str]()
    for _ in range(count):
        state = Suspended(pause_key="k")
        run_ids.append(str((await client.create_flow_run_from_deployment(deployment.id, parameters=form, state=state)).id))
    for run_id in run_ids:
        await _park(store, run_id)
    yield run_ids
    for run_id in run_ids:
        await store.requests.close(run_id, "k", RequestState.CANCELLED)
        await store.leases.end(run_id)
        with suppress(ObjectNotFound):
            await client.delete_flow_run(UUID(run_id))


async def _park(store: Store, run_id: str) -> None:
    now = datetime.now(UTC)
    request = Request(
        run_id=run_id,
        mission_id="m",
        key="k",
        title="Which?",
        question=CHOOSE,
        asked_at=now,
        deadline=now + timedelta(hours=1),
    )
    await store.leases.claim(run_id, mission_id="m", operation="other", owner="test", seconds=5)
    await store.requests.open(request)
    await store.leases.park(run_id, "test")


async def test_many_waiting_runs_cost_one_question_and_those_that_were_touched_are_looked_at(
    installation: Installation,
) -> None:
    url = f"http://127.0.0.1:{installation.port}/api"
    async with installation.store() as store, CountingClient(api=url) as client, no_reconciler(store):
        async with _waiting(store, client, RUNS) as run_ids:
            waits = Waits(store=store, client=client)
            unknown = {lease.run_id for lease in await waits.to_look_at()}
            mine = [lease for lease in await store.leases.parked() if lease.run_id in run_ids]
            waits.settled.update(wait_of(lease) for lease in mine)
            client.asked = 0
            quiet = {lease.run_id for lease in await waits.to_look_at()} & set(run_ids)
            asked = client.asked
            await store.requests.answer(run_ids[0], "k", _answer())
            await client.set_flow_run_state(UUID(run_ids[1]), Cancelled(), force=True)
            await client.delete_flow_run(UUID(run_ids[2]))
            await store.requests.close(run_ids[3], "k", RequestState.EXPIRED)
            touched = {lease.run_id for lease in await waits.to_look_at()} & set(run_ids)
    assert {lease.state for lease in mine} == {LeaseState.PARKED}
    assert unknown >= set(run_ids)
    assert (quiet, asked) == (set(), 1)
    assert touched == set(run_ids[:4])


def _answer() -> Answer:
    return Answer(decision=Decision.CHOOSE, choice="left", by="test", at=datetime.now(UTC))
