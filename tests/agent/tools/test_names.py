"""Wire names fit every provider and never clash."""

import re

from hypothesis import given
from hypothesis import strategies as st

from agent.tools.names import MAX_LENGTH, wire_names


def test_a_plain_tool_is_called_server_and_tool() -> None:
    assert wire_names([("host", "disk_usage")]) == {("host", "disk_usage"): "host__disk_usage"}


def test_what_providers_refuse_is_replaced() -> None:
    names = wire_names([("host", "pods.list all"), ("3scale", "x")])
    assert list(names.values()) == ["host__pods_list_all", "t3scale__x"]


def test_names_that_would_be_equal_get_a_hash_of_the_real_name_each() -> None:
    names = wire_names([("host", "a.b"), ("host", "a/b"), ("host", "c")])
    assert len(set(names.values())) == 3
    assert names["host", "a.b"] != "host__a_b"
    assert names["host", "c"] == "host__c"


def test_a_long_name_is_cut_and_still_tells_its_server() -> None:
    (name,) = wire_names([("kubernetes", "x" * 100)]).values()
    assert len(name) == MAX_LENGTH
    assert name.startswith("kubernetes__xxx")


@given(st.lists(st.tuples(st.from_regex(r"[a-z0-9][a-z0-9-]{0,62}", fullmatch=True), st.text(min_size=1)), unique=True))
def test_all_names_fit_are_unique_and_do_not_depend_on_the_order(tools: list[tuple[str, str]]) -> None:
    names = wire_names(tools)
    assert names == wire_names(reversed(tools))
    assert len(set(names.values())) == len(tools)
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,63}", name) for name in names.values())
