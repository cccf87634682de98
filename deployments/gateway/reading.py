"""From bytes to JSON that everything behind can store: bounded in depth, without numbers and characters that break others."""

import json
import math
from typing import cast

from pydantic import JsonValue

from blueprint.values import storable
from deployments.gateway.limits import DEEPEST
from deployments.gateway.refusals import Refused


def read_json(body: bytes) -> JsonValue:
    """The document in `body`; Refused when it is none, or nested too deeply.

    PostgreSQL stores neither NUL nor lone surrogates in Prefect's tables: they become replacement characters.
    """
    try:
        document = json.loads(body, parse_constant=_no_number)
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:
        raise Refused("malformed", f"The body is no JSON: {str(error)[:200]}.") from None
    return _clean(document, 0)


def _clean(value: object, depth: int) -> JsonValue:
    if depth > DEEPEST:
        raise _too_deep()
    match value:
        case str():
            return storable(value)
        case float() if not math.isfinite(value):
            _no_number(str(value))
        case list():
            return [_clean(item, depth + 1) for item in cast("list[object]", value)]
        case dict():
            members = cast("dict[str, object]", value)
            return {storable(name): _clean(item, depth + 1) for name, item in members.items()}
        case _:
            pass
    return cast("JsonValue", value)


def _no_number(text: str) -> None:
    raise Refused("malformed", f"The body has the number {text}, which JSON does not know.")


def _too_deep() -> Refused:
    return Refused("malformed", f"The body is nested more than {DEEPEST} levels deep.")
