"""Mission Reports that were made (R6.2)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from blocks.store.database import Database
from blocks.store.messages import add_message
from blocks.store.rows import document, from_document
from blocks.store.tables import mission_reports
from blueprint.records import Message
from blueprint.reporting import MissionReportRecord


@dataclass(frozen=True, kw_only=True)
class MissionReports:
    """All Mission Reports."""

    database: Database

    async def add(self, record: MissionReportRecord, message: Message) -> None:
        """Keep it with the message that tells of it; the same flow run's again changes nothing."""
        row = {
            "id": record.id,
            "mission_id": record.mission_id,
            "until": record.until,
            "is_scheduled": record.is_scheduled,
            "document": document(record),
        }
        new = insert(mission_reports).values(row).on_conflict_do_nothing().returning(mission_reports.c.id)

        async def work(connection: AsyncConnection) -> None:
            if await connection.scalar(new) is not None:
                await add_message(connection, message)

        await self.database.write(work)

    async def find(self, run_id: str) -> MissionReportRecord | None:
        """The report that a flow run has made, None while it has not."""
        query = select(mission_reports.c.document).where(mission_reports.c.id == run_id)
        row = await self.database.row(query)
        return None if row is None else from_document(MissionReportRecord, row)

    async def list(self, mission_id: str) -> list[MissionReportRecord]:
        """A Mission's reports, the newest first."""
        of_mission = mission_reports.c.mission_id == mission_id
        query = select(mission_reports.c.document).where(of_mission).order_by(mission_reports.c.until.desc())
        return [from_document(MissionReportRecord, row) for row in await self.database.rows(query)]

    async def reported_until(self, mission_id: str) -> datetime | None:
        """Up to when the Mission has reported by itself; None before its first report."""
        own = (mission_reports.c.is_scheduled, mission_reports.c.mission_id == mission_id)
        query = select(func.max(mission_reports.c.until)).where(*own)
        return await self.database.read(lambda connection: connection.scalar(query))
