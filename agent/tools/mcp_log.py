"""Keeps what a tool server's process writes to stderr in a file, without the secrets that it was given (R9.1)."""

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TextIO

from agent.redaction import Redaction

_LONGEST_LINE = 64 * 2**10
_LAST_WORDS_SECONDS = 1.0
"""How long to wait for the rest once the server is gone: something that it started may hold its stderr open."""


@asynccontextmanager
async def kept_log(path: Path | None, redaction: Redaction) -> AsyncGenerator[TextIO]:
    """What to give the process as stderr; its lines are added to the file `path`, or dropped where that is None."""
    if path is None:
        with _nowhere() as nowhere:
            yield nowhere
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    end, given = os.pipe()
    reader = asyncio.StreamReader(limit=_LONGEST_LINE)
    with path.open("ab") as log, os.fdopen(given, "w") as stderr:
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(end, "rb")
        )
        copying = asyncio.create_task(_copy(reader, log, redaction))
        try:
            yield stderr
        finally:
            stderr.close()
            try:
                await asyncio.wait([copying], timeout=_LAST_WORDS_SECONDS)
            finally:
                copying.cancel()
                transport.close()


def _nowhere() -> TextIO:
    return open(os.devnull, "w")


async def _copy(reader: asyncio.StreamReader, log: BinaryIO, redaction: Redaction) -> None:
    """Line by line to the end. A full disk costs the lines, not the server: it must never wait for us."""
    while line := await _line(reader):
        with suppress(OSError):
            log.write(redaction.text(line.decode(errors="replace")).encode(errors="replace"))
            log.flush()


async def _line(reader: asyncio.StreamReader) -> bytes:
    """The next line, or so much of it as is kept at once; empty at the end."""
    try:
        return await reader.readuntil()
    except asyncio.IncompleteReadError as rest:
        return rest.partial
    except asyncio.LimitOverrunError as long:
        return await reader.readexactly(long.consumed)
