"""The resume forms of the Prefect UI, one for each kind of question, and what was filled in (R5.1, R5.4)."""

from datetime import datetime
from typing import Any, Literal, assert_never

from prefect.input import RunInput
from pydantic import Field, create_model

from blueprint.requests import (
    AnomalyQuestion,
    Answer,
    ApprovalQuestion,
    ChoiceQuestion,
    Decision,
    InformationQuestion,
    Question,
    Request,
    ReviewQuestion,
    fitting_decisions,
)
from reports.forms import question_page
from reports.text import inline

_COMMENT = Field(default="", max_length=20_000, description="Anything that the agent should know. Optional.")


class ApprovalForm(RunInput):
    """Approve or reject exactly the call that is shown, or approve its tool for the rest of the run."""

    decision: Literal["approve", "approve for this run", "reject"] = Field(
        description="'approve' counts for exactly this call, once; 'approve for this run' for the tool until the run ends."
    )
    comment: str = _COMMENT


class AnomalyForm(RunInput):
    """Go on or stop."""

    decision: Literal["continue", "stop"] = Field(description="Whether the run goes on.")
    comment: str = _COMMENT


class UnknownCallForm(RunInput):
    """Say whether a call whose answer was lost had its effect."""

    decision: Literal["happened", "not happened", "stop"] = Field(description="Look at the system before you answer.")
    comment: str = _COMMENT


class ReviewForm(RunInput):
    """Launch the plan that is shown, or change it."""

    decision: Literal["launch", "change", "keep draft"] = Field(description="'launch' confirms exactly the plan shown.")
    comment: str = Field(default="", max_length=20_000, description="For 'change': what is to be different, in plain language.")


class RepairForm(RunInput):
    """Change a plan that can't be launched yet."""

    decision: Literal["change", "keep draft"] = Field(description="This plan can't be launched as it is.")
    comment: str = Field(default="", max_length=20_000, description="For 'change': what is to be different, in plain language.")


def form_for(request: Request, zone: str) -> type[RunInput]:
    """The form class for a request, with the whole question above its fields."""
    return _form_class(request.question).with_initial_data(description=question_page(request, zone))


def _form_class(question: Question) -> type[RunInput]:
    match question:
        case ApprovalQuestion():
            return ApprovalForm
        case InformationQuestion():
            return _information_form(question)
        case ChoiceQuestion():
            return _choice_form(question)
        case AnomalyQuestion(unknown_call=None):
            return AnomalyForm
        case AnomalyQuestion():
            return UnknownCallForm
        case ReviewQuestion():
            return ReviewForm if question.can_launch else RepairForm
        case _:
            assert_never(question)


def _information_form(question: InformationQuestion) -> type[RunInput]:
    fields: dict[str, Any] = {
        f"answer_{number}": (str, Field(min_length=1, title=title, description=_described(text)))
        for number, (title, text) in enumerate(_titled(question), start=1)
    }
    return create_model("InformationForm", __base__=RunInput, **fields)


def _titled(question: InformationQuestion) -> list[tuple[str, str]]:
    if len(question.questions) == 1:
        return [("Your answer", question.questions[0])]
    return [(f"Answer {number}", text) for number, text in enumerate(question.questions, start=1)]


def _described(question: str) -> str:
    """A field's description: the old console takes it for Markdown and HTML, the new one shows it as it is (R9.2)."""
    return inline(question, 8_000)


def _choice_form(question: ChoiceQuestion) -> type[RunInput]:
    options: Any = Literal[(*question.options, "other")]  # pyright: ignore[reportUnknownVariableType]
    fields: dict[str, Any] = {
        "choice": (options, Field(description=_described(question.question))),
        "comment": (str, Field(default="", max_length=20_000, description="For 'other': what to do instead.")),
    }
    return create_model("ChoiceForm", __base__=RunInput, **fields)


def answer_from_form(filled: dict[str, Any], question: Question, *, by: str, at: datetime) -> Answer:
    """What a filled-in form says. The server has checked it against the form's schema before."""
    decision = filled.get("decision")
    answers = tuple(str(filled[name]) for name in sorted(filled, key=_place) if name.startswith("answer_"))
    return Answer(
        decision=Decision(decision.replace(" ", "_")) if decision else fitting_decisions(question)[0],
        text=filled.get("comment") or "",
        answers=answers,
        choice=filled.get("choice") or "",
        by=by,
        at=at,
    )


def form_from_answer(answer: Answer, question: Question) -> dict[str, Any]:
    """The form as if it had been filled in with `answer`, for resuming a run whose answer came by another door."""
    match question:
        case InformationQuestion():
            return {f"answer_{number}": text for number, text in enumerate(answer.answers, start=1)}
        case ChoiceQuestion():
            choice = answer.choice if answer.choice in question.options else "other"
            return {"choice": choice, "comment": answer.text}
        case _:
            return {"decision": answer.decision.value.replace("_", " "), "comment": answer.text}


def _place(field: str) -> int:
    _, _, number = field.partition("answer_")
    return int(number) if number.isdigit() else 0
