"""Standing rules: which calls they fit, by tool, by the names of the arguments and by each pattern (R5.3)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pydantic import JsonValue, ValidationError

from blueprint.policy import ToolCall
from blueprint.standing import StandingRule, fits_pattern, span
from tests.fakes.records import standing_rule

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def _rule(tool: str = "host.restart", **arguments: str) -> StandingRule:
    return standing_rule(NOW, tool=tool, arguments=arguments)


def _call(tool: str = "restart", **arguments: JsonValue) -> ToolCall:
    return ToolCall(id="c00001000", server="host", tool=tool, arguments=arguments)


def test_a_rule_fits_calls_of_its_tool_with_exactly_its_arguments() -> None:
    rule = _rule(service="nginx*", force="false")
    assert rule.fits(_call(service="nginx-2", force=False))
    assert not rule.fits(_call(service="nginx-2"))
    assert not rule.fits(_call(service="nginx-2", force=False, now=True))
    assert not rule.fits(_call(service="nginx-2", force=True))
    assert not rule.fits(_call("stop", service="nginx-2", force=False))
    assert _rule().fits(_call())
    assert not _rule().fits(_call(service="nginx"))


PATTERNS: list[tuple[str, JsonValue, bool]] = [
    ("nginx", "nginx", True),
    ("nginx", "Nginx", False),
    ("nginx", "nginx ", False),
    ("nginx*", "nginx-1", True),
    ("nginx*", "nginx; reboot", False),
    ("nginx*", "nginx\nreboot", False),
    ("nginx*", "nginx/../../x", False),
    ("web-?", "web-1", True),
    ("web-?", "web-12", False),
    ("scratch/*", "scratch/a.log", True),
    ("scratch/*", "scratch/a/b.log", False),
    ("scratch/**", "scratch/a/b.log", True),
    ("scratch/**", "scratch/../etc/passwd", False),
    ("scratch/**", "scratch/..\\etc", False),
    ("../x", "../x", True),
    ("**", "anything\nat all", True),
    ("[ab]", "a", False),
    ("[ab]", "[ab]", True),
    ("a.c", "abc", False),
    ("7", 7, True),
    ("7", 7.0, True),
    ("7", "7", True),
    ("7", True, False),
    ("true", True, True),
    ("null", None, True),
    ('["a","b"]', ["a", "b"], True),
    ("*", {"a": "b"}, True),
    ("*", {"a": "b c"}, False),
    ("", "", True),
    ("*", "", True),
]


@pytest.mark.parametrize(("pattern", "value", "expected"), PATTERNS)
def test_a_pattern_fits_what_the_table_says(pattern: str, value: JsonValue, expected: bool) -> None:
    assert fits_pattern(pattern, value) is expected


@given(some.text())
def test_a_text_without_wildcards_fits_itself_and_a_wildcard_lets_no_path_climb(text: str) -> None:
    assert fits_pattern(text, text)
    assert not fits_pattern("a/**", f"a/../{text}")


@pytest.mark.parametrize("tool", ["host", "host.*", "*.restart", "host.", "", "host.re start"])
def test_a_rule_is_for_one_tool(tool: str) -> None:
    with pytest.raises(ValidationError):
        _rule(tool)


def test_a_span_is_read_with_its_unit() -> None:
    read = [span(text) for text in ("90m", "12h", "7d", " 4w ")]
    assert read == [timedelta(minutes=90), timedelta(hours=12), timedelta(days=7), timedelta(weeks=4)]


@pytest.mark.parametrize("text", ["", "7", "d", "0d", "-1d", "7 d", "7y", "366d", "1.5d", "999999d"])
def test_what_is_no_span_for_a_rule_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="write for example '12h', '7d'"):
        span(text)
