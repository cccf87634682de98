"""Makes the page behind an answer link: the question and its form, or a sentence why there is nothing to answer (R5.5)."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from blueprint.requests import (
    AnomalyQuestion,
    ApprovalQuestion,
    ChoiceQuestion,
    Decision,
    InformationQuestion,
    Request,
    ReviewQuestion,
    fitting_decisions,
)
from reports.forms import question_page
from reports.html import safe_html
from reports.text import one_line
from reports.times import minute

_PAGES = Environment(loader=PackageLoader("reports", "templates"), undefined=StrictUndefined, autoescape=True)

_LABELS = {
    Decision.APPROVE: "Approve exactly this call, once",
    Decision.APPROVE_RUN: "Approve it, and further calls of this tool until the run ends",
    Decision.REJECT: "Reject it",
    Decision.CONTINUE: "Continue",
    Decision.STOP: "Stop the run",
    Decision.HAPPENED: "It happened",
    Decision.NOT_HAPPENED: "It did not happen",
    Decision.LAUNCH: "Launch exactly this plan",
    Decision.CHANGE: "Change it: say below what is to be different",
    Decision.KEEP_DRAFT: "Keep it as a draft",
}


@dataclass(frozen=True, kw_only=True)
class Page:
    """A whole HTML document, and the Content-Security-Policy that it is to be served with: no script, nothing from elsewhere."""

    html: str
    policy: str


def answer_page(request: Request, mission: str, timezone: str, *, given: Mapping[str, str], problem: str = "") -> Page:
    """The question with its form, filled with what was `given`; `problem` says why that did not count."""
    question = request.model_copy(update={"refusal": "", "title": ""})
    return _page(
        "answer.html.j2",
        title=one_line(request.title, 200),
        mission=one_line(mission, 200),
        deadline=f"{minute(request.deadline, timezone)}, {timezone or 'UTC'}",
        question=Markup(safe_html(question_page(question, timezone))),
        decisions=_decisions(request),
        options=_options(request),
        questions=request.question.questions if isinstance(request.question, InformationQuestion) else (),
        comment=_about_comment(request),
        given=given,
        problem=problem,
    )


def notice_page(title: str, text: str) -> Page:
    """A page that only says something."""
    return _page("notice.html.j2", title=title, text=text)


def _page(template: str, **values: object) -> Page:
    templates = files("reports") / "templates"
    css = "".join((templates / name).read_text(encoding="utf-8") for name in ("page.css", "answer.css"))
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
        "img-src 'none'"
    )
    return Page(html=_PAGES.get_template(template).render(css=Markup(css), **values), policy=policy)


def _decisions(request: Request) -> list[tuple[str, str]]:
    """Values and labels of the decisions to choose from; none where the question leaves no choice of them."""
    fitting = fitting_decisions(request.question)
    return (
        [(decision.value, _LABELS.get(decision, decision.replace("_", " "))) for decision in fitting] if len(fitting) > 1 else []
    )


def _options(request: Request) -> tuple[str, ...]:
    return request.question.options if isinstance(request.question, ChoiceQuestion) else ()


def _about_comment(request: Request) -> str:
    """What the free text is for; empty where there is none."""
    match request.question:
        case InformationQuestion():
            return ""
        case ApprovalQuestion():
            return "In your words (optional). With a rejection: what you want instead."
        case ChoiceQuestion():
            return "In your words (optional). For another way: what to do instead."
        case AnomalyQuestion():
            return "In your words (optional): the agent gets them."
        case ReviewQuestion():
            return "In your words. For a change: what is to be different."
