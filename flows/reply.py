"""The flow that answers a waiting run, for the console and for automations (R5.5)."""

from typing import Literal

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from blueprint.errors import MissionsError
from blueprint.requests import Decision
from flows.opening import open_store
from flows.people.replying import Reply, reply

Word = Literal[
    "as written",
    "approve",
    "approve_for_this_run",
    "reject",
    "answer",
    "choose",
    "continue",
    "stop",
    "happened",
    "not_happened",
    "launch",
    "change",
    "keep_draft",
]


@flow(name="reply", flow_run_name="reply to {run}", persist_result=False)
async def reply_to_run(run: str, decision: Word = "as written", text: str = "", choice: str = "") -> State:
    """Answer the question that a run waits for. The first answer counts; a late or second one is refused with the reason.

    Args:
        run: Id of the waiting flow run.
        decision: What is decided; which words fit depends on the question. 'as written' reads it from the text.
        text: Free text for the agent, or the answer to its question.
        choice: For a choice: the option, word for word.
    """
    try:
        async with open_store() as store:
            chosen = None if decision == "as written" else Decision(decision)
            request = await reply(store, run, Reply(text=text, decision=chosen, choice=choice), by="deployment:reply")
    except MissionsError as refusal:
        return Failed(message=str(refusal))
    taken = request.answer.decision.replace("_", " ") if request.answer else "nothing"
    return Completed(message=f"{request.title!r} is answered: {taken}.")
