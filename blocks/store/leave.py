"""Uses up what allows a call, in the transaction that writes that it is about to be made (R5.3).

An approval is reserved by the call that it was given for, before the call is made, and spent when the call comes back.
In between, only a further attempt at the same call may lean on it, which is made only where a repeat does no harm (R4.8).
"""

from sqlalchemy import RowMapping, select
from sqlalchemy.ext.asyncio import AsyncConnection

from blocks.store.audit import audit
from blocks.store.requests import is_request
from blocks.store.rows import DATABASE_NOW, from_document
from blocks.store.standing_rules import call_is_back, use_rule
from blocks.store.tables import requests, runs
from blueprint.audit import spent, used
from blueprint.errors import NotPermitted
from blueprint.policy import Rule
from blueprint.records import RunRecord
from blueprint.requests import ApprovalQuestion, Decision, Request
from blueprint.stream import Intended, Returned
from blueprint.values import storable


async def take_leave(connection: AsyncConnection, run_id: str, intended: Intended) -> None:
    """Use up what is to allow the call; NotPermitted when that does not allow it, or when the policy asks and nothing does."""
    match intended:
        case Intended(rule=Rule.AUTO | Rule.CAUTIOUS):
            return
        case Intended(rule=Rule.FORBID):
            raise NotPermitted(f"The call of {intended.call.name!r} is forbidden: {intended.reason}.")
        case Intended(approval=key) if key:
            await _reserve(connection, run_id, intended)
        case Intended(run_approval=key) if key:
            await _check_run_approval(connection, run_id, intended)
        case Intended(standing_rule=rule_id) if rule_id:
            await use_rule(connection, await _run(connection, run_id), intended)
        case _:
            raise NotPermitted(f"Nothing allows the call of {intended.call.name!r}; it was not made. Ask for it.")


async def come_back(connection: AsyncConnection, run_id: str, returned: Returned) -> None:
    """The call is over: its approval is spent for good, and a standing rule whose call went wrong has ended."""
    reserved = (requests.c.run_id == run_id) & (requests.c.spent_by == returned.call.id) & requests.c.spent_at.is_(None)
    await connection.execute(requests.update().where(reserved).values(spent_at=DATABASE_NOW))
    await call_is_back(connection, run_id, returned)


async def _reserve(connection: AsyncConnection, run_id: str, intended: Intended) -> None:
    row = await _locked_request(connection, run_id, intended.approval, intended)
    request, call = from_document(Request, row), intended.call
    if not (await _is_bound(connection, request, intended) and _says(request, Decision.APPROVE, Decision.APPROVE_RUN)):
        raise _refused(request.key, intended)
    is_same_again = row["spent_by"] == call.id and row["spent_at"] is None and intended.attempt > 1
    if row["spent_by"] is not None and not is_same_again:
        raise NotPermitted(f"The approval {request.key!r} was used up by call {row['spent_by']}; ask for a new one.")
    await connection.execute(requests.update().where(is_request(run_id, request.key)).values(spent_by=call.id))
    await audit(connection, request.mission_id, spent(run_id, request.key, call, intended.attempt))


async def _is_bound(connection: AsyncConnection, request: Request, intended: Intended) -> bool:
    """Whether the request is about exactly this call of this run, under this plan, resting on this evidence."""
    if not isinstance(request.question, ApprovalQuestion):
        return False
    question, run = request.question, await _run(connection, request.run_id)
    return (
        request.mission_id == run.mission_id
        and question.plan_version in (None, run.plan_version)
        and question.call.id == intended.call.id
        and question.digest == intended.call.digest
        and question.evidence_digest == intended.evidence
    )


async def _check_run_approval(connection: AsyncConnection, run_id: str, intended: Intended) -> None:
    request = from_document(Request, await _locked_request(connection, run_id, intended.run_approval, intended))
    is_tool = isinstance(request.question, ApprovalQuestion) and request.question.call.name == intended.call.name
    if not (is_tool and _says(request, Decision.APPROVE_RUN)):
        raise _refused(request.key, intended)
    await audit(connection, request.mission_id, used(run_id, intended))


def _says(request: Request, *decisions: Decision) -> bool:
    return request.answer is not None and request.answer.decision in decisions


def _refused(key: str, intended: Intended) -> NotPermitted:
    return NotPermitted(f"Request {key!r} does not approve this call of {intended.call.name!r}; it was not made. Ask for it.")


async def _locked_request(connection: AsyncConnection, run_id: str, key: str, intended: Intended) -> RowMapping:
    columns = (requests.c.document, requests.c.spent_by, requests.c.spent_at)
    query = select(*columns).where(is_request(run_id, key)).with_for_update()
    row = (await connection.execute(query)).mappings().one_or_none()
    if row is None:
        raise _refused(key, intended)
    return row


async def _run(connection: AsyncConnection, run_id: str) -> RunRecord:
    query = select(runs.c.document).where(runs.c.id == storable(run_id))
    row = (await connection.execute(query)).mappings().one_or_none()
    if row is None:
        raise NotPermitted(f"There is no run {run_id!r} that could be allowed anything.")
    return from_document(RunRecord, row)
