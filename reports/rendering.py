"""Fills the templates: every value that goes in is escaped for Markdown, or for a terminal, unless it is Markdown already."""

import json

from jinja2 import PackageLoader, StrictUndefined, Undefined, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import JsonValue

from reports.text import Markdown, code, code_block, inline, link, one_line, prose, unlinked, visible
from reports.times import duration


@pass_context
def _escaped(context: Context, value: object) -> str:
    """What `{{ value }}` writes: the one place that decides whether a value needs escaping."""
    match value:
        case Markdown() | Undefined():  # an Undefined raises when it is written
            return str(value)
        case str():
            return visible(value) if _is_plain(context) else inline(value)
        case int() | float():
            return str(value)
        case _:
            raise TypeError(f"template {context.name!r} writes {value!r}; give it a text or a number")


def _is_plain(context: Context) -> bool:
    return (context.name or "").endswith(".txt.j2")


def _pretty_json(value: JsonValue) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


_TEMPLATES = ImmutableSandboxedEnvironment(
    loader=PackageLoader("reports", "templates"),
    undefined=StrictUndefined,
    finalize=_escaped,
    trim_blocks=True,
    lstrip_blocks=True,
    autoescape=False,
)
_TEMPLATES.filters |= {  # pyright: ignore[reportAttributeAccessIssue]
    "code": code,
    "code_block": code_block,
    "compact_json": lambda value: json.dumps(value, ensure_ascii=False),
    "count": lambda number: f"{number:,}",
    "duration": duration,
    "inline": inline,
    "link": link,
    "one_line": one_line,
    "pretty_json": _pretty_json,
    "ours": Markdown,
    "prose": prose,
    "unlinked": unlinked,
}


def render(template: str, **values: object) -> str:
    """The template filled with plain values, ending in one line break. A name that the template needs and lacks raises."""
    return _TEMPLATES.get_template(template).render(values).strip("\n") + "\n"
