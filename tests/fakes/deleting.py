"""Deletes a Mission in a process that SIGKILLs itself in the middle of a step, before one of its operations takes effect.

    python -m tests.fakes.deleting MISSION HOME STEP request|statement NUMBER

Operations are requests to Prefect that change something, and statements to the database. The process holds the deletion's lock
from before it begins, so that nobody else works on it meanwhile; the lock goes with the process.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

import httpx
from prefect.client.orchestration import PrefectClient
from sqlalchemy import event
from sqlalchemy.engine import Engine

from blueprint.deletion import deletion_key
from flows.lifecycle.deleting import begin_deletion
from flows.lifecycle.going_on import deleting
from flows.opening import open_store


class Killer:
    """Counts operations of one kind in one step, and kills this process before the last of them."""

    def __init__(self, step: str, kind: str, number: int) -> None:
        self._fatal, self._left, self.step = (step, kind), number, ""

    def count(self, kind: str) -> None:
        """One operation is about to be done."""
        self._left -= (self.step, kind) == self._fatal
        if self._left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def statement(self, *_: Any) -> None:
        """A statement goes to the database."""
        self.count("statement")

    async def request(self, request: httpx.Request) -> None:
        """A request goes to Prefect."""
        if request.method != "GET" and not request.url.path.endswith("/filter"):
            self.count("request")


async def delete(mission_id: str, home: Path, killer: Killer) -> None:
    """Do its steps in order until the kill."""
    event.listen(Engine, "before_cursor_execute", killer.statement)
    hooks = {"event_hooks": {"request": [killer.request]}}
    async with open_store() as store, PrefectClient(api=os.environ["PREFECT_API_URL"], httpx_settings=hooks) as client:
        async with store.advisory_lock(f"delete:{deletion_key(mission_id)}") as is_ours:
            assert is_ours
            deletion = await begin_deletion(store, mission_id, mission_id, by="test")
            for step in deleting(store, client, home).steps:
                killer.step = str(getattr(step, "__name__", ""))
                deletion = await step(deletion)


if __name__ == "__main__":
    asyncio.run(delete(sys.argv[1], Path(sys.argv[2]), Killer(sys.argv[3], sys.argv[4], int(sys.argv[5]))))
