"""Several doors to one request: the first answer counts, the others are told; what does not fit may be tried again (R5.5)."""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from prefect.states import Crashed

from blocks.link_key import load_link_key
from blueprint.errors import InvalidInput
from blueprint.records import RunState
from blueprint.requests import Decision
from blueprint.stream import Answered
from flows.following import Over, follow
from flows.people.inputs import has_form
from flows.people.links import link
from flows.people.replying import Reply, reply
from flows.recovery.reconciling import Reconciler
from flows.starting import start
from tests.fakes.command import run_here
from tests.fakes.counter import Counter, wait_until
from tests.fakes.installation import Installation, task
from tests.fakes.interrupting import BACK_SECONDS, reaches
from tests.fakes.model_server import ScriptedModel, Turn, calls, scripted_model, waits
from tests.fakes.stock_worker import stock_worker

DONE = calls(("conclude", {"summary": "All counted.", "findings": []}))
APPROVED = {"decision": "approve", "comment": ""}


def _count(server: str) -> Turn:
    return calls((f"{server}__count", {"text": "one"}))


async def _waiting(here: Installation, model: ScriptedModel, counter: Counter) -> str:
    counter.folder.mkdir(exist_ok=True)
    employee = await here.employ(model_url=model.url, servers=[counter.connection(name=counter.folder.name)])
    run_id = await here.start(await here.launch(task(), employee=employee))
    await here.asked(run_id)
    await reaches(here, run_id, "Suspended")
    return run_id


async def test_of_answers_at_the_same_instant_by_form_command_and_link_one_counts(
    installation: Installation, tmp_path: Path
) -> None:
    counters = [Counter(folder=tmp_path / name) for name in ("one", "two")]
    async with AsyncExitStack() as opened:
        store = await opened.enter_async_context(installation.store())
        client = await opened.enter_async_context(installation.client())
        await opened.enter_async_context(stock_worker(installation, tmp_path / "worker.log"))
        visitor = await opened.enter_async_context(httpx.AsyncClient(timeout=60))
        scripts = [[_count(counter.folder.name), DONE] for counter in counters]
        models = [await opened.enter_async_context(scripted_model(script)) for script in scripts]
        runs = await asyncio.gather(*(_waiting(installation, *pair) for pair in zip(models, counters, strict=True)))
        reconcilers = [Reconciler(store=store, client=client, home=installation.home) for _ in range(2)]

        async def by_form(run_id: str) -> str:
            result = await client.resume_flow_run(UUID(run_id), run_input=APPROVED)
            return "" if result.status == "ACCEPT" else str(result.details)

        async def by_command(run_id: str) -> str:
            try:
                await reply(store, run_id, Reply(decision=Decision.APPROVE), by="command:alice")
            except InvalidInput as refusal:
                return str(refusal)
            return ""

        async def by_link(run_id: str) -> str:
            url = link(await installation.asked(run_id), await load_link_key(), installation.addresses.service_url)
            answered = await visitor.post(url, data={"decision": "approve", "name": "Bob"})
            return "" if answered.status_code == 200 else answered.text

        doors: list[Coroutine[Any, Any, str]] = []
        for run_id in runs:
            doors += [by_form(run_id), by_command(run_id), by_link(run_id)]
        said = await asyncio.gather(*doors, *(one.round() for one in reconcilers), return_exceptions=True)
        records = [await installation.ended(run_id) for run_id in runs]
        requests = [(await store.requests.of_run(run_id))[0] for run_id in runs]
        answered = [sum(isinstance(entry.event, Answered) for entry in await store.journal.read(run_id)) for run_id in runs]
    assert [record.state for record in records] == [RunState.SUCCESS] * 2
    assert [record.executions for record in records] == [2, 2]
    assert ([counter.counts() for counter in counters], answered) == ([["one"]] * 2, [1, 1])
    for place, request in enumerate(requests):
        assert request.answer is not None
        _, command, page = said[3 * place : 3 * place + 3]
        others = [text for who, text in (("command:alice", command), ("link:Bob", page)) if who != request.answer.by]
        assert all("answered already: approve by" in str(text) for text in others), (request.answer.by, said)


async def test_an_approval_in_the_form_whose_comment_takes_it_back_does_not_count_and_is_asked_again(
    installation: Installation, tmp_path: Path
) -> None:
    counter = Counter(folder=tmp_path / "counter")
    async with scripted_model([_count("counter"), DONE]) as model, installation.store() as store, installation.client() as client:
        run_id = await _waiting(installation, model, counter)
        first = (await client.read_flow_run(UUID(run_id))).state
        await client.resume_flow_run(UUID(run_id), run_input={"decision": "approve", "comment": "but not on prod"})
        await reaches(installation, run_id, "Resuming", "Pending", "Running")
        again = await reaches(installation, run_id, "Suspended")
        async with asyncio.timeout(BACK_SECONDS):
            while not await has_form(client, UUID(run_id), "approve-c00001000"):  # Prefect saves it behind the state
                await asyncio.sleep(0.1)
        shown = await client.read_flow_run_input(UUID(run_id), "suspended-approve-c00001000-description")
        [request] = await store.requests.of_run(run_id)
        unmade = counter.counts()
        told = (await run_here(installation, "reply", run_id, "do not proceed; switch to plan B")).stdout
        record, [answered] = await installation.ended(run_id), await store.requests.of_run(run_id)
    assert first is not None
    assert (again.id != first.id, unmade, request.answer) == (True, [], None)
    assert "**The last answer did not count.**" in shown
    assert "but not on prod" in shown
    assert told == 'counter.count? — Read as: reject. In your words: "do not proceed; switch to plan B". The run goes on.\n'
    assert answered.answer is not None
    assert (answered.answer.is_read, answered.answer.text) == (True, "do not proceed; switch to plan B")
    assert (record.state, counter.counts()) == (RunState.SUCCESS, [])


async def test_the_reply_deployment_reads_words_and_refuses_what_is_unclear(installation: Installation, tmp_path: Path) -> None:
    counter = Counter(folder=tmp_path / "counter")
    async with scripted_model([_count("counter"), DONE]) as model, installation.client() as client:
        run_id = await _waiting(installation, model, counter)
        unclear = await start(client, "reply/reply", {"run": run_id, "text": "yes to the previous one"})
        refused = await reaches(installation, unclear, "Failed", "Completed")
        clear = await start(client, "reply/reply", {"run": run_id, "text": "批准"})
        taken = await reaches(installation, clear, "Failed", "Completed")
        record = await installation.ended(run_id)
    assert (refused.name, "speaks of other requests" in str(refused.message)) == ("Failed", True)
    assert (taken.name, taken.message) == ("Completed", "'counter.count?' is answered: approve.")
    assert (record.state, counter.counts()) == (RunState.SUCCESS, ["one"])


async def test_following_a_run_goes_on_after_a_crash_that_is_taken_back(installation: Installation, tmp_path: Path) -> None:
    async with scripted_model([waits(8, DONE)]) as model, installation.store() as store, installation.client() as client:
        employee = await installation.employ(model_url=model.url, servers=[Counter(folder=tmp_path).connection()])
        run_id = await installation.start(await installation.launch(task(), employee=employee))
        await wait_until(lambda: bool(model.requests), BACK_SECONDS)
        await client.set_flow_run_state(UUID(run_id), Crashed(), force=True)
        async with asyncio.timeout(BACK_SECONDS):
            news = [news async for news in follow(store, client, run_id)]
        record = await store.runs.get(run_id)
    over = news[-1]
    assert isinstance(over, Over)
    assert (record.state, record.ended_at is not None) == (RunState.SUCCESS, True)
