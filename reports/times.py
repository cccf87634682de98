"""Writes moments and lengths of time for people."""

from datetime import datetime

from blueprint.values import zone


def moment(at: datetime, timezone: str) -> str:
    """A moment in a zone: `2026-11-21 02:00:05 CET`."""
    return f"{at.astimezone(zone(timezone)):%Y-%m-%d %H:%M:%S %Z}"


def minute(at: datetime, timezone: str) -> str:
    """A moment to the minute, with its weekday: `Sat 2026-11-21 02:00`."""
    return f"{at.astimezone(zone(timezone)):%a %Y-%m-%d %H:%M}"


def duration(seconds: float) -> str:
    """A length of time in at most two units: `0.3 s`, `14 s`, `3 min 20 s`, `2 h 5 min`."""
    if 0 < seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = max(round(seconds), 0)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min" if minutes else f"{hours:,} h"
