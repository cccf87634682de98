"""Values to documents and back, and the clock that all processes share."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from sqlalchemy import DateTime, func

from blueprint.errors import Unreadable

V = TypeVar("V", bound=BaseModel)

DATABASE_NOW = func.clock_timestamp(type_=DateTime(timezone=True))
"""This moment by the database's clock, which is one and the same for all processes."""


def document(value: BaseModel) -> dict[str, Any]:
    """`value` as JSON for a `document` column."""
    return value.model_dump(mode="json")


def from_document(kind: type[V], row: Mapping[Any, Any]) -> V:
    """The `kind` that a row's document holds; Unreadable when another version of the code wrote it."""
    try:
        return kind.model_validate(row["document"])
    except ValidationError as error:
        raise Unreadable(f"A stored {kind.__name__}", why_unfit(error)) from error


def from_known_document(kind: type[V], row: Mapping[Any, Any]) -> V | None:
    """The `kind` that a row's document holds; None when another version wrote it, so that it does not hide all others."""
    try:
        return from_document(kind, row)
    except Unreadable:
        return None


def why_unfit(error: ValidationError) -> str:
    """Where a document does not fit, without a word of what it holds."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "its kind"
    return f"{where} is not what this version knows ({first['type']})"
