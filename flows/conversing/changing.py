"""Changes a Mission's plan as people wish: drafted, verified, shown as a difference, confirmed, put in force (R3.5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count

from agent.planner.draft import Drafted, draft
from blueprint.diff import PlanDiff, diff
from blueprint.errors import LimitReached, Outdated
from blueprint.mission import Mission, MissionState
from blueprint.plan import Blueprint
from blueprint.proposals import accepted_versions, draft_version
from blueprint.requests import Answer, Decision, ReviewQuestion
from blueprint.validation import problems_of
from flows.artifacts import keep_page
from flows.conversing.talk import Talk
from flows.creation.choosing import chosen_plan, versions_and_requests
from flows.creation.launching import replace_plan
from flows.creation.page import show_in_force
from flows.naming import change_key
from reports.changes import wish_page

ROUNDS = 10
"""So often one conversation shows a change, because the wish or the plan changed meanwhile."""


@dataclass(frozen=True, kw_only=True)
class _Base:
    """What a change starts from: the plan in force, of a Draft the latest."""

    mission: Mission
    version: int
    plan: Blueprint


async def change_plan(talk: Talk, wishes: Sequence[str]) -> str:
    """Draft, show and ask until somebody decides; gives a sentence about how it ended.

    The confirmation counts for exactly the plan that was shown against exactly the version that it replaces: when another one
    has come into force meanwhile, the wish is drafted anew upon that and asked about again.
    """
    wishes = list(wishes)
    for number in count(1):
        if number > ROUNDS:
            raise LimitReached(f"The change was shown {ROUNDS} times and the plan went on changing; say it again.")
        question = await _question(talk, wishes, number)
        if isinstance(question, str):
            return question
        answer = await _decision(talk, question, number)
        match answer.decision:
            case Decision.LAUNCH:
                try:
                    return await _put_in_force(talk, question, answer)
                except Outdated as outdated:
                    await talk.say("planner", str(outdated), f"outdated-{talk.run_id}-{number}")
            case Decision.CHANGE:
                wishes.append(answer.text)
            case _:
                return f"Nothing was changed. The plan that was shown is kept as version {question.plan_version}."
    raise AssertionError("the loop above ends by itself")


async def _decision(talk: Talk, question: ReviewQuestion, number: int) -> Answer:
    mission = await talk.store.missions.get(talk.mission_id)
    return await talk.people.decide(key=f"change-{number}", title=f"Change the plan of {mission.title!r}?", question=question)


async def _question(talk: Talk, wishes: Sequence[str], number: int) -> ReviewQuestion | str:
    """The question that was stored first is the one that counts; a sentence when there is nothing to ask about."""
    asked = await talk.store.requests.get(talk.run_id, f"change-{number}")
    if asked is not None and isinstance(asked.question, ReviewQuestion):
        return asked.question
    base = await _base(talk)
    drafted = await _draft(talk, base, wishes)
    if drafted.plan is None or drafted.problems:
        problems = "\n".join(f"- {problem}" for problem in drafted.problems)
        return f"That can't be done, and nothing was changed:\n{problems}"
    found = diff(base.plan, drafted.plan)
    if not _changes_anything(found):
        return (
            f"I did not understand what is to be different, and nothing was changed: {' '.join(wishes)!r}. Say it in other words."
        )
    return await _shown(talk, base, drafted.plan, found)


async def _base(talk: Talk) -> _Base:
    mission = await talk.store.missions.get(talk.mission_id)
    version, plan = await chosen_plan(talk.store, mission, None)
    return _Base(mission=mission, version=version, plan=plan)


async def _draft(talk: Talk, base: _Base, wishes: Sequence[str]) -> Drafted:
    return await draft(
        talk.model,
        goal=base.mission.goal,
        turns=await talk.store.conversation.of(base.mission.id),
        tools=talk.seen.listing.tools,
        around=talk.seen.surroundings(),
        mission_zone=base.plan.timezone or base.mission.timezone,
        previous=base.plan,
        wish="\n".join(" ".join(wish.split()) for wish in wishes),
    )


def _changes_anything(found: PlanDiff) -> bool:
    """What the planner only says about its work is no change."""
    return bool(found.added or found.removed or any(change.field != "approach" for change in found.changes))


async def _shown(talk: Talk, base: _Base, plan: Blueprint, found: PlanDiff) -> ReviewQuestion:
    version = await talk.store.plans.add(base.mission.id, plan, datetime.now(UTC))
    page = wish_page(found, version=version, earlier=base.version, zone=plan.timezone or base.mission.timezone, plan=plan)
    await keep_page(
        key=change_key(base.mission.id),
        description=f"Change from version {base.version} to {version}",
        page=page,
        flow_run_id=talk.run_id,
    )
    return ReviewQuestion(plan_version=version, plan_digest=plan.digest, page=page, replaces=base.version)


async def _put_in_force(talk: Talk, question: ReviewQuestion, answer: Answer) -> str:
    """Outdated when another plan came into force, or became the Draft's, since this one was shown."""
    mission = await talk.store.missions.get(talk.mission_id)
    plan = await talk.store.plans.get(mission.id, question.plan_version)
    if mission.plan_version is None:
        return await _keep_as_draft(talk, question, plan)
    changes = await replace_plan(
        talk.store,
        mission.id,
        version=question.plan_version,
        replaces=question.replaces,
        digest=question.plan_digest,
        by=answer.by,
        problems=problems_of(talk.seen.verify(plan)),
    )
    touched = ", ".join([*changes.created, *changes.updated, *changes.deleted, *changes.retired]) or "none needed a change"
    await show_in_force(talk.store, mission.id, employee=talk.employee, seen=talk.seen, flow_run_id=talk.run_id)
    stays = " The Mission stays Paused." if mission.state is MissionState.PAUSED else ""
    return f"Version {question.plan_version} of the plan is in force.{stays} Deployments: {touched}."


async def _keep_as_draft(talk: Talk, question: ReviewQuestion, plan: Blueprint) -> str:
    known = await versions_and_requests(talk.store, talk.mission_id)
    if question.plan_version not in accepted_versions(*known):
        raise Outdated(talk.mission_id, question.replaces, draft_version(*known))
    mission, now = await talk.store.missions.get(talk.mission_id), datetime.now(UTC)
    await talk.store.missions.describe(mission.id, title=plan.title, timezone=plan.timezone or mission.timezone, now=now)
    return f"Version {question.plan_version} is the Draft's plan now; `missions launch {mission.id}` puts it in force."
