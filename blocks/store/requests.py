"""Requests to people and their answers: the first answer in time counts (R5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, RowMapping, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from blocks.store.audit import audit, audit_once
from blocks.store.database import Database
from blocks.store.messages import add_message
from blocks.store.notices import notify
from blocks.store.rows import DATABASE_NOW, document, from_document, from_known_document
from blocks.store.standing_rules import end_rules
from blocks.store.tables import requests
from blueprint.audit import ended, opened, refused
from blueprint.errors import InvalidInput, UnknownName
from blueprint.records import Message
from blueprint.requests import Answer, ApprovalQuestion, Decision, Request, RequestState, fitting_decisions
from blueprint.values import storable

_IS_LATE = (requests.c.deadline <= DATABASE_NOW).label("is_late")


@dataclass(frozen=True, kw_only=True)
class Requests:
    """The requests of all flow runs. Deadlines count by the database's clock."""

    database: Database

    async def open(self, request: Request, *, message: Message | None = None) -> Request:
        """The request as stored: `request`, or the one with its run and key that an earlier execution has made.

        `message` tells people, and is kept with a request that is made here.
        """

        async def work(connection: AsyncConnection) -> Request:
            new = insert(requests).values(_row(request)).on_conflict_do_nothing().returning(requests.c.key)
            if await connection.scalar(new) is not None:
                await notify(connection, run_id=request.run_id, request=request.key)
                if message is not None:
                    await add_message(connection, message)
                await audit(connection, request.mission_id, opened(request))
            return from_document(Request, await _load(connection, request.run_id, request.key))

        return await self.database.write(work)

    async def get(self, run_id: str, key: str) -> Request | None:
        """The request `key` of a run, None when it was never made."""
        found = await self._all((requests.c.run_id == run_id) & (requests.c.key == key))
        return found[0] if found else None

    async def of_run(self, run_id: str) -> list[Request]:
        """All requests of one run, in the order in which they were asked."""
        return await self._all(requests.c.run_id == run_id)

    async def readable(self, run_id: str) -> list[Request]:
        """Those requests of one run that this version of the code understands: for a last report."""
        return await self._all(requests.c.run_id == run_id, skip_unreadable=True)

    async def all_open(self, mission_id: str | None = None) -> list[Request]:
        """Requests that wait for an answer, the oldest first; overdue ones too, as long as nobody has closed them."""
        is_open = requests.c.state == RequestState.OPEN
        which = is_open if mission_id is None else is_open & (requests.c.mission_id == mission_id)
        return await self._all(which, skip_unreadable=True)  # one of another version must not hide all others

    async def of_mission(self, mission_id: str, since: datetime) -> Sequence[Request]:
        """A Mission's requests that were asked since then, and those that are open, in the order in which they were asked."""
        wanted = (requests.c.asked_at >= since) | (requests.c.state == RequestState.OPEN)
        return await self._all((requests.c.mission_id == mission_id) & wanted, skip_unreadable=True)

    async def waiting(self) -> set[str]:
        """Runs with an open request whose deadline has not passed."""
        query = select(requests.c.run_id).where((requests.c.state == RequestState.OPEN) & (requests.c.deadline > DATABASE_NOW))

        async def work(connection: AsyncConnection) -> set[str]:
            return set(await connection.scalars(query))

        return await self.database.read(work)

    async def overdue(self) -> list[Request]:
        """Open requests whose deadline has passed."""
        is_overdue = (requests.c.state == RequestState.OPEN) & (requests.c.deadline <= DATABASE_NOW)
        return await self._all(is_overdue, skip_unreadable=True)

    async def answer(self, run_id: str, key: str, answer: Answer, *, came_at: datetime | None = None) -> Request:
        """Give the one answer. InvalidInput that says what happened when it is late, not the first, or does not fit.

        `came_at`: when Prefect took it, for one that is found later, as after a time when nobody ran; else it comes now.

        A rejected call ends the Mission's standing rules for its tool (R5.3).
        """

        async def work(connection: AsyncConnection) -> Request | InvalidInput:
            row = await _load(connection, run_id, key, lock=True)
            request = from_document(Request, row)
            is_late = row["is_late"] if came_at is None else request.deadline <= came_at
            if refusal := why_not_open(request, is_late=is_late) or _why_not_fitting(request, answer):
                event = refused(request, by=answer.by, decision=answer.decision, words=answer.text, reason=refusal)
                await audit_once(connection, request.mission_id, event)
                return InvalidInput(refusal)
            if isinstance(request.question, ApprovalQuestion) and answer.decision is Decision.REJECT:
                because = f"{answer.by} rejected a call of {request.question.call.name}"
                await end_rules(connection, request.mission_id, request.question.call.name, because)
            return await _store(connection, request.model_copy(update={"state": RequestState.ANSWERED, "answer": answer}))

        result = await self.database.write(work)  # a refusal is recorded too, so it leaves the transaction as a value
        if isinstance(result, InvalidInput):
            raise result
        return result

    async def refuse(self, request: Request, *, by: str, words: str, reason: str, decision: Decision | None = None) -> Request:
        """Record what a door refused as no clear answer, before it came to `answer`; the same again changes nothing.

        The reason stands in the request from then on, for whoever is asked again; gives the request as stored.
        """
        event = refused(request, by=by, decision=decision, words=words, reason=reason)

        async def work(connection: AsyncConnection) -> Request:
            stored = from_document(Request, await _load(connection, request.run_id, request.key, lock=True))
            if stored.state is RequestState.OPEN and stored.refusal != reason:
                stored = stored.model_copy(update={"refusal": reason})
                await _update(connection, stored)
            await audit_once(connection, request.mission_id, event)
            return stored

        return await self.database.write(work)

    async def close(self, run_id: str, key: str, state: RequestState, *, message: Message | None = None) -> Request:
        """End an open request without an answer, as expired or cancelled; a closed or answered one stays as it is.

        `message` tells people, and is kept exactly if the request was ended here.
        """

        async def work(connection: AsyncConnection) -> Request:
            request = from_document(Request, await _load(connection, run_id, key, lock=True))
            if request.state is not RequestState.OPEN:
                return request
            if message is not None:
                await add_message(connection, message)
            return await _store(connection, request.model_copy(update={"state": state}))

        return await self.database.write(work)

    async def abandon(self, run_id: str) -> None:
        """Nobody waits for an answer to the run any more, also where a request can't be read."""
        is_open = (requests.c.run_id == run_id) & (requests.c.state == RequestState.OPEN)
        closed = requests.update().where(is_open).values(state=RequestState.CANCELLED)
        await self.database.write(lambda connection: connection.execute(closed))

    async def _all(self, which: ColumnElement[bool], *, skip_unreadable: bool = False) -> list[Request]:
        query = select(requests.c.document).where(which).order_by(requests.c.asked_at, requests.c.run_id, requests.c.key)
        read = from_known_document if skip_unreadable else from_document
        found = [read(Request, row) for row in await self.database.rows(query)]
        return [request for request in found if request is not None]


