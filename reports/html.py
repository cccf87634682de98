"""Makes one safe, self-contained HTML page of a Markdown document: no script, no request to anywhere (R6.4, R9.2)."""

import base64
import hashlib
import re
from importlib.resources import files

import nh3
from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token
from markupsafe import Markup

SIZE_LIMIT = 400_000
"""Characters of Markdown that are turned into HTML; the rest stays in the Markdown file."""

_OUR_TAGS = re.compile(r"</?details>|<summary>[^<>]*</summary>")
_TAGS = set(
    "h1 h2 h3 h4 h5 h6 p br hr blockquote ul ol li pre code em strong s a table thead tbody tr th td details summary".split()
)
_ATTRIBUTES = {"a": {"href", "title"}, "code": {"class"}, "ol": {"start"}, "th": {"align"}, "td": {"align"}}

_PAGES = Environment(loader=PackageLoader("reports", "templates"), undefined=StrictUndefined, autoescape=True)


def html_page(markdown: str, title: str) -> str:
    """A whole HTML document. Raw HTML in `markdown` is shown as text, but for the folding tags that our templates write."""
    css = (files("reports") / "templates" / "page.css").read_text(encoding="utf-8")
    shown = markdown[:SIZE_LIMIT]
    return _PAGES.get_template("page.html.j2").render(
        title=title,
        css=Markup(css),  # ours, and hashed into the page's policy
        css_hash=base64.b64encode(hashlib.sha256(css.encode()).digest()).decode(),
        body=Markup(safe_html(shown)),
        left_out=len(markdown) - len(shown),
    )


def safe_html(markdown: str) -> str:
    """`markdown` as an HTML fragment with known tags only: no pictures, scripts, handlers, styles or forms."""
    parser = _parser()
    tokens = [token for token in parser.parse(markdown) if not _is_drawing(token)]
    for token in tokens:
        if style := token.attrGet("style"):  # how columns are aligned; the page's policy allows no style in a tag
            token.attrs = {"align": str(style).removeprefix("text-align:")}
    return nh3.clean(
        parser.renderer.render(tokens, parser.options, {}),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )


def _is_drawing(token: Token) -> bool:
    """A graph that only a program draws; the page has no scripts, and what it shows stands beside it in words."""
    return token.type == "fence" and token.info == "mermaid"


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
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
