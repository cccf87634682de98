"""Sends alerts to the gateway as several Alertmanagers in trouble would: many, repeated, resolved, again after a refusal."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

import httpx
import psutil

from tests.fakes.installation import Installation

FINGERPRINTS = 20
_STATES = ("firing", "firing", "firing", "resolved")
"""How one alert goes on: it fires, is repeated twice, is resolved; then anew."""

_BEGAN = datetime(2026, 11, 20, tzinfo=UTC)
_RETRY_SECONDS = 0.5
_PATIENCE_SECONDS = 120.0


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One alert of a notification, and when it is sent, in seconds from the start."""

    fingerprint: str
    episode: int
    status: str
    at: float

    @property
    def identity(self) -> tuple[str, int, str]:
        """What makes it the same event."""
        return (self.fingerprint, self.episode, self.status)

    def notification(self) -> dict[str, Any]:
        """What Alertmanager sends for it."""
        starts = _BEGAN + timedelta(minutes=self.episode)
        alert = {
            "status": self.status,
            "labels": {"alertname": "Storm", "instance": self.fingerprint, "severity": "page"},
            "annotations": {"summary": "Many at once."},
            "startsAt": starts.isoformat(),
            "endsAt": (starts + timedelta(seconds=30)).isoformat(),
            "fingerprint": self.fingerprint,
        }
        return {"version": "4", "receiver": "missions", "groupKey": "{}", "status": self.status, "alerts": [alert]}


@dataclass(kw_only=True)
class Storm:
    """What was sent and what was answered."""

    alerts: Sequence[Alert]
    seconds: list[float] = field(default_factory=list[float])
    """Of the answers with 200."""
    stored: int = 0
    repeated: int = 0
    retries: int = 0

    def percentile(self, share: float) -> float:
        """The time, in seconds, within which this share of the answers came."""
        return sorted(self.seconds)[min(len(self.seconds) - 1, int(share * len(self.seconds)))]


def alerts(count: int, seconds: float, run: str) -> list[Alert]:
    """So many alerts of 20 fingerprints, evenly over the time; `run` tells the alerts of one storm from another's."""
    return [
        Alert(
            fingerprint=f"{run}-{number % FINGERPRINTS}",
            episode=number // FINGERPRINTS // len(_STATES),
            status=_STATES[number // FINGERPRINTS % len(_STATES)],
            at=number * seconds / count,
        )
        for number in range(count)
    ]


async def storm(url: str, token: str, sent: Sequence[Alert]) -> Storm:
    """Send each at its time, those of one fingerprint one after the other, again and again until it is answered with 200.

    TimeoutError when one never is.
    """
    result, began = Storm(alerts=sent), monotonic()
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(headers=headers, trust_env=False, timeout=20) as http:
        async with asyncio.timeout(_PATIENCE_SECONDS), asyncio.TaskGroup() as together:
            for fingerprint in {alert.fingerprint for alert in sent}:
                own = [alert for alert in sent if alert.fingerprint == fingerprint]
                together.create_task(_send_all(http, url, own, began, result))
    return result


async def _send_all(http: httpx.AsyncClient, url: str, own: Sequence[Alert], began: float, result: Storm) -> None:
    for alert in own:
        await asyncio.sleep(max(0.0, began + alert.at - monotonic()))
        await _send(http, url, alert, result)


async def _send(http: httpx.AsyncClient, url: str, alert: Alert, result: Storm) -> None:
    while True:
        began = monotonic()
        try:
            answer = await http.post(url, json=alert.notification())
        except httpx.TransportError:
            answer = None
        if answer is not None and answer.is_success:
            result.seconds.append(monotonic() - began)
            result.stored += answer.json()["stored"]
            result.repeated += answer.json()["repeated"]
            return
        assert answer is None or answer.status_code in (429, 503), answer.text
        result.retries += 1
        await asyncio.sleep(_RETRY_SECONDS)


def kill_service(installation: Installation) -> None:
    """SIGKILL the service process; its guard's stack starts another."""
    [service] = [process for process in installation.processes() if _is_service(process)]
    service.kill()


def _is_service(process: psutil.Process) -> bool:
    words = process.cmdline()
    return words[-1:] == ["flows.service"] and not any("guard" in word for word in words)
