"""An MCP server over stdio, written by hand, that answers in ways no SDK would: `python -m tests.fakes.odd_server`."""

import json
import sys
from typing import Any

_TOOLS = [
    {"name": "shapeless", "inputSchema": {"type": "object"}},
    {"name": "breaks_schema", "inputSchema": {"type": "object"}, "outputSchema": {"type": "object", "required": ["size"]}},
    {"name": "refuses", "inputSchema": {"type": "object"}},
    {"name": "fails", "inputSchema": {"type": "object"}},
]
_ANSWERS: dict[str, dict[str, Any]] = {
    "shapeless": {"result": {"content": 7}},
    "breaks_schema": {"result": {"content": [], "structuredContent": {"colour": "red"}}},
    "refuses": {"error": {"code": -32602, "message": "size is missing"}},
    "fails": {"error": {"code": -32603, "message": "disk on fire"}},
}


def _answer(method: str, params: dict[str, Any]) -> dict[str, Any]:
    match method:
        case "initialize":
            server = {"name": "odd", "version": "1"}
            return {"result": {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": server}}
        case "tools/list":
            return {"result": {"tools": _TOOLS, "nextCursor": "again"}}
        case "tools/call":
            return _ANSWERS[params["name"]]
        case _:
            return {"error": {"code": -32601, "message": f"no method {method}"}}


def _main() -> None:
    for line in sys.stdin:
        message = json.loads(line)
        if "id" in message:
            answer = _answer(message["method"], message.get("params", {}))
            print(json.dumps({"jsonrpc": "2.0", "id": message["id"], **answer}), flush=True)


if __name__ == "__main__":
    _main()
