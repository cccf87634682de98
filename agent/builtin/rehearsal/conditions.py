"""Decides whether a condition such as "when it is over 1 MB" holds, from figures in tool results."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agent.builtin.rehearsal.amounts import amount
from agent.builtin.rehearsal.offers import Choice
from agent.builtin.rehearsal.results import Figure, Result, figures
from agent.builtin.rehearsal.words import meanings

_RELATIONS = {
    ">": r"over|above|more than|greater than|larger than|bigger than|beyond|exceeds?|>(?!=)",
    ">=": r"at least|reaches|>=",
    "<": r"below|under|less than|fewer than|smaller than|lower than|<(?!=)",
    "<=": r"at most|<=",
}
_OPPOSITE = {">": "<=", ">=": "<", "<": ">=", "<=": ">"}
_SCALES = {"k": 1, "m": 2, "g": 3, "t": 4}
_BEGIN = r"\b(?P<word>when(?:ever)?|if|once|unless|as soon as|while)\b"
_RELATION = "|".join(rf"(?P<r{index}>{words})" for index, words in enumerate(_RELATIONS.values()))
_CONDITION = re.compile(
    rf"{_BEGIN}(?P<subject>[^.;]*?)(?<!\w)(?:{_RELATION})\s*(?P<number>\d+(?:[.,]\d+)?)\s*(?P<unit>%|[a-z]+)?", re.IGNORECASE
)
_BARE = re.compile(_BEGIN, re.IGNORECASE)
_SIZE = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[kmgt]i?b|bytes)\b", re.IGNORECASE)
_NOT_IN_USE = frozenset({"free", "available", "limit", "max", "older", "old", "swap", "inodes"})


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A comparison with a number: `unit` is bytes (the number already in bytes), percent, or a noun for counts."""

    text: str
    relation: str
    number: float
    unit: str


@dataclass(frozen=True, kw_only=True)
class Check:
    """Whether a condition holds; None when the results do not tell. `reason` says by which figure."""

    holds: bool | None
    reason: str
    evidence: tuple[str, ...] = ()


def check(clause: str, choice: Choice, results: Sequence[Result]) -> Check:
    """Whether the condition in `clause`, if any, holds by what the tools that fit the clause returned."""
    condition = find_condition(clause)
    if condition is None:
        bare = _BARE.search(clause)
        return Check(holds=None, reason=f"I can't weigh {clause[bare.start() :]!r}") if bare else Check(holds=True, reason="")
    compared = [_compared(condition, figure, result) for result, figure in _candidates(condition, choice, results)]
    if len(compared) == 1 or (compared and choice.reads):
        return compared[0]
    return Check(holds=None, reason=f"no result tells for sure whether {condition.text!r}")


def _candidates(condition: Condition, choice: Choice, results: Sequence[Result]) -> list[tuple[Result, Figure]]:
    """Results with a fitting figure: of the tools that read what the clause names, or of all when it names none."""
    readers = [offer.name for offer in choice.reads]
    readable = [result for result in results if result.is_ok and not result.is_blind]
    near = [result for result in readable if result.offer.name in readers or not readers]
    return [(result, figure) for result in near if (figure := _figure(condition, result)) is not None]


def find_condition(clause: str) -> Condition | None:
    """The comparison in `clause`, None when there is none that is understood."""
    match = _CONDITION.search(clause)
    if match is None:
        return None
    relation = next(sign for index, sign in enumerate(_RELATIONS) if match[f"r{index}"])
    scale, unit = _unit((match["unit"] or "").lower())
    return Condition(
        text=match.group().strip(),
        relation=_OPPOSITE[relation] if match["word"].lower() == "unless" else relation,
        number=float(match["number"].replace(",", ".")) * scale,
        unit=unit,
    )


def _unit(word: str) -> tuple[float, str]:
    if word in ("%", "percent"):
        return 1, "percent"
    if word in ("b", "byte", "bytes"):
        return 1, "bytes"
    if match := re.fullmatch(r"([kmgt])(i?)b?|(kilo|mega|giga|tera)bytes?", word):
        letter = (match[1] or match[3])[0]
        return (1024 if match[2] else 1000) ** _SCALES[letter], "bytes"
    return 1, word


def _compared(condition: Condition, figure: Figure, result: Result) -> Check:
    value, limit = figure.value, condition.number
    holds = {">": value > limit, ">=": value >= limit, "<": value < limit, "<=": value <= limit}[condition.relation]
    verdict = "holds" if holds else "does not hold"
    told = amount(figure.path[-1] if figure.path else "size", value)
    reason = f"{condition.text!r} {verdict}: {result.offer.spoken} says {told}"
    return Check(holds=holds, reason=reason, evidence=(result.call_id,))


def _figure(condition: Condition, result: Result) -> Figure | None:
    """The figure that a condition means: totals before parts, then the largest (for "below": the smallest)."""
    fitting = [figure for figure in _all_figures(result) if _fits(condition, figure)]
    if not fitting:
        return None
    told = meanings(condition.text)
    best = max(_rank(figure, told) for figure in fitting)
    chosen = [figure for figure in fitting if _rank(figure, told) == best]
    return (max if condition.relation in (">", ">=") else min)(chosen, key=lambda figure: figure.value)


def _all_figures(result: Result) -> Iterator[Figure]:
    if result.data is not None:
        yield from figures(result.data)
        return
    for match in _SIZE.finditer(result.text):
        scale, unit = _unit(match["unit"].lower())
        yield Figure(path=(unit,), value=float(match["number"]) * scale)


def _fits(condition: Condition, figure: Figure) -> bool:
    match condition.unit:
        case "bytes":
            return bool(figure.name & {"bytes", "byte", "size"})
        case "percent":
            return bool(figure.name & {"percent", "pct", "percentage"})
        case noun:
            told = meanings([noun, *condition.text.lower().split()])
            return bool(meanings(figure.name) & told)


def _rank(figure: Figure, told: frozenset[str]) -> tuple[bool, bool, bool, int]:
    said = bool(meanings(figure.name) & told)
    return said, not figure.name & _NOT_IN_USE, bool(figure.name & {"total", "used"}), -len(figure.path)
