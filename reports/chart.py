"""Draws the runs of each day as a picture: an SVG that needs nothing from outside (R6.2)."""

import base64
import re
from collections.abc import Sequence

from reports.period import DayFigures
from reports.text import Markdown

PICTURE = "data:image/svg+xml;base64,"
"""How every picture of ours begins; no other is ever shown."""

_DRAWN = re.compile(rf"!\[([^\]]*)\]\({re.escape(PICTURE)}[^)]*\)")

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 640, 220, 40, 34, 30
_KINDS = (
    ("success", "#2f9e63"),
    ("failed", "#d64545"),
    ("cancelled", "#8a93a3"),
    ("running", "#3b82c4"),
    ("skipped", "#e0a030"),
)
_MOST_LABELS = 16


def runs_chart(days: Sequence[DayFigures]) -> Markdown:
    """Stacked bars, a day each, as a picture within Markdown; empty when nothing happened."""
    if not any(_total(day) for day in days):
        return Markdown("")
    encoded = base64.b64encode(runs_svg(days).encode()).decode()
    return Markdown(f"![Runs of each day: success, failed, cancelled, running; fires that were skipped]({PICTURE}{encoded})")


def without_pictures(page: str) -> str:
    """A Markdown page with what each of our pictures shows in the place of its bytes: for terminals."""
    return _DRAWN.sub(r"[picture: \1]", page)


def runs_svg(days: Sequence[DayFigures]) -> str:
    """The picture itself."""
    most = max(1, *(_total(day) for day in days))
    wide = (_WIDTH - _LEFT - 10) / len(days)
    every = -(-len(days) // _MOST_LABELS)
    parts = [*_legend(), *_scale(most)]
    for place, day in enumerate(days):
        parts += _bar(day, _LEFT + place * wide, wide, most)
        if place % every == 0:
            parts.append(_text(_LEFT + (place + 0.5) * wide, _HEIGHT - 10, f"{day.day:%m-%d}", "middle"))
    size = f'width="{_WIDTH}" height="{_HEIGHT}" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    back = f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">{back}{"".join(parts)}</svg>'


def _total(day: DayFigures) -> int:
    return sum(getattr(day, kind) for kind, _ in _KINDS)


def _bar(day: DayFigures, left: float, wide: float, most: int) -> list[str]:
    parts, bottom = list[str](), float(_HEIGHT - _BOTTOM)
    for kind, colour in _KINDS:
        high = getattr(day, kind) / most * (_HEIGHT - _TOP - _BOTTOM)
        bottom -= high
        if high:
            parts.append(_rect(left + wide * 0.15, bottom, wide * 0.7, high, colour))
    return parts


def _scale(most: int) -> list[str]:
    """The lines at nothing and at the most, with their numbers."""
    parts = list[str]()
    for number, at in ((0, _HEIGHT - _BOTTOM), (most, _TOP)):
        parts.append(f'<line x1="{_LEFT}" x2="{_WIDTH - 10}" y1="{at}" y2="{at}" stroke="#c9d0da"/>')
        parts.append(_text(_LEFT - 6, at + 4, str(number), "end"))
    return parts


def _legend() -> list[str]:
    parts = list[str]()
    for place, (kind, colour) in enumerate(_KINDS):
        left = _LEFT + place * 110
        parts += [_rect(left, 10, 12, 12, colour), _text(left + 18, 20, kind, "start")]
    return parts


def _rect(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    """`text` is ours: a number, a date or a word from above."""
    look = 'font-family="sans-serif" font-size="12" fill="#3c4656"'
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {look}>{text}</text>'
