"""The flow that answers a waiting run, for the console and for automations (R5.5)."""

from typing import Literal

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from blueprint.errors import MissionsError
from blueprint.requests import Decision
from flows.lifecycle.own_run import mark_own_run
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
async def reply_to_run(run: str, decision: Word = "as written", text: str = "", choice: str = "", request: str = "") -> State:
    """Answer the question that a run waits for. The first answer counts; a late or second one is refused with the reason.

    Args:
        run: Id of the waiting flow run.
        decision: What is decided; which words fit depends on the question. 'as written' reads it from the text.
        text: Free text for the agent, or the answer to its question.
        choice: For a choice: the option, word for word.
        request: Key of the question that is meant, for automations: an answer that comes late never answers a later one.
    """
    try:
        async with open_store() as store:
            chosen = None if decision == "as written" else Decision(decision)
            said = Reply(text=text, decision=chosen, choice=choice)
            answered = await reply(store, run, said, by="deployment:reply", key=request or None)
            await mark_own_run(answered.mission_id)
    except MissionsError as refusal:
        return Failed(message=str(refusal))
    taken = answered.answer.decision.replace("_", " ") if answered.answer else "nothing"
    return Completed(message=f"{answered.title!r} is answered: {taken}.")
