"""Takes a person's answer from any door but the Prefect form, and wakes the run that waits for it (R5.5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from uuid import UUID

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.responses import SetStateStatus
from prefect.exceptions import PrefectHTTPStatusError

from blocks.store.store import Store
from blueprint.errors import InvalidInput
from blueprint.requests import (
    Answer,
    ChoiceQuestion,
    Decision,
    InformationQuestion,
    Request,
    RequestState,
    fitting_decisions,
)
from flows.people.forms import form_from_answer


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What a person says: a decision where one is meant, and words."""

    text: str = ""
    decision: Decision | None = None
    choice: str = ""
    answers: tuple[str, ...] = ()


async def reply(store: Store, run_id: str, said: Reply, *, by: str, key: str | None = None) -> Request:
    """Store the answer to the run's open request (the first answer wins) and start the run again; gives the request.

    InvalidInput when nothing is open, the answer came too late or second, or it does not say clearly what is decided.
    """
    request = await _open_request(store, run_id, key)
    answer = read_answer(request, said, by=by, at=datetime.now(UTC))
    answered = await store.requests.answer(run_id, request.key, answer)
    async with get_client() as client:
        await wake(client, answered)
    return answered


async def wake(client: PrefectClient, request: Request) -> bool:
    """Resume the run if it is suspended at this very request; False when it was not.

    It may be on its way into the wait still, or somebody else may have been quicker: the reconciler looks again.
    """
    state = (await client.read_flow_run(UUID(request.run_id))).state
    if request.answer is None or state is None or not state.is_paused() or state.state_details.pause_key != request.key:
        return False
    filled = form_from_answer(request.answer, request.question)
    try:
        result = await client.resume_flow_run(UUID(request.run_id), run_input=filled)
    except PrefectHTTPStatusError as error:
        if error.response.status_code == HTTPStatus.CONFLICT:  # Prefect keeps one answer for each wait
            return False
        raise
    return result.status is SetStateStatus.ACCEPT


def read_answer(request: Request, said: Reply, *, by: str, at: datetime) -> Answer:
    """The typed answer; what is not clearly a decision is none (R5.5)."""
    decision = _decision(request, said)
    answers, choice = said.answers, ""
    match request.question:
        case InformationQuestion() as question:
            answers = _one_each(question, said)
        case ChoiceQuestion() as question:
            choice = _option(question, said)
        case _ if decision is Decision.CHANGE and not said.text.strip():
            raise InvalidInput(f"{request.title!r}: say in words what is to be different.")
        case _:
            pass
    return Answer(decision=decision, text=said.text, answers=answers, choice=choice, by=by, at=at)


def _decision(request: Request, said: Reply) -> Decision:
    fitting: Sequence[Decision] = fitting_decisions(request.question)
    ways = " or ".join(f"`{way}`" for way in fitting)
    match said.decision:
        case None if len(fitting) == 1:
            return fitting[0]
        case None:
            raise InvalidInput(f"{request.title!r} needs a clear decision: {ways}. {said.text!r} alone is not taken for one.")
        case decision if decision not in fitting:
            raise InvalidInput(f"{decision!s} does not answer {request.title!r}; it takes: {ways}.")
        case decision:
            return decision


def _option(question: ChoiceQuestion, said: Reply) -> str:
    """The option that was chosen, by its words or its number; empty for another way, which the text tells."""
    numbered = {str(number): option for number, option in enumerate(question.options, start=1)}
    chosen = numbered.get(said.choice.strip(), said.choice.strip())
    if chosen and chosen not in question.options:
        listed = "; ".join(f"{number}: {option!r}" for number, option in numbered.items())
        raise InvalidInput(f"{said.choice!r} is none of the options: {listed}.")
    if not chosen and not said.text.strip():
        raise InvalidInput("Choose an option by its number or its words, or say another way in your words.")
    return chosen


def _one_each(question: InformationQuestion, said: Reply) -> tuple[str, ...]:
    """An answer for each question; one text for all when only one is given."""
    given = tuple(text for text in said.answers or (said.text,) if text.strip())
    if len(given) == 1:
        return given * len(question.questions)
    if not given:
        raise InvalidInput("The answer is empty; say it in words.")
    if len(given) != len(question.questions):
        raise InvalidInput(f"There are {len(question.questions)} questions and {len(given)} answers; give one text for each.")
    return given


async def _open_request(store: Store, run_id: str, key: str | None) -> Request:
    requests = [request for request in await store.requests.of_run(run_id) if key in (None, request.key)]
    if not requests:
        raise InvalidInput(f"Run {run_id!r} has not asked anything.")
    is_open = [request for request in requests if request.state is RequestState.OPEN]
    return (is_open or requests)[-1]
