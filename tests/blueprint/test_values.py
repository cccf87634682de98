"""Canonical JSON, digests, names and moments: equal means equal, different means different."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pydantic import JsonValue, TypeAdapter, ValidationError

from blueprint.values import Moment, Name, canonical_json, digest, slug

_SCALARS = (
    some.none()
    | some.booleans()
    | some.integers()
    | some.floats(allow_nan=False, allow_infinity=False)
    | some.text(some.characters(exclude_categories=["Cs"]))
)
JSON_VALUES = some.recursive(
    _SCALARS, lambda inner: some.lists(inner) | some.dictionaries(some.text(max_size=5), inner), max_leaves=20
)


@given(JSON_VALUES)
def test_canonical_json_reads_back_as_the_same_value(value: JsonValue) -> None:
    assert json.loads(canonical_json(value)) == value


@given(JSON_VALUES)
def test_canonical_json_of_what_it_reads_back_as_is_the_same_text(value: JsonValue) -> None:
    assert canonical_json(json.loads(canonical_json(value))) == canonical_json(value)


@given(some.dictionaries(some.text(), JSON_VALUES), some.randoms(use_true_random=False))
def test_the_order_of_fields_does_not_matter(value: dict[str, JsonValue], random: Any) -> None:
    names = list(value)
    random.shuffle(names)
    assert digest({name: value[name] for name in names}) == digest(value)


@given(some.lists(JSON_VALUES, min_size=2, max_size=4))
def test_the_order_of_a_list_does_matter(values: list[JsonValue]) -> None:
    is_palindrome = canonical_json(values) == canonical_json(values[::-1])
    assert (digest(values) == digest(values[::-1])) is is_palindrome


@given(some.integers(min_value=-(2**53), max_value=2**53))
def test_a_whole_number_is_the_same_with_and_without_a_point(number: int) -> None:
    assert canonical_json(float(number)) == canonical_json(number) == str(number)


@given(JSON_VALUES, JSON_VALUES)
def test_different_values_have_different_digests(one: JsonValue, other: JsonValue) -> None:
    assert (digest(one) == digest(other)) is (canonical_json(one) == canonical_json(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, True), (0, False), (1, "1"), (None, "null"), ([], {}), ({"a": None}, {}), (0.1, "0.1"), ("", None), (1e400 > 0, "true")],
)
def test_values_of_different_kinds_are_different(one: JsonValue, other: JsonValue) -> None:
    assert digest(one) != digest(other)
    assert digest({"a": one}) != digest({"a": other})


def test_minus_zero_and_large_numbers_have_one_form() -> None:
    assert canonical_json(-0.0) == "0"
    assert canonical_json([1e3, 1000.0, 1000]) == "[1000,1000,1000]"


def test_two_unicode_forms_of_one_word_are_two_values() -> None:
    composed, decomposed = "caf\N{LATIN SMALL LETTER E WITH ACUTE}", "cafe\N{COMBINING ACUTE ACCENT}"
    assert digest(composed) != digest(decomposed)
    assert canonical_json(composed) == f'"{composed}"'


def test_a_lone_surrogate_has_a_digest_too() -> None:
    assert digest("\ud800") != digest("\udfff")


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_json_number_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical_json({"a": number})


@given(some.text())
def test_a_slug_is_always_a_name(text: str) -> None:
    name = slug(text)
    assert TypeAdapter(Name).validate_python(name) == name
    assert len(name) <= 40
    assert slug(name) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Inspect the host!", "inspect-the-host"),
        ("  --  ", "mission"),
        ("日本", "mission"),
        ("a" * 60, "a" * 40),
        ("Ünit 7", "nit-7"),
    ],
)
def test_a_slug_keeps_what_is_plain(text: str, name: str) -> None:
    assert slug(text) == name


def test_a_moment_is_kept_in_utc_and_needs_an_offset() -> None:
    moments: TypeAdapter[Moment] = TypeAdapter(Moment)
    assert moments.validate_python("2027-01-01T01:00:00+01:00").isoformat() == "2027-01-01T00:00:00+00:00"
    with pytest.raises(ValidationError):
        moments.validate_python("2027-01-01T01:00:00")
