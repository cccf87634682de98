"""How tests reach the counter server: its connection, its files, and a bounded wait for what its log says."""

import asyncio
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from blueprint.connections import StdioServer, ToolServerConnection

_ROOT = Path(__file__).parents[2]
_WAIT_SECONDS = 20


@dataclass(frozen=True, kw_only=True)
class Counter:
    """A counter server's files, in `folder`."""

    folder: Path

    @classmethod
    def in_new(cls, folder: Path) -> Self:
        """A counter in a folder that is made for it."""
        folder.mkdir(parents=True)
        return cls(folder=folder)

    @property
    def arguments(self) -> tuple[str, ...]:
        """What follows the interpreter on its command line."""
        files = ("--file", str(self.folder / "counts"), "--log", str(self.folder / "calls"))
        return ("-m", "tests.fakes.counter_server", *files)

    def connection(self, *, name: str = "counter", call_seconds: float = 20) -> ToolServerConnection:
        """The server over stdio."""
        server = StdioServer(command=sys.executable, arguments=self.arguments, directory=str(_ROOT))
        return ToolServerConnection(name=name, server=server, call_timeout_seconds=call_seconds, connect_timeout_seconds=30)

    def counts(self) -> list[str]:
        """The effects that really happened."""
        return _lines(self.folder / "counts")

    def calls(self, tool: str = "", moment: str = "") -> list[dict[str, Any]]:
        """What the server wrote down about its calls, all or of one tool and moment."""
        entries = [json.loads(line) for line in _lines(self.folder / "calls")]
        return [one for one in entries if one["tool"] == (tool or one["tool"]) and one["moment"] == (moment or one["moment"])]

    async def wait_for(self, tool: str, moment: str) -> None:
        """Return once the server wrote that down; TimeoutError after 20 s."""
        await wait_until(lambda: bool(self.calls(tool, moment)))


async def wait_until(is_so: Callable[[], bool], seconds: float = _WAIT_SECONDS) -> None:
    """Return once `is_so()`; TimeoutError when that takes longer than `seconds`."""
    async with asyncio.timeout(seconds):
        while not is_so():
            await asyncio.sleep(0.02)


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []
