"""An MCP server of the protocol of 2025, over stdio and written by hand: `python -m tests.fakes.old_server [LOG]`.

Its list has three pages, it says when the list changes, and it asks a person in the middle of a call, which it holds open.
"""

import json
import sys
from pathlib import Path
from typing import Any

_PAGES = (["page_one"], ["page_two"], ["drop", "grow"])
_SCHEMA = {
    "type": "object",
    "properties": {"sure": {"type": "boolean", "title": "Are you sure?"}},
    "required": ["sure"],
}


class OldServer:
    """The state of one session."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._more: list[str] = []

    def serve(self) -> None:
        """Answer until stdin ends."""
        for line in sys.stdin:
            message = json.loads(line)
            if "method" in message and "id" in message:
                _send({"id": message["id"], **self._answer(message["method"], message.get("params") or {})})

    def _answer(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        match method:
            case "initialize":
                capabilities = {"tools": {"listChanged": True}}
                info = {"name": "old", "version": "1"}
                return {"result": {"protocolVersion": "2025-06-18", "capabilities": capabilities, "serverInfo": info}}
            case "tools/list":
                return {"result": self._page(int(params.get("cursor") or 0))}
            case "tools/call" if params["name"] == "drop":
                return self._drop(params["arguments"])
            case "tools/call" if params["name"] == "grow":
                self._more.append("grown")
                _send({"method": "notifications/tools/list_changed"})
                return _text("there is more now")
            case "tools/call":
                return _text(f"{params['name']} was called")
            case _:
                return {"error": {"code": -32601, "message": f"no method {method}"}}

    def _page(self, number: int) -> dict[str, Any]:
        names = [*_PAGES[number], *(self._more if number == 2 else [])]
        tools = [{"name": name, "inputSchema": {"type": "object"}} for name in names]
        return {"tools": tools} | ({"nextCursor": str(number + 1)} if number < 2 else {})

    def _drop(self, arguments: dict[str, Any]) -> dict[str, Any]:
        message = f"Drop {arguments.get('table')}?"
        _send({"id": "e1", "method": "elicitation/create", "params": {"message": message, "requestedSchema": _SCHEMA}})
        answer: dict[str, Any] = json.loads(sys.stdin.readline())
        said: dict[str, Any] = answer.get("result") or {}
        if said.get("action") != "accept" or not said["content"]["sure"]:
            return _text(f"not dropped: {said.get('action', 'no answer')}")
        with self._log.open("a") as file:
            file.write(f"dropped {arguments.get('table')}\n")
        return _text("dropped")


def _text(text: str) -> dict[str, Any]:
    return {"result": {"content": [{"type": "text", "text": text}]}}


def _send(message: dict[str, Any]) -> None:
    print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)


if __name__ == "__main__":
    OldServer(Path(sys.argv[1] if len(sys.argv) > 1 else "/dev/null")).serve()
