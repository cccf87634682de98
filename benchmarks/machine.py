"""How measurements are printed: the machine that they were made on, and a table of what was seen."""

import platform
from collections.abc import Sequence
from datetime import UTC, datetime

import psutil

Row = tuple[str, ...]


def machine_line() -> str:
    """Date and machine."""
    memory = psutil.virtual_memory().total / 2**30
    system = f"{platform.system()} {platform.machine()}"
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {system}, {psutil.cpu_count()} cores, {memory:.0f} GB, Python {platform.python_version()}"
    )


def table(rows: Sequence[Row], *, head: Sequence[str] = ("what", "seen")) -> list[str]:
    """The rows as Markdown."""
    first, *widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [
        f"| {what:<{first}} | {' | '.join(f'{value:>{width}}' for value, width in zip(values, widths, strict=True))} |"
        for what, *values in (head, *rows)
    ]
    return [lines[0], f"|{'-' * (first + 2)}|" + "".join(f"{'-' * (width + 1)}:|" for width in widths), *lines[1:]]
