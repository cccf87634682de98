"""Which open requests people have to be reminded of right now (R5.4)."""

from dataclasses import dataclass

from sqlalchemy import case, func, literal, select

from blocks.store.database import Database
from blocks.store.rows import DATABASE_NOW, from_known_document
from blocks.store.tables import messages, requests
from blueprint.reminders import LAST_PART, Reminder
from blueprint.requests import Request, RequestState

_SPAN = requests.c.deadline - requests.c.asked_at
_REMINDER = case((requests.c.deadline - _SPAN / LAST_PART <= DATABASE_NOW, literal(Reminder.LAST)), else_=literal(Reminder.HALF))
_MESSAGE = func.concat_ws(":", requests.c.run_id, requests.c.key, _REMINDER)
"""As `blueprint.reminders.message_id` writes it."""


@dataclass(frozen=True, kw_only=True)
class Reminders:
    """Reminders of all requests, by the database's clock."""

    database: Database

    async def due(self) -> list[tuple[Request, Reminder]]:
        """Open requests with the latest reminder that is due, where it has no message yet; one that was slept through is not."""
        is_open = (requests.c.state == RequestState.OPEN) & (requests.c.deadline > DATABASE_NOW)
        is_due = requests.c.asked_at + _SPAN / 2 <= DATABASE_NOW
        is_told = select(messages.c.id).where(messages.c.id == _MESSAGE).exists()
        query = select(requests.c.document, _REMINDER.label("reminder")).where(is_open, is_due, ~is_told)
        rows = await self.database.rows(query.order_by(requests.c.asked_at))
        found = [(from_known_document(Request, row), Reminder(row["reminder"])) for row in rows]
        return [(request, which) for request, which in found if request is not None]
