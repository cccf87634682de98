"""Writes down each call of a tool at its start and at its end, for those who want to see what was really done."""

import json
import os
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext


class CallLog:
    """Middleware of an MCP server: one JSON line when a tool call begins and one when it ends, flushed to disk."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def __call__(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        """Pass the message on; write when it is a tool call."""
        if ctx.method != "tools/call":
            return await call_next(ctx)
        params: Mapping[str, Any] = ctx.params or {}
        known: dict[str, Any] = {
            "call": uuid.uuid4().hex[:8],
            "tool": params.get("name"),
            "arguments": params.get("arguments") or {},
        }
        self._write("start", known)
        end = "cancelled or failed"
        try:
            result = await call_next(ctx)
            end = "end"
            return result
        finally:
            self._write(end, known)

    def _write(self, moment: str, known: Mapping[str, Any]) -> None:
        line = json.dumps({"moment": moment, **known, "pid": os.getpid(), "at": time.time()})
        with self._path.open("a") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())
