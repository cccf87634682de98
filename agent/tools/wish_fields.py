"""The fields of a tool server's form: what each asks for in words, and what a person's words mean for it. Pure."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from agent.model.wire import items, mapping
from agent.tools.content import clean, cut

_WORDS_CHARS = 600
_YES, _NO = ("yes", "y", "true", "ja", "on"), ("no", "n", "false", "nein", "off")

Kind = Literal["string", "integer", "number", "boolean"]


@dataclass(frozen=True, kw_only=True)
class WishField:
    """One thing that a form asks for. `values` are what the server gets for `options`, which people read."""

    name: str
    label: str
    kind: Kind = "string"
    options: tuple[str, ...] = ()
    values: tuple[str | bool, ...] = ()
    is_many: bool = False
    is_required: bool = True

    @property
    def question(self) -> str:
        """The field as a question: its label, and how to answer."""
        return f"{self.label} ({self._how()}{'' if self.is_required else ', or - to leave it out'})"

    def read(self, words: str) -> tuple[str | bool | int | float | list[str] | None, str]:
        """The value that `words` give, None when the field is left out, or a sentence why they give none."""
        words = words.strip()
        if words in ("", "-"):
            return None, f"{self.label!r} must be filled in." if self.is_required else ""
        if self.options:
            return self._chosen(words)
        if self.kind == "string":
            return words, ""
        return self._number(words)

    def _how(self) -> str:
        if self.options:
            return f"{'one or more of' if self.is_many else 'one of'} {', '.join(self.options)}"
        return {"string": "text", "integer": "a whole number", "number": "a number", "boolean": "yes or no"}[self.kind]

    def _chosen(self, words: str) -> tuple[str | bool | list[str] | None, str]:
        by_name = {_folded(option): value for option, value in zip(self.options, self.values, strict=True)}
        by_name |= {_folded(str(value)): value for value in self.values}
        if self.kind == "boolean":
            by_name |= dict.fromkeys(_YES, True) | dict.fromkeys(_NO, False)
        parts = re.split(r"[,;\n]", words) if self.is_many else [words]
        found = [by_name.get(_folded(part)) for part in parts if part.strip()]
        if None in found or not found:
            return None, f"{words!r} is not {self._how()}."
        return ([str(value) for value in found], "") if self.is_many else (found[0], "")

    def _number(self, words: str) -> tuple[int | float | None, str]:
        try:
            number = int(words) if self.kind == "integer" else float(words)
        except ValueError:
            return None, f"{words!r} is not {self._how()}."
        return (number, "") if math.isfinite(number) else (None, f"{words!r} is not {self._how()}.")


def read_fields(schema: Mapping[str, Any], hide: Callable[[str], str]) -> tuple[tuple[WishField, ...], str]:
    """The fields of a form's schema, or a sentence why it is no form: only flat values can be asked for."""
    required = items(schema.get("required"))
    fields: list[WishField] = []
    for name, said in mapping(schema.get("properties")).items():
        field = _field(name, mapping(said), hide, is_required=name in required)
        if field is None:
            return (), f"its field {clean(name)!r} is no text, number, yes or no, or choice"
        fields.append(field)
    return tuple(fields), ""


def _field(name: str, said: Mapping[str, Any], hide: Callable[[str], str], *, is_required: bool) -> WishField | None:
    is_many = said.get("type") == "array"
    kind = said.get("type", "string")
    options = _options(mapping(said.get("items")) if is_many else said)
    if kind == "boolean":
        options = [("yes", True), ("no", False)]
    if kind not in ("string", "integer", "number", "boolean", "array") or (is_many and not options):
        return None
    words = [str(said[key]) for key in ("title", "description") if isinstance(said.get(key), str)]
    return WishField(
        name=name,
        label=cut(clean(hide(": ".join(words) or name)), _WORDS_CHARS),
        kind=cast("Kind", "string" if is_many else kind),
        options=tuple(cut(clean(hide(label)), _WORDS_CHARS) for label, _ in options),
        values=tuple(value for _, value in options),
        is_many=is_many,
        is_required=is_required,
    )


def _options(said: Mapping[str, Any]) -> list[tuple[str, str | bool]]:
    """The choices that a field offers: names for people, values for the server, in each form that the protocol had."""
    titled = [mapping(one) for key in ("oneOf", "anyOf") for one in items(said.get(key))]
    if titled:
        return [(str(one.get("title") or one["const"]), str(one["const"])) for one in titled if "const" in one]
    values = [str(value) for value in items(said.get("enum"))]
    names = [str(name) for name in items(said.get("enumNames"))]
    return list(zip(names if len(names) == len(values) else values, values, strict=True))


def _folded(words: str) -> str:
    return words.strip().casefold()
