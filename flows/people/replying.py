"""Takes a person's answer from any door but the Prefect form, and wakes the run that waits for it (R5.5)."""

import asyncio
import logging
from datetime import UTC, datetime
from http import HTTPStatus
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.responses import SetStateStatus
from prefect.exceptions import PrefectException, PrefectHTTPStatusError

from blocks.store.requests import why_not_open
from blocks.store.store import Store
from blueprint.errors import InvalidInput
from blueprint.requests import Answer, Decision, Request, RequestState
from flows.people.forms import form_from_answer
from flows.people.reading import Reply, read_answer
from flows.people.taking import take_form

logger = logging.getLogger(__name__)

PREFECT_SECONDS = 10.0
"""So long an answer waits for Prefect; without it the answer is stored all the same, and the reconciler wakes the run."""
_KEPT_WORDS = 2_000


async def reply(store: Store, run_id: str, said: Reply, *, by: str, key: str | None = None) -> Request:
    """Store the answer to the run's open request (the first answer wins) and start the run again; gives the request.

    InvalidInput when nothing is open, the answer came too late or second, or it does not say clearly what is decided.
    """
    request = await _with_form(store, await _open_request(store, run_id, key))
    try:
        answer = read_answer(request, said, by=by, at=datetime.now(UTC))
    except InvalidInput as unclear:
        reason = why_not_open(request) or str(unclear)
        words = " ".join([said.text, *said.answers])[:_KEPT_WORDS]
        await store.requests.refuse(request, by=by, words=words, reason=reason, decision=said.decision)
        raise InvalidInput(reason) from unclear
    answered = await store.requests.answer(run_id, request.key, answer)
    await _wake_if_prefect_answers(answered)
    return answered


def what_follows(answer: Answer) -> str:
    """What becomes of the run, as the start of a sentence."""
    return "The run ends" if answer.decision is Decision.STOP else "The run goes on"


async def _with_form(store: Store, request: Request) -> Request:
    """With the answer that stands in the resume form already, which nobody has read yet: it was first."""
    try:
        async with asyncio.timeout(PREFECT_SECONDS):
            return await take_form(store, request)
    except (httpx.HTTPError, PrefectException, TimeoutError) as error:
        logger.warning("Prefect could not be asked for a form of %r: %r", request.title, error)
        return request


async def _wake_if_prefect_answers(request: Request) -> None:
    try:
        async with asyncio.timeout(PREFECT_SECONDS), get_client() as client:
            await wake(client, request)
    except (httpx.HTTPError, PrefectException, TimeoutError) as error:
        logger.warning("The answer to %r is stored; Prefect can't be told yet: %r", request.title, error)


async def wake(client: PrefectClient, request: Request) -> bool:
    """Resume the run if it is suspended at this very request; False when it was not.

    It may be on its way into the wait still, or somebody else may have been quicker: the reconciler looks again.
    """
    state = (await client.read_flow_run(UUID(request.run_id))).state
    if request.answer is None or state is None or not state.is_paused() or state.state_details.pause_key != request.key:
        return False
    filled = form_from_answer(request.answer, request.question)
    try:
        result = await client.resume_flow_run(UUID(request.run_id), run_input=filled)
    except PrefectHTTPStatusError as error:
        if error.response.status_code == HTTPStatus.CONFLICT:  # Prefect keeps one answer for each wait
            return False
        raise
    return result.status is SetStateStatus.ACCEPT


async def _open_request(store: Store, run_id: str, key: str | None) -> Request:
    requests = [request for request in await store.requests.of_run(run_id) if key in (None, request.key)]
    if not requests:
        raise InvalidInput(f"Run {run_id!r} has not asked anything.")
    is_open = [request for request in requests if request.state is RequestState.OPEN]
    return (is_open or requests)[-1]