def why_not_open(request: Request, *, is_late: bool = False) -> str:
    """Why no answer counts any more; empty while one does."""
    if request.state is RequestState.ANSWERED and request.answer is not None:
        given = request.answer
        return (
            f"{request.title!r} was answered already: {given.decision} by {given.by!r} at {given.at:%Y-%m-%d %H:%M:%S} UTC. "
            "That answer stands; yours changed nothing."
        )
    if is_late or request.state is RequestState.EXPIRED:
        return (
            f"{request.title!r} expired at {request.deadline:%Y-%m-%d %H:%M:%S} UTC without an answer, which approves nothing. "
            "Run the Task again if it is still wanted."
        )
    if request.state is not RequestState.OPEN:
        return f"{request.title!r} is {request.state}; nobody waits for its answer any more."
    return ""


def _why_not_fitting(request: Request, answer: Answer) -> str:
    fitting: Sequence[Decision] = fitting_decisions(request.question)
    if answer.decision in fitting:
        return ""
    return f"{answer.decision!s} does not answer {request.title!r}; it takes: {', '.join(fitting)}."


def is_request(run_id: str, key: str) -> ColumnElement[bool]:
    """The row of one request."""
    return (requests.c.run_id == storable(run_id)) & (requests.c.key == storable(key))


async def _load(connection: AsyncConnection, run_id: str, key: str, *, lock: bool = False) -> RowMapping:
    query = select(requests.c.document, _IS_LATE).where(is_request(run_id, key))
    row = (await connection.execute(query.with_for_update() if lock else query)).mappings().one_or_none()
    if row is None:
        keys = await connection.scalars(
            select(requests.c.key).where(requests.c.run_id == storable(run_id)).order_by(requests.c.key)
        )
        raise UnknownName(f"request of run {run_id!r}", key, list(keys))
    return row


async def _store(connection: AsyncConnection, request: Request) -> Request:
    await _update(connection, request)
    await audit(connection, request.mission_id, ended(request))
    return request


async def _update(connection: AsyncConnection, request: Request) -> None:
    await connection.execute(requests.update().where(is_request(request.run_id, request.key)).values(_row(request)))
    await notify(connection, run_id=request.run_id, request=request.key)


def _row(request: Request) -> dict[str, object]:
    return {
        "run_id": request.run_id,
        "key": request.key,
        "mission_id": request.mission_id,
        "state": request.state,
        "asked_at": request.asked_at,
        "deadline": request.deadline,
        "document": document(request),
    }
