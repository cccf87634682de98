"""When a Mission Report is due, and over which period it tells (R6.2)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import takewhile

from pydantic import Field, field_validator

from blueprint.triggers import Cron, checked_cron, fires_after, latest_fire
from blueprint.values import Moment, Value

WEEKLY = "0 8 * * 1"
"""Mondays at 8, in the Mission's zone."""


class MissionReportRecord(Value):
    """One Mission Report; `id` is the flow run that made it."""

    id: str
    mission_id: str
    since: Moment
    until: Moment
    made_at: Moment
    is_scheduled: bool = Field(description="Made at its time; else because somebody asked for it.")
    headline: str
    report_path: str = Field(description="The file, relative to the data directory.")


class ReportTimes(Value):
    """When a Mission reports by itself."""

    cron: str = Field(default=WEEKLY, description="Five fields, in the Mission's zone; empty: never.")

    @field_validator("cron")
    @classmethod
    def _is_real(cls, text: str) -> str:
        return checked_cron(text) if text.strip() else ""


def next_report(cron: str, after: datetime, zone: str) -> datetime | None:
    """The first time after `after` at which a report is due; None when it never is."""
    return next(_fires(cron, after, zone), None)


def due_period(cron: str, after: datetime, now: datetime, zone: str) -> tuple[datetime, datetime] | None:
    """The period of the report that is due now, None when none is; `after`: up to there everything is reported.

    After a long time down one report is made, over the last period, and not one for each that was missed.
    """
    passed = list(takewhile(lambda at: at <= now, _fires(cron, after, zone)))
    if not passed:
        return None
    until = passed[-1]
    since = latest_fire(Cron(cron=cron), until - timedelta(seconds=1), zone)
    return (since or after, until)


def _fires(cron: str, after: datetime, zone: str) -> Iterator[datetime]:
    return fires_after(Cron(cron=cron), after, zone) if cron else iter(())
