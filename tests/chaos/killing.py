"""Kills processes of an installation by SIGKILL at moments and of kinds that a seed draws."""

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import psutil

from tests.fakes.installation import Installation

WEIGHTS = {
    "run process": 46,
    "tool server": 34,
    "worker": 5,
    "warm interpreter": 3,
    "service process": 5,
    "Prefect server": 4,
    "database": 3,
}
"""What is killed, and how often of a hundred."""
EVERYTHING = "whole installation"

_APPEARS_SECONDS = 2.0
"""So long the killer waits for a process of the kind that it wants; then it wants one that works for a run."""
_WORKING = ("run process", "tool server")


@dataclass(frozen=True, kw_only=True)
class Killer:
    """Who kills: `killed` counts by kind what was alive when the signal was sent."""

    here: Installation
    chance: random.Random
    tell: Callable[[str], None]
    killed: Counter[str] = field(default_factory=Counter[str])

    async def rage(self, *, kills: int, seconds: float, everything: int = 0) -> None:
        """So many kills within so many seconds, `everything` of them of the whole installation, which is started again.

        When the seconds are over it is enough, also where the machine was too slow to offer so much to kill.
        """
        loop = asyncio.get_running_loop()
        began, whole = loop.time(), {round(kills * part / (everything + 1)) for part in range(1, everything + 1)}
        for number, moment in enumerate(sorted(self.chance.uniform(0, seconds) for _ in range(kills))):
            await asyncio.sleep(max(0.0, began + moment - loop.time()))
            if loop.time() > began + seconds:
                break
            await (self._kill_everything() if number in whole else self._kill_one())

    async def _kill_one(self) -> None:
        while not self._is_killed(await self._prey(self._kind())):
            await asyncio.sleep(0.1)

    def _kind(self) -> str:
        return self.chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]

    async def _prey(self, kind: str) -> tuple[str, Sequence[psutil.Process]]:
        """Living processes of this kind or, when none appears, of a run.

        Never of the ground that runs stand on: killed again and again it would not come up, and there were no runs to kill.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + _APPEARS_SECONDS
        while not (found := [one for one in self.here.processes() if kind_of(one) == kind]):
            if loop.time() > end:
                kind = self.chance.choice(_WORKING)
            await asyncio.sleep(0.05)
        return kind, _with_backends(found) if kind == "database" else found

    def _is_killed(self, prey: tuple[str, Sequence[psutil.Process]]) -> bool:
        kind, found = prey
        try:
            victim = self.chance.choice(found)
            victim.kill()
        except psutil.Error:
            return False  # it ended by itself in between
        self.killed[kind] += 1
        self.tell(f"kill {sum(self.killed.values())}: {kind} {victim.pid}")
        return True

    async def _kill_everything(self) -> None:
        self.tell(f"kill {sum(self.killed.values()) + 1}: {EVERYTHING}")
        self.killed[EVERYTHING] += 1
        await self.here.down(signal.SIGKILL)
        await self.here.up()


def kind_of(process: psutil.Process) -> str:
    """Which of the kinds this process is; empty for what is never killed by itself, such as the guards."""
    try:
        line, leads = " ".join(process.cmdline()), os.getsid(process.pid) == process.pid
    except (psutil.Error, ProcessLookupError):
        return ""
    if "guard.py" in line:
        return ""
    if "tests.fakes.counter_server" in line:
        return "tool server"
    if "forkserver" in line:  # a fork keeps the command line of what it was forked from, and becomes a leader
        return "run process" if leads else "warm interpreter"
    if "prefect.flow_engine" in line or "prefect.engine" in line:
        return "run process"
    if "flows.service" in line:
        return "service process"
    if "/postgres" in line or line.startswith("postgres"):
        return "database"
    if "server start" in line or "prefect.server" in line:
        return "Prefect server"
    return "worker" if "worker" in line else ""


def _with_backends(postmasters: Sequence[psutil.Process]) -> list[psutil.Process]:
    """PostgreSQL's processes, the first as likely as all others: the death of any of them makes it recover."""
    backends = [child for one in postmasters for child in one.children()]
    return [*list(postmasters) * max(1, len(backends)), *backends]
