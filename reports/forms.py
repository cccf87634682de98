"""Puts a question to people: as Markdown above the resume form and in messages, as plain text in a terminal (R5.1)."""

from blueprint.requests import Request, fitting_decisions
from reports.rendering import render
from reports.times import minute


def question_page(request: Request, timezone: str) -> str:
    """The question as Markdown, with its deadline in the Mission's `timezone`. An approval shows the whole call (R5.3)."""
    return render("question.md.j2", **_shown(request, timezone))


def question_text(request: Request, timezone: str = "UTC", *, fence: str = "") -> str:
    """The same as plain text for a terminal. With a `fence` arguments stand in a block of code, for a mail."""
    return render("question.txt.j2", fence=fence, **_shown(request, timezone))


def question_in_short(request: Request) -> str:
    """What is asked, in a few lines for a list: the exact call, the questions, or the command that shows the plan."""
    asked = request.question.model_dump(mode="json")
    return render("question_short.txt.j2", question=asked, mission=request.mission_id).rstrip("\n")


def _shown(request: Request, timezone: str) -> dict[str, object]:
    return {
        "title": request.title,
        "refusal": request.refusal,
        "question": request.question.model_dump(mode="json"),
        "decisions": [decision.value.replace("_", " ") for decision in fitting_decisions(request.question)],
        "deadline": f"{minute(request.deadline, timezone)}, {timezone or 'UTC'}",
    }
