"""The resume forms that Prefect keeps among a run's inputs: read, given, and cleared away before a wait begins anew.

Prefect's own functions for this open a connection each time and leave it open, where no flow runs around them.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from json import loads
from typing import Any
from uuid import UUID

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import State
from prefect.context import AsyncClientContext
from prefect.exceptions import PrefectHTTPStatusError
from prefect.input import RunInput, keyset_from_paused_state
from prefect.states import Running

_PAGE = 200


@dataclass(frozen=True, kw_only=True)
class Filled:
    """A form that somebody sent, and when Prefect took it."""

    fields: dict[str, Any]
    at: datetime


async def filled_form(run_id: str, key: str) -> Filled | None:
    """What was filled in at the wait `key`; None as long as nobody has."""
    async with get_client() as client:
        found = await client.filter_flow_run_input(UUID(run_id), key_prefix=_response(key), limit=_PAGE, exclude_keys=set())
    sent = next((given for given in found if given.key == _response(key)), None)
    return None if sent is None else Filled(fields=loads(sent.value), at=sent.created or datetime.now(UTC))


async def has_form(client: PrefectClient, run_id: UUID, key: str) -> bool:
    """Whether the wait `key` has its whole form in the console: a kill may come between the wait and its form's parts."""
    return await _read(client, run_id, _description(key)) is not None


async def give_form(client: PrefectClient, run_id: UUID, state: State, form: type[RunInput]) -> None:
    """Give the wait that `state` tells of its form, in place of whatever parts of it there are."""
    await _forget_form(client, run_id, state.state_details.pause_key or "")
    async with AsyncClientContext.get_or_create():
        await form.asave(keyset_from_paused_state(state), flow_run_id=run_id)


async def forget_wait(run_id: str, key: str) -> None:
    """Make `key` good for a wait, as if there had been none.

    Prefect lets each key wait once and keeps one form and one answer for it; what is left of a wait that a crash
    cut off, or of an answer that did not count, would end the next one at once or refuse its form.
    """
    async with get_client() as client:
        await _forget_form(client, UUID(run_id), key)
        if (state := (await client.read_flow_run(UUID(run_id))).state) and state.is_crashed():
            await client.set_flow_run_state(UUID(run_id), Running(), force=True)  # a late report about an earlier process
        policy = (await client.read_flow_run(UUID(run_id))).empirical_policy
        fired = policy.pause_keys or set()
        if key in fired:
            changed = policy.model_copy(update={"pause_keys": fired - {key}})
            await client.update_flow_run(UUID(run_id), empirical_policy=changed)


async def _forget_form(client: PrefectClient, run_id: UUID, key: str) -> None:
    for name in (_schema(key), _description(key), _response(key)):
        if await _read(client, run_id, name) is not None:
            await client.delete_flow_run_input(flow_run_id=run_id, key=name)


async def _read(client: PrefectClient, run_id: UUID, name: str) -> str | None:
    try:
        return await client.read_flow_run_input(flow_run_id=run_id, key=name)
    except PrefectHTTPStatusError as error:
        if error.response.status_code == HTTPStatus.NOT_FOUND:
            return None
        raise


def _schema(key: str) -> str:
    return f"suspended-{key}-schema"


def _description(key: str) -> str:
    return f"suspended-{key}-description"


def _response(key: str) -> str:
    return f"suspended-{key}-response"
