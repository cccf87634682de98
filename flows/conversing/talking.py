"""Does what one message about a Mission wants: runs Tasks, answers from the records, changes the plan (R3.5, R3.6).

The model says what it reads, code decides: what is unclear is asked back and nothing is done; what changes the plan is shown
as a difference and confirmed. Each step is found again after a kill, by a key made of the conversation's run.
"""

from datetime import UTC, datetime

from agent.planner.understanding import understand
from blueprint.mission import Mission, MissionState, not_running
from blueprint.plan import Blueprint
from blueprint.remarks import Understood
from flows.conversing.answering import answers
from flows.conversing.changing import change_plan
from flows.conversing.talk import Talk
from flows.creation.choosing import chosen_plan
from flows.links.console import run_page
from flows.starting import start_task

TURNS = 40
"""So much of the conversation before is shown to the model."""


def reply_key(run_id: str) -> str:
    """Where the planner's reply stands in the conversation."""
    return f"reply-{run_id}"


def failure_key(run_id: str) -> str:
    """Where it stands why a message could not be carried out."""
    return f"failed-{run_id}"


async def talk(talk: Talk) -> str:
    """Do all that the message wants; gives the reply, which is kept in the conversation."""
    mission = await talk.store.missions.get(talk.mission_id)
    understood = await _understood(talk, mission)
    said = [understood.question] if understood.question else []
    if understood.runs and (refusal := _no_runs(mission)):
        said, understood = [refusal], Understood()
    said += [await _run(talk, mission, name) for name in understood.runs]
    said += await answers(talk.store, mission, understood.topics)
    if understood.changes:
        said.append(await change_plan(talk, understood.changes))
    reply = "\n\n".join(said)
    await talk.say("planner", reply, reply_key(talk.run_id))
    return reply


async def _understood(talk: Talk, mission: Mission) -> Understood:
    """What the message wants: as it was read before a restart, else by the model."""
    key = f"said-{talk.run_id}"
    kept = await talk.store.conversation.get(mission.id, key)
    if kept is not None and kept.reading is not None:
        return kept.reading
    _, plan = await chosen_plan(talk.store, mission, None)
    read = await understand(
        talk.model,
        message=talk.text,
        plan=plan,
        turns=(await talk.store.conversation.of(mission.id))[-TURNS:],
        tools=talk.seen.listing.tools,
        channels=talk.seen.channels,
        now=datetime.now(UTC),
        mission_zone=plan.timezone or mission.timezone,
    )
    await talk.say("person", talk.text, key, read)
    return read


def _no_runs(mission: Mission) -> str:
    """Why no Task can run now; empty when they can."""
    return "" if mission.state is MissionState.ACTIVE else f"Nothing was done. {not_running(mission)}"


async def _run(talk: Talk, mission: Mission, task: str) -> str:
    """Start it; however often this conversation is started again, there is one run."""
    plan = await _plan_in_force(talk, mission)
    run_id = await start_task(talk.client, mission, plan, task, once_key=f"said:{talk.run_id}:{task}")
    return f"Task {task!r} runs now: {run_page(run_id)}"


async def _plan_in_force(talk: Talk, mission: Mission) -> Blueprint:
    _, plan = await chosen_plan(talk.store, mission, None)
    return plan
