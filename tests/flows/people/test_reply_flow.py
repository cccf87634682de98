"""The deployment `reply`: an answer that names its question never answers another one."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from blueprint.requests import AnomalyQuestion, Request, RequestState
from flows.reply import reply_to_run
from tests.fakes.installation import Installation


async def test_an_answer_that_comes_late_does_not_answer_the_next_question(installation: Installation) -> None:
    run_id, now = str(uuid4()), datetime.now(UTC)
    first, second = (
        Request(
            run_id=run_id,
            mission_id="m",
            key=key,
            title=key,
            question=AnomalyQuestion(what="Odd."),
            asked_at=now,
            deadline=now + timedelta(hours=1),
        )
        for key in ("first", "second")
    )
    async with installation.store() as store:
        await store.requests.open(first)
        await store.requests.close(run_id, "first", RequestState.CANCELLED)
        await store.requests.open(second)
        state = await reply_to_run.fn(run=run_id, decision="continue", request="first")
        left = await store.requests.get(run_id, "second")
        await store.requests.close(run_id, "second", RequestState.CANCELLED)
    assert left is not None
    assert (state.name, left.state) == ("Failed", RequestState.OPEN)
    assert state.message == "'first' is cancelled; nobody waits for its answer any more."
