"""From a goal to a launched Mission: questions, plan, review, launch; every step is found again after a kill (R2.1-R2.4)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count

from agent.model.model import Model
from agent.planner.alignment import align
from agent.planner.draft import draft, in_zone
from blueprint.connections import Employee
from blueprint.errors import InvalidBlueprint, LimitReached, Outdated
from blueprint.mission import Mission, MissionState
from blueprint.plan import Blueprint
from blueprint.proposals import draft_version, version_to_show
from blueprint.records import ConversationTurn
from blueprint.requests import Answer, Decision, InformationQuestion, ReviewQuestion
from blueprint.validation import problems_of
from flows.artifacts import keep_page
from flows.creation.choosing import drafts_version, versions_and_requests
from flows.creation.launching import replace_plan
from flows.creation.page import plan_page, show_in_force
from flows.creation.surroundings import Seen
from flows.links.console import deployments_page
from flows.naming import plan_key
from flows.people.asking import People
from flows.runs.lease import Lease

ALIGNMENT_ROUNDS = 3
REVIEW_ROUNDS = 20


@dataclass(frozen=True, kw_only=True)
class Planning:
    """One execution of a Mission's creation."""

    lease: Lease
    people: People
    mission: Mission
    employee: Employee
    model: Model
    seen: Seen
    given: Blueprint | None = None
    """A plan that a person brought; shown instead of one that the model writes."""

    async def turns(self) -> list[ConversationTurn]:
        """What was said so far."""
        return await self.lease.store.conversation.of(self.mission.id)

    async def say(self, role: str, text: str, key: str) -> None:
        """Keep one turn of the conversation; the same key again changes nothing."""
        turn = ConversationTurn.model_validate({"role": role, "text": text, "at": datetime.now(UTC)})
        await self.lease.store.conversation.add(self.mission.id, turn, key)


async def plan_mission(planning: Planning) -> str:
    """Go from the goal to the person's decision about a plan; gives a sentence about how it ended.

    InvalidBlueprint when the model brings no usable plan, Unanswered when nobody answers.
    """
    await planning.say("person", planning.mission.goal, "goal")
    for number in count(1):
        if number > REVIEW_ROUNDS:
            raise LimitReached(f"The plan was changed {REVIEW_ROUNDS} times; start again with a goal that says it all.")
        answer, question = await _review(planning, number)
        match answer.decision:
            case Decision.LAUNCH if not await _changed_since(planning, question, number):
                return await _launch(planning, question, answer)
            case Decision.LAUNCH:
                await planning.say("planner", "The Draft's plan was changed meanwhile; it is shown again.", f"changed-{number}")
            case Decision.KEEP_DRAFT:
                return await _kept(planning)
            case _:
                await planning.say("person", answer.text, f"wish-{number}")
    raise AssertionError("the loop above ends by itself")


async def _review(planning: Planning, number: int) -> tuple[Answer, ReviewQuestion]:
    """Show a plan and get the answer. The question that was stored first is the one that counts."""
    key, store = f"review-{number}", planning.lease.store
    asked = [request for request in await store.requests.of_run(planning.lease.run_id) if request.key == key]
    stored = asked[0].question if asked else await _question(planning)
    assert isinstance(stored, ReviewQuestion)
    plan = await store.plans.get(planning.mission.id, stored.plan_version)
    answer = await planning.people.decide(key=key, title=f"Launch this plan of {plan.title!r}?", question=stored)
    return answer, stored


async def _question(planning: Planning) -> ReviewQuestion:
    version, plan = await _next_plan(planning)
    mission = await planning.lease.store.missions.get(planning.mission.id)
    page = await plan_page(planning.lease.store, mission, version, plan, employee=planning.employee, seen=planning.seen)
    await keep_page(
        key=plan_key(planning.mission.id),
        description=f"Plan, version {version}",
        page=page,
        flow_run_id=planning.lease.run_id,
    )
    return ReviewQuestion(
        plan_version=version, plan_digest=plan.digest, page=page, can_launch=not problems_of(planning.seen.verify(plan))
    )


