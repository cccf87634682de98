"""Requests: one answer, in time, that fits."""

import asyncio

import pytest

from blocks.store.store import Store
from blueprint.errors import InvalidInput, UnknownName
from blueprint.requests import Answer, Decision, Request, RequestState
from tests.blocks.examples import answer, request

KEY = request().key


async def test_of_two_answers_at_the_same_instant_one_wins_and_the_other_is_told(store: Store) -> None:
    await store.requests.open(request())
    alice, bob = answer(by="command:alice"), answer(Decision.REJECT, by="console")

    async def give(given: Answer) -> Request | InvalidInput:
        try:
            return await store.requests.answer("run-1", KEY, given)
        except InvalidInput as refused:
            return refused

    results = await asyncio.gather(give(alice), give(bob))
    [stored] = [result for result in results if isinstance(result, Request)]
    [refused] = [result for result in results if isinstance(result, InvalidInput)]
    assert stored.state is RequestState.ANSWERED
    assert stored.answer is not None
    assert f"answered already: {stored.answer.decision} by {stored.answer.by!r}" in str(refused)
    assert await store.requests.get("run-1", KEY) == stored


async def test_request_that_is_made_again_keeps_its_deadline_and_its_answer(store: Store) -> None:
    first = await store.requests.open(request(seconds=60))
    answered = await store.requests.answer("run-1", KEY, answer())
    assert await store.requests.open(request(seconds=9999)) == answered
    assert answered.deadline == first.deadline


async def test_late_answer_is_refused_and_the_request_is_overdue(store: Store) -> None:
    late = await store.requests.open(request(seconds=-1))
    with pytest.raises(InvalidInput, match=r"expired at .* approves nothing"):
        await store.requests.answer("run-1", KEY, answer())
    assert await store.requests.overdue() == [late]
    closed = await store.requests.close("run-1", KEY, RequestState.EXPIRED)
    assert (closed.state, closed.answer) == (RequestState.EXPIRED, None)
    assert await store.requests.overdue() == []
    assert await store.requests.all_open() == []


async def test_answer_that_does_not_fit_is_refused_and_may_be_given_anew(store: Store) -> None:
    await store.requests.open(request())
    with pytest.raises(InvalidInput, match=r"continue does not answer .* it takes: approve, approve_for_this_run, reject"):
        await store.requests.answer("run-1", KEY, answer(Decision.CONTINUE))
    assert (await store.requests.answer("run-1", KEY, answer(Decision.REJECT))).state is RequestState.ANSWERED


async def test_answered_request_is_not_closed_any_more_and_a_cancelled_one_not_answered(store: Store) -> None:
    await store.requests.open(request("one"))
    answered = await store.requests.answer("run-1", "one", answer())
    assert await store.requests.close("run-1", "one", RequestState.EXPIRED) == answered
    await store.requests.open(request("two"))
    await store.requests.close("run-1", "two", RequestState.CANCELLED)
    with pytest.raises(InvalidInput, match="is cancelled"):
        await store.requests.answer("run-1", "two", answer())


async def test_requests_are_listed_by_run_and_by_mission(store: Store) -> None:
    for key in ("one", "two"):
        await store.requests.open(request(key))
    await store.requests.answer("run-1", "one", answer())
    assert [each.key for each in await store.requests.of_run("run-1")] == ["one", "two"]
    assert [each.key for each in await store.requests.all_open("hosts")] == ["two"]
    assert await store.requests.all_open("mail") == []
    assert await store.requests.get("run-1", "three") is None
    with pytest.raises(UnknownName, match="There is no request of run 'run-1' 'three'; available: one, two"):
        await store.requests.answer("run-1", "three", answer())
