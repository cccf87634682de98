"""Estimates how many tokens something is, where no endpoint has counted them. Pure."""

import json
from math import ceil
from typing import Any

BYTES_PER_TOKEN = 3.5
"""On the safe side: English takes 4 to 5, JSON and logs 3 to 4, other scripts about 3."""


def tokens_of(value: Any) -> int:
    """Of some JSON, as it goes over the wire."""
    return ceil(len(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")) / BYTES_PER_TOKEN)
