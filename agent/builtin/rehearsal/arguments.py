"""Fills a tool's arguments from its JSON schema and the text of the task; invents nothing that it can't justify."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agent.builtin.rehearsal.shapes import items, mapping
from agent.builtin.rehearsal.words import meanings, words_of

_PATH = re.compile(r"(?<![\w:/.])(?:~|\.{0,2})/[\w.\-/]*[\w\-]")
_URL = re.compile(r"https?://[^\s'\"<>]+[^\s'\"<>.,;]")
_ADDRESS = re.compile(r"\b[a-z0-9][a-z0-9.\-]*\.[a-z0-9\-]+:\d{1,5}\b|\blocalhost:\d{1,5}\b", re.IGNORECASE)
_QUOTED = re.compile(r"(?<!\w)(?:'([^']+)'|\"([^\"]+)\"|`([^`]+)`)(?!\w)")
_NUMBER = re.compile(r"(?<![\w.:/-])(-?\d+(?:\.\d+)?)(?:\s*([a-z%]+))?(?![\w:]*\d)", re.IGNORECASE)
_UNITS = meanings("days hours minutes seconds weeks months bytes percent lines files count mb gb kb")


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """What to call a tool with; `missing` names what it needs and the text does not say."""

    values: dict[str, Any]
    missing: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    """Names of values that come from the schema, since the text does not say them."""


def fill(schema: Mapping[str, Any], *texts: str) -> Arguments:
    """Arguments for `schema`: what the earliest of `texts` says, else for what is required what the schema itself offers."""
    properties = {str(name): _plain(part) for name, part in mapping(schema.get("properties")).items()}
    required = [str(name) for name in items(schema.get("required"))]
    said: dict[str, Any] = {}
    for text in texts:
        said = {**_all_said(properties, required, text), **said}
    missing = [name for name in required if name not in said]
    offered = {name: value for name in missing if (value := _offered(properties.get(name, {}))) is not None}
    return Arguments(
        values={**said, **offered},
        missing=tuple(name for name in missing if name not in offered),
        assumed=tuple(offered),
    )


def _all_said(properties: Mapping[str, Mapping[str, Any]], required: Collection[str], text: str) -> dict[str, Any]:
    numbers = _plain_numbers(text)
    wanted = [name for name in properties if name in required or _is_meant(name, text)]
    said = {name: _said(name, properties[name], text, numbers) for name in wanted}
    return {name: value for name, value in said.items() if value is not None}


def _said(name: str, part: Mapping[str, Any], text: str, numbers: Iterator[float]) -> Any:
    if options := items(part.get("enum")):
        return next((option for option in options if isinstance(option, str) and option.lower() in words_of(text)), None)
    match part.get("type"):
        case "integer" | "number":
            number = _number(name, text, numbers)
            return int(number) if number is not None and part["type"] == "integer" else number
        case "string":
            return next(iter(_texts(name, text)), None)
        case "array" if _plain(part.get("items")).get("type") == "string":
            return list(_texts(name, text)) or None
        case _:
            return None


def _number(name: str, text: str, plain: Iterator[float]) -> float | None:
    units = meanings(name) & _UNITS
    if not units:
        return next(plain, None)
    return next((float(number) for number, unit in _NUMBER.findall(text) if meanings(unit) & units), None)


def _texts(name: str, text: str) -> Iterator[str]:
    """What in `text` can be meant by an argument called `name`."""
    said, quoted = meanings(name), ["".join(groups) for groups in _QUOTED.findall(text)]
    if "file" in said and quoted:
        yield from quoted
        return
    if said & {"path", "directory", "dir", "file", "folder", "repo", "repository", "target"}:
        yield from _PATH.findall(_URL.sub(" ", text))
    if said & {"url", "uri", "link"}:
        yield from _URL.findall(text)
    if said & {"address", "endpoint", "target", "host", "server"}:
        yield from _ADDRESS.findall(text)
    elif not said & {"path", "directory", "url", "uri"}:
        yield from quoted


def _is_meant(name: str, text: str) -> bool:
    """Whether an optional argument is spoken of: its unit or its kind stands in the text, not just any number."""
    said = meanings(name)
    return bool(said & _UNITS or said & meanings(text) or any(_texts(name, text)))


def _offered(part: Mapping[str, Any]) -> Any:
    if options := items(part.get("enum")):
        return options[0]
    for key in ("const", "default", "minimum"):
        if part.get(key) is not None:
            return part[key]
    match part.get("type"):
        case "integer" | "number":
            return part["exclusiveMinimum"] + 1 if isinstance(part.get("exclusiveMinimum"), int) else 1
        case "boolean":
            return False
        case "array":
            return []
        case "object":
            return {}
        case _:
            return None


def _plain_numbers(text: str) -> Iterator[float]:
    """Numbers that carry no unit, each to be used once."""
    return iter(
        [float(number) for number, unit in _NUMBER.findall(text) if not unit or not (meanings(unit) & _UNITS or unit == "%")]
    )


def _plain(part: Any) -> Mapping[str, Any]:
    """A property's schema, of an optional one the part that is not null."""
    found = mapping(part)
    kinds = [option for option in items(found.get("anyOf")) if mapping(option).get("type") != "null"]
    return {**mapping(kinds[0]), **{key: value for key, value in found.items() if key != "anyOf"}} if kinds else found
