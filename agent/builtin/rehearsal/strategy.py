"""Reads how something is to run from English: "at most one at a time", "skip it if it is still running", "for 1 hour at most"."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_COUNT = r"(?P<count>\d+|one|two|three|four|five|ten)"
_WORDS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "ten": 10, "a": 1, "an": 1}
_STILL = (
    r"(?:if|when|while) (?:it(?:'s| is)?|one(?: is)?|the (?:last|previous|other)(?: one| run)?(?: is)?|(?:a|another) run is)"
    r" (?:still )?(?:running|busy|at work|going on)"
)


@dataclass(frozen=True, kw_only=True)
class StrategyPhrase:
    """Fields of a Task's strategy, and the place in the text that says them."""

    start: int
    end: int
    fields: dict[str, Any]


def find_strategies(text: str) -> list[StrategyPhrase]:
    """All phrases in `text` that say how something runs, in order; none lies within another."""
    found = [
        StrategyPhrase(start=match.start(), end=match.end(), fields=read(match))
        for pattern, read in _RULES
        for match in pattern.finditer(text)
    ]
    kept: list[StrategyPhrase] = []
    for phrase in sorted(found, key=lambda one: (one.start, -one.end)):
        if not kept or phrase.start >= kept[-1].end:
            kept.append(phrase)
    return kept


def _number(word: str) -> int:
    plain = word.replace(",", "").lower()
    return int(plain) if plain.isdigit() else _WORDS[plain]


def _constant(**fields: Any) -> Callable[[re.Match[str]], dict[str, Any]]:
    return lambda _: dict(fields)


def _at_once(match: re.Match[str]) -> dict[str, Any]:
    return {"concurrency": _number(match["count"])}


def _minutes(match: re.Match[str]) -> dict[str, Any]:
    each = 60 if match["unit"].lower().startswith("h") else 1
    return {"time_limit_minutes": _number(match["count"]) * each}


def _steps(match: re.Match[str]) -> dict[str, Any]:
    return {"step_limit": int(match["count"])}


def _tokens(match: re.Match[str]) -> dict[str, Any]:
    factor = {"k": 1_000, "m": 1_000_000}.get((match["factor"] or "").lower()[:1], 1)
    return {"token_budget": _number(match["count"]) * factor}


_Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], dict[str, Any]]]


def _rule(pattern: str, read: Callable[[re.Match[str]], dict[str, Any]]) -> _Rule:
    """A blank in `pattern` is any white space."""
    return re.compile(rf"\b(?:{pattern})(?!\w)".replace(" ", r"\s+"), re.IGNORECASE), read


_LESS = r"(?:at most|no (?:more|longer) than|not (?:more|longer) than|up to|for at most)"
_AT_ONCE = r"(?:at a time|at once|at the same time|in parallel)"
_EACH = r"(?: each| long| a run| per run)?"
_END = r"(?=\s*(?:[.,;]|$|and\b))"
_RULES = (
    _rule(rf"(?:{_LESS}|only|run) {_COUNT}(?: of them| runs?)? {_AT_ONCE}", _at_once),
    _rule(rf"(?:never|not) (?:run )?(?:two|twice|more than one)(?: of them| runs?)? {_AT_ONCE}", _constant(concurrency=1)),
    _rule(
        rf"(?:skip|do not start|don't start)(?: it| that| one| this| another| the [\w-]+)? {_STILL}", _constant(when_busy="skip")
    ),
    _rule(
        rf"(?:queue|let it wait|(?:it )?waits?)(?: it| them| up| its turn| for its turn| the [\w-]+)* {_STILL}",
        _constant(when_busy="queue"),
    ),
    _rule(r"queue(?: it| them)?(?: up)?(?: meanwhile| otherwise)?(?=\s*(?:[.,;]|$))", _constant(when_busy="queue")),
    _rule(
        rf"(?:cancel|stop|end|replace) (?:the )?(?:older|old|running|previous|last)(?: one| run)?(?: {_STILL})?",
        _constant(when_busy="cancel_older"),
    ),
    _rule(
        r"(?:make up for|catch up(?: on)?) (?:a |the last |the latest )?(?:missed|lost)(?: (?:one|run|start|time)s?)?",
        _constant(when_missed="run_latest"),
    ),
    _rule(
        r"(?:if|when) (?:it|one|a run|a start) (?:was|is) missed,? (?:run|do|start) (?:it|the (?:latest|last)(?: one)?)"
        r"(?: later| once| afterwards)*",
        _constant(when_missed="run_latest"),
    ),
    _rule(r"skip (?:what (?:was|is) |those that were |any )?missed(?: (?:one|run|start|time)s?)?", _constant(when_missed="skip")),
    _rule(rf"{_LESS} (?P<count>\d+|an?|one|two|three|five|ten)\s*(?P<unit>minutes?|mins?|hours?){_EACH}{_END}", _minutes),
    _rule(rf"{_LESS} (?P<count>\d+) steps?{_EACH}", _steps),
    _rule(rf"(?:{_LESS}|with a budget of) (?P<count>[\d,]+)\s*(?P<factor>k|thousand|m|million)?\s*tokens?{_EACH}", _tokens),
)
