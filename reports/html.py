"""Makes one safe, self-contained HTML page of a Markdown document: no script, no request to anywhere (R6.4, R9.2)."""

import base64
import hashlib
import re
from collections.abc import Sequence
from importlib.resources import files

import nh3
from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt
from markdown_it.common.normalize_url import validateLink
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token
from markupsafe import Markup

from reports.chart import PICTURE
from reports.text import is_web_address

SIZE_LIMIT = 400_000
"""Characters of Markdown that are turned into HTML; the rest stays in the Markdown file."""

_OUR_TAGS = re.compile(r"</?details>|<summary>[^<>]*</summary>")
_TAGS = set(
    "h1 h2 h3 h4 h5 h6 p br hr blockquote ul ol li pre code em strong s a table thead tbody tr th td details summary img".split()
)
_ATTRIBUTES = {
    "a": {"href", "title"},
    "code": {"class"},
    "ol": {"start"},
    "th": {"align"},
    "td": {"align"},
    "img": {"src", "alt"},
}

_PAGES = Environment(loader=PackageLoader("reports", "templates"), undefined=StrictUndefined, autoescape=True)


def html_page(markdown: str, title: str, *, index: str = "") -> str:
    """A whole HTML document. Raw HTML in `markdown` is shown as text, but for the folding tags that our templates write.

    `index`: where the page of all reports is, relative to this one.
    """
    css, css_hash = page_style()
    shown = markdown[:SIZE_LIMIT]
    return _PAGES.get_template("page.html.j2").render(
        title=title,
        css=Markup(css),  # ours, and hashed into the page's policy
        css_hash=css_hash,
        body=Markup(safe_html(shown)),
        left_out=len(markdown) - len(shown),
        index=index,
    )


def page_style() -> tuple[str, str]:
    """The style sheet of our pages, and its hash for their policy."""
    css = (files("reports") / "templates" / "page.css").read_text(encoding="utf-8")
    return css, base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()


def html_mail(markdown: str, title: str, *, links: Sequence[tuple[str, str]] = (), foot: str = "") -> str:
    """A small HTML document for a mail program: nothing to load, all style in it. `links`, by name, are ours and stand out."""
    shown = [(name, url) for name, url in links if is_web_address(url)]
    return _PAGES.get_template("mail.html.j2").render(
        title=title, body=Markup(safe_html(markdown[:SIZE_LIMIT])), links=shown, foot=foot
    )


def safe_html(markdown: str) -> str:
    """`markdown` as an HTML fragment with known tags only: no scripts, handlers, styles or forms, no pictures but our charts."""
    parser = _parser()
    tokens = [token for token in parser.parse(markdown) if not _is_drawing(token)]
    for token in tokens:
        token.children = [part for part in token.children if not _is_foreign_picture(part)] if token.children else token.children
        if style := token.attrGet("style"):  # how columns are aligned; the page's policy allows no style in a tag
            token.attrs = {"align": str(style).removeprefix("text-align:")}
    return nh3.clean(
        parser.renderer.render(tokens, parser.options, {}),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto", "data"},
        attribute_filter=_allowed,
        link_rel="noopener noreferrer nofollow",
    )


def _allowed(tag: str, attribute: str, value: str) -> str | None:
    """Pictures are those that our charts draw, written out in the page; nothing else may be `data:`."""
    if value.startswith("data:") and not (tag == "img" and attribute == "src" and value.startswith(PICTURE)):
        return None
    return None if tag == "img" and attribute == "src" and not value.startswith(PICTURE) else value


def _is_foreign_picture(token: Token) -> bool:
    return token.type == "image" and not str(token.attrGet("src")).startswith(PICTURE)


def _is_drawing(token: Token) -> bool:
    """A graph that only a program draws; the page has no scripts, and what it shows stands beside it in words."""
    return token.type == "fence" and token.info == "mermaid"


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    parser.validateLink = lambda url: url.startswith(PICTURE) or validateLink(url)  # pyright: ignore[reportAttributeAccessIssue]
    parser.block.ruler.before("paragraph", "folding", _folding, {"alt": ["paragraph"]})
    return parser


def _folding(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A block rule: a line that is exactly one of our folding tags passes as HTML."""
    line = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]]
    if not _OUR_TAGS.fullmatch(line.rstrip()):
        return False
    if not silent:
        state.push("html_block", "", 0).content = line.rstrip() + "\n"
        state.line = start + 1
    return True
