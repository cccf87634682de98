"""Makes the index page of a Mission's reports: a table with relative links, by month and day (R6.4)."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import PurePosixPath

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reports.html import page_style

_PAGES = Environment(loader=PackageLoader("reports", "templates"), undefined=StrictUndefined, autoescape=True)


Page = tuple[PurePosixPath, str]
"""Where a report's HTML is below the index, `YYYY-MM/MM-DD/HHMMSS-name.html`, and its heading, empty when it is not known."""


def index_page(title: str, pages: Sequence[Page]) -> str:
    """The newest reports come first."""
    newest = sorted(pages, key=lambda page: str(page[0]), reverse=True)
    months = [
        {"name": month, "days": [_day(day, list(pages)) for day, pages in groupby(group, key=lambda page: page[0].parts[1])]}
        for month, group in ((month, list(pages)) for month, pages in groupby(newest, key=lambda page: page[0].parts[0]))
    ]
    css, css_hash = page_style()
    return _PAGES.get_template("index.html.j2").render(title=title, months=months, css=Markup(css), css_hash=css_hash)


def _day(day: str, pages: Sequence[Page]) -> dict[str, object]:
    reports = [
        {"name": heading or _name(page), "time": _time(page), "html": str(page), "md": str(page.with_suffix(".md"))}
        for page, heading in pages
    ]
    return {"name": day, "reports": reports}


def _time(page: PurePosixPath) -> str:
    digits = page.stem.partition("-")[0]
    return ":".join(digits[start : start + 2] for start in (0, 2, 4))


def _name(page: PurePosixPath) -> str:
    return page.stem.partition("-")[2]
