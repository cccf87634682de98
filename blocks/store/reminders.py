"""Which open requests people have to be reminded of right now (R5.4)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, literal, select

from blocks.store.database import Database
from blocks.store.rows import DATABASE_NOW, from_known_document
from blocks.store.tables import messages, requests
from blueprint.reminders import LAST_PART, Reminder
from blueprint.requests import Request, RequestState

_SPAN = requests.c.deadline - requests.c.asked_at


@dataclass(frozen=True, kw_only=True)
class Reminders:
    """Reminders of all requests, by the database's clock."""

    database: Database

    async def due(self, at: datetime | None = None) -> list[tuple[Request, Reminder]]:
        """Open requests with the latest reminder that is due, where it has no message yet; one that was slept through is not.

        `at`: as if it were then.
        """
        now = DATABASE_NOW if at is None else literal(at)
        which = case((requests.c.deadline - _SPAN / LAST_PART <= now, literal(Reminder.LAST)), else_=literal(Reminder.HALF))
        is_due = (requests.c.deadline > now) & (requests.c.asked_at + _SPAN / 2 <= now)
        told_as = func.concat_ws(":", requests.c.run_id, requests.c.key, which)  # as `blueprint.reminders.message_id` writes it
        is_told = select(messages.c.id).where(messages.c.id == told_as).exists()
        query = select(requests.c.document, which.label("reminder")).where(
            requests.c.state == RequestState.OPEN, is_due, ~is_told
        )
        rows = await self.database.rows(query.order_by(requests.c.asked_at))
        found = [(from_known_document(Request, row), Reminder(row["reminder"])) for row in rows]
        return [(request, reminder) for request, reminder in found if request is not None]
