"""Schemas in the forms that endpoints take, with nothing taken for a schema that is none."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from agent.model.schema import Schema, simplified, strict_schema, tool_schema
from blueprint.plan import Blueprint
from blueprint.stream import Conclusion


class Daily(BaseModel):
    kind: Literal["daily"] = "daily"
    hour: int = Field(ge=0, le=23, description="The hour.")


class Never(BaseModel):
    kind: Literal["never"] = "never"


class Limits(BaseModel):
    steps: int = 60


class Job(BaseModel):
    title: str = Field(min_length=1, max_length=120)
    when: Annotated[Daily | Never, Field(discriminator="kind", description="When.")]
    limits: Limits = Field(default=Limits(), description="How far.")
    note: str | None = None
    tags: tuple[str, ...] = Field(default=(), max_length=5)


def test_strict_schema_of_a_model_with_unions_defaults_and_optionals() -> None:
    limits = {"properties": {"steps": {"type": "integer", "description": "Default: 60."}}, "required": ["steps"]}
    kinds: list[tuple[str, Any]] = [
        ("Daily", {"hour": {"type": "integer", "minimum": 0, "maximum": 23, "description": "The hour."}}),
        ("Never", {}),
    ]
    closed = {"type": "object", "additionalProperties": False}
    assert strict_schema(Job) == closed | {
        "$defs": {
            name: closed | {"properties": {"kind": {"type": "string", "const": name.lower()}} | more, "required": ["kind", *more]}
            for name, more in kinds
        }
        | {"Limits": closed | limits},
        "properties": {
            "title": {"type": "string"},
            "when": {"anyOf": [{"$ref": "#/$defs/Daily"}, {"$ref": "#/$defs/Never"}], "description": "When."},
            "limits": closed | limits | {"description": "How far."},
            "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "Default: null."},
            "tags": {"type": "array", "items": {"type": "string"}, "description": "Empty when there is nothing to say."},
        },
        "required": ["title", "when", "limits", "note", "tags"],
    }


@pytest.mark.parametrize("model", [Blueprint, Conclusion])
def test_strict_schemas_of_the_product_keep_the_rules_of_strict_endpoints(model: type[BaseModel]) -> None:
    for part in parts(strict_schema(model)):
        assert not {"default", "oneOf", "discriminator", "title", "maxLength"} & part.keys()
        assert set(part) == {"$ref"} or "$ref" not in part
        if part.get("type") == "object":
            assert part["additionalProperties"] is False
            assert part["required"] == list(part["properties"])


def test_free_form_object_has_no_strict_schema() -> None:
    class Loose(BaseModel):
        labels: dict[str, str]

    with pytest.raises(ValueError, match="free-form object"):
        strict_schema(Loose)


def test_tool_schema_drops_noise_but_no_property_and_no_value() -> None:
    given = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "ask_person",
        "type": "object",
        "properties": {
            "title": {"type": "string", "title": "Title", "default": {"title": "x"}},
            "pattern": {"enum": [{"title": "y"}, True]},
            "anything": True,
            "list": {"type": "array", "items": True},
            "nothing": False,
        },
        "required": ["title"],
        "additionalProperties": False,
    }
    assert tool_schema(given) == {
        "type": "object",
        "properties": {
            "title": {"type": "string", "default": {"title": "x"}},
            "pattern": {"enum": [{"title": "y"}, True]},
            "anything": {},
            "list": {"type": "array", "items": {}},
            "nothing": {},
        },
        "required": ["title"],
        "additionalProperties": False,
    }
    assert "$schema" in given


@pytest.mark.parametrize("given", [{}, {"type": "object"}, {"properties": None}])
def test_tool_schema_always_has_an_object_with_properties_at_its_root(given: Schema) -> None:
    assert tool_schema(given) == {"type": "object", "properties": {}}


def test_alternatives_at_the_root_become_one_object() -> None:
    given = {"anyOf": [{"properties": {"a": {"type": "string"}}, "required": ["a"]}, {"properties": {"b": {"type": "integer"}}}]}
    assert tool_schema(given) == {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}}


def test_simplified_schema_keeps_the_shape_and_drops_constraints() -> None:
    given = {
        "type": "object",
        "properties": {
            "name": {"type": "string", "pattern": "^(?!x)", "maxLength": 9999, "description": "Name."},
            "format": {"type": "array", "items": {"type": "string", "format": "uri", "enum": ["a"]}, "minItems": 1},
        },
        "required": ["name"],
    }
    assert simplified(given) == {
        "type": "object",
        "properties": {
            "name": {"type": "string", "description": "Name."},
            "format": {"type": "array", "items": {"type": "string", "enum": ["a"]}},
        },
        "required": ["name"],
    }


def parts(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every schema inside `schema`, itself included."""
    yield schema
    named = [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values()]
    for part in [*named, *schema.get("anyOf", []), *([schema["items"]] if "items" in schema else [])]:
        yield from parts(part)
