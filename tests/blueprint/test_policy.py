"""What happens to a call: levels, patterns, strictness and what its server declares (R5.2)."""

from itertools import product

import pytest
from pydantic import JsonValue

from blueprint.policy import RiskPolicy, Rule, ToolCall, ToolRule, ToolTraits, assess

READS = ToolTraits(read_only=True)
CALL = ToolCall(id="c00001000", server="host", tool="clean_scratch", arguments={"days": 7})


def _policy(**rules: Rule) -> RiskPolicy:
    return RiskPolicy(rules=tuple(ToolRule(tool=tool, rule=rule) for tool, rule in rules.items()))


def _levels(*levels: dict[str, Rule]) -> list[tuple[str, RiskPolicy]]:
    names = ("the Blueprint", "the Digital Employee", "the tool server")
    return [(name, _policy(**level)) for name, level in zip(names, levels, strict=False)]


TRAITS = [
    (ToolTraits(), Rule.ASK, "does not say what it changes"),
    (ToolTraits(idempotent=True), Rule.ASK, "does not say what it changes"),
    (ToolTraits(read_only=True), Rule.AUTO, "read-only"),
    (ToolTraits(read_only=True, destructive=False, idempotent=True), Rule.AUTO, "read-only"),
    (ToolTraits(read_only=True, destructive=True), Rule.ASK, "changes something"),
    (ToolTraits(read_only=False), Rule.ASK, "changes something"),
    (ToolTraits(read_only=False, destructive=False), Rule.ASK, "changes something"),
    (ToolTraits(destructive=False), Rule.ASK, "changes something"),
    (ToolTraits(read_only=False, destructive=True, idempotent=True), Rule.ASK, "changes something"),
]


@pytest.mark.parametrize(("traits", "rule", "reason"), TRAITS)
def test_without_rules_only_what_is_declared_read_only_goes_without_asking(traits: ToolTraits, rule: Rule, reason: str) -> None:
    verdict = assess([], CALL, traits)
    assert verdict.rule is rule
    assert reason in verdict.reason


def test_the_first_level_that_says_something_counts_and_is_named() -> None:
    verdict = assess(_levels({"host.*": Rule.CAUTIOUS}, {"host.clean_scratch": Rule.ASK}), CALL, READS)
    assert verdict.rule is Rule.CAUTIOUS
    assert verdict.reason == "the Blueprint says cautious for 'host.*'"


def test_a_level_that_does_not_speak_of_the_tool_leaves_it_to_the_next() -> None:
    verdict = assess(_levels({"git.*": Rule.AUTO}, {}, {"host.*": Rule.ASK}), CALL, READS)
    assert (verdict.rule, verdict.reason) == (Rule.ASK, "the tool server says ask for 'host.*'")


@pytest.mark.parametrize(("place", "other"), list(product(range(3), [Rule.AUTO, Rule.CAUTIOUS, Rule.ASK])))
def test_what_any_level_forbids_stays_forbidden_whatever_the_others_say(place: int, other: Rule) -> None:
    levels = [{"host.clean_scratch": other}, {"host.clean_scratch": other}, {"host.clean_scratch": other}]
    levels[place] = {"*": Rule.FORBID}
    verdict = assess(_levels(*levels), CALL, READS)
    assert verdict.rule is Rule.FORBID
    assert "says forbid for '*'" in verdict.reason


PATTERNS = [
    ({"host.*": Rule.ASK, "host.clean_scratch": Rule.AUTO}, Rule.AUTO),
    ({"host.clean_scratch": Rule.AUTO, "host.*": Rule.ASK}, Rule.AUTO),
    ({"*": Rule.ASK, "host.*": Rule.AUTO}, Rule.AUTO),
    ({"host.*": Rule.AUTO, "host.clean_*": Rule.ASK}, Rule.ASK),
    ({"*.clean_scratch": Rule.CAUTIOUS, "host.*": Rule.AUTO}, Rule.CAUTIOUS),
    ({"host.clean_scratc?": Rule.AUTO, "host.clean_scratch": Rule.ASK}, Rule.ASK),
    ({"h*.clean_scratch": Rule.AUTO, "*host.clean_scratch": Rule.ASK}, Rule.ASK),
    ({"HOST.CLEAN_SCRATCH": Rule.AUTO}, Rule.ASK),
    ({"clean_scratch": Rule.AUTO}, Rule.ASK),
    ({"host": Rule.AUTO}, Rule.ASK),
]


@pytest.mark.parametrize(("rules", "rule"), PATTERNS)
def test_the_most_specific_pattern_of_a_level_wins(rules: dict[str, Rule], rule: Rule) -> None:
    assert assess(_levels(rules), CALL, ToolTraits()).rule is rule


def test_among_equal_patterns_the_strictest_wins_in_any_order() -> None:
    rules = [ToolRule(tool="host.*", rule=Rule.AUTO), ToolRule(tool="host.*", rule=Rule.ASK)]
    for order in (rules, rules[::-1]):
        assert assess([("it", RiskPolicy(rules=tuple(order)))], CALL, READS).rule is Rule.ASK


def test_an_order_of_patterns_that_a_star_repeats_does_not_change_what_is_specific() -> None:
    rules = _policy(**{"host.**********************": Rule.AUTO, "host.cl*": Rule.ASK})
    assert assess([("it", rules)], CALL, READS).rule is Rule.ASK


def test_a_forbidding_pattern_counts_even_where_a_more_specific_one_of_its_level_allows() -> None:
    rules = {"host.*": Rule.FORBID, "host.clean_scratch": Rule.AUTO}
    assert assess(_levels(rules), CALL, READS).rule is Rule.AUTO, "one level may make an exception of its own rule"
    assert assess(_levels({"host.clean_scratch": Rule.AUTO}, {"host.*": Rule.FORBID}), CALL, READS).rule is Rule.FORBID


def test_a_call_is_bound_to_server_tool_and_arguments_and_to_nothing_else() -> None:
    same = [CALL.model_copy(update={"id": "c00002000"}), CALL.model_copy(update={"arguments": {"days": 7.0}})]
    changes: list[dict[str, JsonValue]] = [
        {"server": "far"},
        {"tool": "disk"},
        {"arguments": {"days": 8}},
        {"arguments": {"days": "7"}},
        {"arguments": {}},
    ]
    other = {CALL.model_copy(update=change).digest for change in changes}
    assert {call.digest for call in same} == {CALL.digest}
    assert len(other - {CALL.digest}) == len(changes)
