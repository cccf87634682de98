"""Values to documents and back, and the clock that all processes share."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel
from sqlalchemy import DateTime, func

V = TypeVar("V", bound=BaseModel)

DATABASE_NOW = func.clock_timestamp(type_=DateTime(timezone=True))
"""This moment by the database's clock, which is one and the same for all processes."""


def document(value: BaseModel) -> dict[str, Any]:
    """`value` as JSON for a `document` column."""
    return value.model_dump(mode="json")


def from_document(kind: type[V], row: Mapping[Any, Any]) -> V:
    """The `kind` that a row's document holds."""
    return kind.model_validate(row["document"])


def searchable(words: str) -> str:
    """`words` as a text column takes them: what PostgreSQL can't store in one (NUL, lone surrogates) is replaced."""
    return words.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
