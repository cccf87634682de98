"""What looks like a secret is taken out, and what does not stays (R9.1)."""

import re
from time import monotonic

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blueprint.secrets import MARK, replaced, without_secrets

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("key sk-proj-abc123def456ghi789", f"key {MARK}"),
        ("aws AKIAIOSFODNN7EXAMPLE there", f"aws {MARK} there"),
        ("git ghp_abcdefghijklmnopqrstuvwxyz0123456789", f"git {MARK}"),
        ("slack xoxb-1234567890-abcdef", f"slack {MARK}"),
        (f"jwt {JWT}.", f"jwt {MARK}."),
        ("postgresql://user:hunter2@db/x", f"postgresql://user:{MARK}@db/x"),
        ("DB_PASSWORD=hunter22 next", f"DB_PASSWORD={MARK} next"),
        ('{"api_key": "abc123def"}', f'{{"api_key": "{MARK}"}}'),
        ('{\\"client_secret\\": \\"abc123def\\"}', f'{{\\"client_secret\\": \\"{MARK}\\"}}'),
        ("Authorization: Bearer abcdefgh", f"Authorization: Bearer {MARK}"),
        ("curl -H 'bearer 0123456789abcdef0123'", f"curl -H 'bearer {MARK}'"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----\nafter", f"{MARK}\nafter"),
        ("-----BEGIN PRIVATE KEY-----\nMII and never an end", MARK),
    ],
)
def test_taken_out(text: str, expected: str) -> None:
    assert without_secrets(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "The password was changed yesterday.",
        "password: see the wiki",
        "token budget: 500,000 tokens used",
        "risk-management-and-other-words-of-some-length",
        "https://example.com:8080/path?x=1",
        "12:30:45 user@host: logged in",
        "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "key: value, secret santa, task-skeleton-of-a-plan-2026",
        f"password={MARK}",
    ],
)
def test_left_as_it_is(text: str) -> None:
    assert without_secrets(text) == text


@pytest.mark.parametrize("piece", ["eyJ", "password=", "://a:", "a.", "-----BEGIN PRIVATE KEY-----", "sk-1", "x", " ", '"'])
def test_a_megabyte_takes_no_time(piece: str) -> None:
    start = monotonic()
    without_secrets(piece * (1_000_000 // len(piece)))
    assert monotonic() - start < 10


_AT_MOST_8 = re.compile(r"\b(a)b{1,5}(?=c)|\bcd")


@given(st.text(alphabet="abcd ", max_size=60), st.integers(min_value=1, max_value=70))
def test_in_windows_the_same_is_found_as_in_one_search(text: str, window: int) -> None:
    assert replaced(_AT_MOST_8, r"\g<1>-", text, longest=8, window=window) == _AT_MOST_8.sub(r"\g<1>-", text)


def test_a_secret_in_the_middle_of_a_large_text_is_found_wherever_it_lies() -> None:
    text = " ".join(f"{'x' * number} password=hunter22" for number in range(0, 20_000, 97))
    assert "hunter22" not in without_secrets(text)
    assert without_secrets(text).count(f"password={MARK}") == len(range(0, 20_000, 97))
