"""Reads Blueprints from YAML that anybody may have written, and writes them so that they read the same (R2.10)."""

import json
import re
import sys
from collections.abc import Hashable
from pathlib import Path
from typing import Any, cast

import yaml
from pydantic import JsonValue, ValidationError

from blueprint.errors import InvalidBlueprint, InvalidInput
from blueprint.plan import Blueprint
from blueprint.problems import explain, shown

LARGEST_FILE = 400_000
"""Bytes as JSON writes them. Prefect takes parameters of half a megabyte, and a plan travels as one."""

MOST_NODES = 50_000
DEEPEST = 30
_UNUSUAL = re.compile(r"^\s|[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
_TEXT = "tag:yaml.org,2002:str"


def read_plan(text: str) -> Blueprint:
    """The Blueprint in a YAML text; InvalidBlueprint with every schema problem, InvalidInput for what is no such document."""
    document = read_document(text)
    try:
        return Blueprint.model_validate(document)
    except ValidationError as error:
        raise InvalidBlueprint([str(problem) for problem in explain(error)]) from error


def read_text(file: Path) -> str:
    """The text of a file, as much of it as is ever read; `-` is stdin. InvalidInput when it can't be read."""
    try:
        if str(file) == "-":
            return sys.stdin.buffer.read(LARGEST_FILE + 1).decode()
        with file.open("rb") as opened:
            return opened.read(LARGEST_FILE + 1).decode()
    except OSError as error:
        raise InvalidInput(f"{str(file)!r} can't be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{str(file)!r} is no UTF-8 text: {error.reason} at byte {error.start}.") from error


def write_plan(plan: Blueprint) -> str:
    """`plan` as YAML that `read_plan` reads as an equal plan, with the same digest."""
    return yaml.dump(plan.model_dump(mode="json"), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def read_document(text: str) -> dict[str, JsonValue]:
    """The one mapping in a YAML text, made of plain values only: whatever looks like a date or 'yes' stays a text.

    InvalidInput, with line and column, for what is too large or too deep, for tags, anchors and keys that come twice.
    """
    if (size := len(json.dumps(text))) > LARGEST_FILE:
        raise InvalidInput(
            f"The file has {size:,} bytes; at most {LARGEST_FILE:,} are read. Split the plan into several Missions."
        )
    try:
        _check_shape(text)
        document: object = yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, RecursionError) as error:
        raise InvalidInput(f"This is no YAML that can be read: {_where_and_why(error)}") from error
    if not isinstance(document, dict):
        raise InvalidInput(f"The file holds {shown(document)}; it must be a mapping with 'title', 'goal' and 'tasks'.")
    return cast("dict[str, JsonValue]", document)


def _check_shape(text: str) -> None:
    """Refuses, before anything is built, what could grow far beyond its size or become more than plain values."""
    depth = 0
    for number, event in enumerate(yaml.parse(text, Loader=_Loader)):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _refusal(event, "anchors and aliases are not read; write the value out at each place")
        if tag := getattr(event, "tag", None):
            raise _refusal(event, f"the tag {shown(tag)} is not read; take it out")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise _refusal(event, f"it is nested deeper than {DEEPEST} levels; a plan needs fewer")
        if number > MOST_NODES:
            raise _refusal(event, f"it has more than {MOST_NODES:,} parts; split the plan into several Missions")


def _refusal(event: yaml.Event, why: str) -> yaml.YAMLError:
    return _Refused(why, event.start_mark)


class _Refused(yaml.YAMLError):
    """YAML that is right, but not of the kind that is read."""

    def __init__(self, problem: str, problem_mark: object) -> None:
        self.problem, self.problem_mark = problem, problem_mark
        super().__init__(problem)


def _where_and_why(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    why = getattr(error, "problem", None) or str(error).partition("\n")[0]
    return f"line {mark.line + 1}, column {mark.column + 1}: {why}." if mark else f"{why}."


class _Loader(yaml.CSafeLoader):
    """Nothing, true, false, whole numbers; all else is text. A key is a text and comes once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set[str]()
        for key, _ in node.value:
            if key.tag != _TEXT:
                raise _Refused("a key must be a text; put it in quotes", key.start_mark)
            if key.value in seen:
                raise _Refused(f"the key {shown(key.value)} comes twice; keep one", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


# YAML 1.1, PyYAML's own, takes 'yes' for true, 22:30 for 1350 and days for dates.
_PLAIN = (("null", r"^(?:~|null|)$", ["~", "n", ""]), ("bool", r"^(?:true|false)$", ["t", "f"]))
_NUMBER = ("int", r"^[-+]?(?:0|[1-9]\d{0,17})$", list("-+0123456789"))
_Loader.yaml_implicit_resolvers = {
    first: [(f"tag:yaml.org,2002:{kind}", re.compile(pattern))]
    for kind, pattern, firsts in (*_PLAIN, _NUMBER)
    for first in firsts
}


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as blocks, so that people can read and edit them; no aliases."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(_: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    """Every break of a line but the plain one is escaped: readers of YAML differ about them."""
    if _UNUSUAL.search(text):
        return yaml.ScalarNode(_TEXT, text, style='"')
    return yaml.ScalarNode(_TEXT, text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)
