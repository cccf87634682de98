"""JSON schemas in the forms that model endpoints take: for tools, simplified for picky ones, and strict for answers."""

import json
from collections.abc import Callable
from typing import Any, cast

from pydantic import BaseModel

from agent.model.wire import items, mapping

Schema = dict[str, Any]

_MAPS = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_SINGLES = ("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames")
_COMBINATORS = ("anyOf", "oneOf", "allOf")

_NOISE = frozenset({"$schema", "$id", "$comment", "title"})
_TROUBLE = _NOISE | {
    "pattern", "format", "default", "examples", "minLength", "maxLength", "minItems", "maxItems", "uniqueItems",
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minProperties", "maxProperties",
    "patternProperties", "propertyNames", "contains", "not", "if", "then", "else", "dependentSchemas", "dependentRequired",
}  # fmt: skip
# Lengths become huge grammars on some servers and are refused by others; our own validation holds them.
_NOT_STRICT = _NOISE | {"default", "discriminator", "examples", "minLength", "maxLength", "maxItems", "uniqueItems"}


def tool_schema(schema: Schema) -> Schema:
    """The arguments of a tool as endpoints take them: an object at the root, no boolean sub-schemas, no titles."""
    return _as_object(_rewritten(schema, lambda part: _without(part, _NOISE)))


def simplified(schema: Schema) -> Schema:
    """`schema` without all that grammar compilers stumble over; the tool's server still validates the whole of it."""
    return _as_object(_rewritten(schema, lambda part: _without(part, _TROUBLE)))


def strict_schema(model: type[BaseModel]) -> Schema:
    """The schema of `model` for strict structured output: every field required, nothing else allowed, unions as anyOf.

    A field with a default stays fillable: its default is told in its description. ValueError for a free-form object.
    """
    schema = model.model_json_schema()
    definitions = mapping(schema.get("$defs"))
    return _rewritten(schema, lambda part: _strict(part, definitions))


def _rewritten(schema: Schema, change: Callable[[Schema], Schema]) -> Schema:
    """`schema` with `change` made to it and to every schema inside; property names and values are not taken for schemas."""
    part = dict(change(schema))
    for key in _MAPS:
        if key in part:
            part[key] = {name: _inner(item, change) for name, item in mapping(part[key]).items()}
    for key in _LISTS:
        if key in part:
            part[key] = [_inner(item, change) for item in items(part[key])]
    for key in _SINGLES:
        if isinstance(part.get(key), dict) or (key != "additionalProperties" and isinstance(part.get(key), bool)):
            part[key] = _inner(part[key], change)
    return part


def _inner(item: object, change: Callable[[Schema], Schema]) -> Schema:
    return _rewritten(mapping(item), change)  # true and false become {}: grammar compilers know no booleans


def _without(part: Schema, keys: frozenset[str]) -> Schema:
    return {key: item for key, item in part.items() if key not in keys}


def _as_object(schema: Schema) -> Schema:
    """`schema` with an object at its root; alternatives there are merged, since endpoints refuse them."""
    properties = dict(mapping(schema.get("properties")))
    for branch in (mapping(item) for key in _COMBINATORS for item in items(schema.get(key))):
        properties = mapping(branch.get("properties")) | properties
    return _without(schema, frozenset(_COMBINATORS)) | {"type": "object", "properties": properties}


def _strict(part: Schema, definitions: Schema) -> Schema:
    reference = part.get("$ref")
    if isinstance(reference, str) and len(part) > 1:  # strict endpoints take no other key beside a reference
        target = mapping(definitions.get(reference.rpartition("/")[2]))
        return _strict(target | _without(part, frozenset({"$ref"})), definitions)
    changed = _without(part, _NOT_STRICT | {"oneOf"})
    if "oneOf" in part:
        changed["anyOf"] = part["oneOf"]
    if "default" in part and "const" not in part and (hint := _default_hint(part["default"])):
        changed["description"] = f"{part.get('description', '')} {hint}".strip()
    return _closed(changed) if changed.get("type") == "object" else changed


def _closed(part: Schema) -> Schema:
    properties = mapping(part.get("properties"))
    if not properties and part.get("additionalProperties") is not False:
        raise ValueError(f"{part!r} is a free-form object, which no strict schema can say; use a list of name and value instead")
    return part | {"properties": properties, "required": list(properties), "additionalProperties": False}


def _default_hint(default: object) -> str:
    if isinstance(default, dict | list | tuple):
        return "" if cast("list[Any]", default) else "Empty when there is nothing to say."
    return f"Default: {json.dumps(default, ensure_ascii=False)}."
