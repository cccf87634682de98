"""What a run has seen of the thing that a call would change, and whether it has moved (R5.3)."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from pydantic import JsonValue

from blueprint.evidence import MOST, differences, find_evidence
from blueprint.policy import Rule, ToolCall, ToolTraits
from blueprint.records import JournalEntry
from blueprint.stream import Intended, Outcome, Returned, StreamEvent

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
RESTART = ToolCall(id="c00009000", server="host", tool="restart", arguments={"service": "nginx", "pid": 4711, "force": True})
READS = ToolTraits(read_only=True)


def _call(number: int, tool: str = "status", server: str = "host", **arguments: JsonValue) -> ToolCall:
    return ToolCall(id=f"c{number:05d}000", server=server, tool=tool, arguments=arguments)


def _read(
    call: ToolCall, text: str = "fine", *, traits: ToolTraits = READS, rule: Rule = Rule.AUTO, outcome: Outcome = Outcome.DONE
) -> list[StreamEvent]:
    return [
        Intended(call=call, traits=traits, rule=rule, reason="it reads"),
        Returned(call=call, outcome=outcome, text=text, size=len(text)),
    ]


def _found(*events: Sequence[StreamEvent]) -> list[tuple[str, int]]:
    flat = [event for some in events for event in some]
    entries = [JournalEntry(sequence=place, at=NOW, event=event) for place, event in enumerate(flat, start=1)]
    return [(seen.call.id, seen.step) for seen in find_evidence(RESTART, entries)]


@pytest.mark.parametrize(
    ("call", "text"),
    [(_call(1, service="nginx"), "up"), (_call(1, pid=4711), "up"), (_call(1), "Nginx: up"), (_call(1), "pid 4711 works")],
    ids=["same text", "same number", "in the result", "number in the result"],
)
def test_a_read_that_shares_a_value_or_whose_result_has_one_is_evidence(call: ToolCall, text: str) -> None:
    assert _found(_read(call, text)) == [(call.id, 2)]


@pytest.mark.parametrize(
    "events",
    [
        _read(_call(1, service="redis"), "redis: up, 47110 requests, nginx2"),
        _read(_call(1, server="far", service="nginx")),
        _read(_call(1, service="nginx"), traits=ToolTraits(read_only=False)),
        _read(_call(1, service="nginx"), rule=Rule.ASK),
        _read(_call(1, service="nginx"), outcome=Outcome.UNKNOWN),
        _read(_call(1, service="nginx"))[1:],
        _read(_call(1, force=True), "true"),
    ],
    ids=["other value", "other server", "changes", "asked about", "unknown", "never begun", "a flag"],
)
def test_anything_else_is_none(events: list[StreamEvent]) -> None:
    assert _found(events) == []


def test_the_newest_result_of_each_call_counts_and_five_calls_at_most() -> None:
    reads = [_read(_call(number, service="nginx", line=number)) for number in range(1, MOST + 3)]
    again = _read(_call(90, service="nginx", line=4))
    found = _found(*reads, again)
    assert [call_id for call_id, _ in found] == ["c00003000", "c00005000", "c00006000", "c00007000", "c00090000"]


def test_a_result_that_differs_is_told_with_the_place_where_it_does() -> None:
    def seen(text: str) -> Sequence[StreamEvent]:
        return _read(_call(1, service="nginx"), text)

    before, same, now = (
        find_evidence(RESTART, [JournalEntry(sequence=place, at=NOW, event=event) for place, event in enumerate(events, start=1)])
        for events in (seen("nginx: up"), seen("nginx: up"), seen("nginx: down"))
    )
    assert differences(before, same) == ()
    assert differences(before, now) == (
        "host.status gives something else than in step 2: it was 'nginx: up' and is 'nginx: down'.",
    )
    [long, longer] = [
        find_evidence(RESTART, [JournalEntry(sequence=1, at=NOW, event=one) for one in seen("nginx " + "x" * n)])
        for n in (1_000, 1_001)
    ]
    assert differences(long, longer) == ("host.status gives something else than in step 1: it differs further down.",)