async def _next_plan(planning: Planning) -> tuple[int, Blueprint]:
    store, mission_id = planning.lease.store, planning.mission.id
    known = await versions_and_requests(store, mission_id)
    if (ready := version_to_show(*known, planning.lease.run_id)) is not None:
        return ready, await store.plans.get(mission_id, ready)
    version = draft_version(*known)
    if version is None and planning.given is not None:
        return await _keep(planning, in_zone(planning.given, planning.mission.timezone))
    previous = None if version is None else await store.plans.get(mission_id, version)
    turns = await _aligned(planning) if previous is None else await planning.turns()
    wish = turns[-1].text if previous is not None else ""
    drafted = await draft(
        planning.model,
        goal=planning.mission.goal,
        turns=turns,
        tools=planning.seen.listing.tools,
        around=planning.seen.surroundings(),
        mission_zone=planning.mission.timezone,
        previous=previous,
        wish=wish,
    )
    if drafted.plan is None:
        raise InvalidBlueprint([*drafted.problems, f"The model was asked {drafted.attempts} times; say the goal in other words."])
    return await _keep(planning, drafted.plan)


async def _keep(planning: Planning, plan: Blueprint) -> tuple[int, Blueprint]:
    store, now = planning.lease.store, datetime.now(UTC)
    version = await store.plans.add(planning.mission.id, plan, now)
    zone = plan.timezone or planning.mission.timezone
    await store.missions.describe(planning.mission.id, title=plan.title, timezone=zone, now=now)
    await planning.say("planner", f"Version {version} of the plan: {plan.goal}", f"plan-{version}")
    return version, plan


async def _aligned(planning: Planning) -> list[ConversationTurn]:
    """Ask until nothing is missing, three rounds at most; each round's questions in one form (R2.1)."""
    for number in range(1, ALIGNMENT_ROUNDS + 1):
        questions = await _questions(planning, number)
        if not questions:
            break
        answer = await planning.people.decide(
            key=f"align-{number}", title="What is missing for a plan?", question=InformationQuestion(questions=questions)
        )
        said = "\n".join(f"{question}\n{text}" for question, text in zip(questions, answer.answers, strict=False))
        await planning.say("person", said, f"align-{number}-answers")
    return await planning.turns()


async def _questions(planning: Planning, number: int) -> tuple[str, ...]:
    """The round's questions: those that were asked before a restart, else the model's."""
    for request in await planning.lease.store.requests.of_run(planning.lease.run_id):
        if request.key == f"align-{number}" and isinstance(request.question, InformationQuestion):
            return request.question.questions
    found, _ = await align(
        planning.model,
        goal=planning.mission.goal,
        turns=await planning.turns(),
        tools=planning.seen.listing.tools,
        now=datetime.now(UTC),
        mission_zone=planning.mission.timezone,
    )
    said = "\n".join([found.understanding, *found.questions])
    await planning.say("planner", said, f"align-{number}-questions")
    return found.questions


async def _changed_since(planning: Planning, question: ReviewQuestion, number: int) -> bool:
    """Whether the Draft had another plan by the time than the one that was confirmed, so that it is shown again (R2.4)."""
    if await planning.lease.store.requests.get(planning.lease.run_id, f"review-{number + 1}") is not None:
        return True
    mission = await planning.lease.store.missions.get(planning.mission.id)
    is_draft = mission.state is MissionState.DRAFT and mission.plan_version is None
    return is_draft and question.plan_version != await drafts_version(planning.lease.store, mission.id)


async def _kept(planning: Planning) -> str:
    mission = await planning.lease.store.missions.get(planning.mission.id)
    if mission.plan_version is not None:  # somebody launched another version meanwhile
        return f"Version {mission.plan_version} of the plan is in force; the one shown here is not."
    return f"Kept as a Draft: launch it with `missions launch {mission.id}`."


async def _launch(planning: Planning, question: ReviewQuestion, answer: Answer) -> str:
    store, mission_id = planning.lease.store, planning.mission.id
    plan = await store.plans.get(mission_id, question.plan_version)
    try:
        await replace_plan(
            store,
            mission_id,
            version=question.plan_version,
            replaces=None,
            digest=question.plan_digest,
            by=answer.by,
            problems=problems_of(planning.seen.verify(plan)),
        )
    except Outdated:  # launched by command and changed since: what was shown here is history
        return await _kept(planning)
    await show_in_force(store, mission_id, employee=planning.employee, seen=planning.seen, flow_run_id=planning.lease.run_id)
    mission = await store.missions.get(mission_id)
    return f"Mission {mission_id} is {mission.state}, its plan in force: {deployments_page(mission_id)}"
