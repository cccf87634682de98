"""Alignment and planning against the rehearsal model: from a goal, by a question, to a Blueprint and its changes."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from agent.model.openai_model import OpenAIModel
from agent.planner.alignment import Alignment, align
from agent.planner.draft import Drafted, draft
from blueprint.plan import Blueprint, Strategy
from blueprint.policy import Rule, ToolRule
from blueprint.records import ConversationTurn
from blueprint.triggers import Cron, Manual, Trigger
from blueprint.validation import Surroundings
from tests.fakes.rehearsal import host_tools, rehearsal_model

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
GOAL = "Inspect this host every 15 minutes and clean the scratch directory when it is over 1 MB"
TWO = "Check the disks every day at 02:00 and clean the scratch directory every Friday at 6"


@pytest.fixture
async def model() -> AsyncIterator[OpenAIModel]:
    async with rehearsal_model() as model:
        yield model


def _turns(*said: str) -> list[ConversationTurn]:
    roles = ["person", "planner"] * len(said)
    return [
        ConversationTurn.model_validate({"role": role, "text": text, "at": NOW}) for role, text in zip(roles, said, strict=False)
    ]


async def _align(model: OpenAIModel, *said: str) -> Alignment:
    tools = host_tools()
    found, usage = await align(model, goal=said[0], turns=_turns(*said), tools=tools, now=NOW, mission_zone="Europe/Paris")
    assert usage.input_tokens > 0
    return found


async def _draft(model: OpenAIModel, *said: str, previous: Blueprint | None = None, wish: str = "") -> Drafted:
    around = Surroundings(now=NOW, tools=[tool.full_name for tool in host_tools()])
    return await draft(
        model,
        goal=said[0],
        turns=_turns(*said),
        tools=host_tools(),
        around=around,
        mission_zone="Europe/Paris",
        previous=previous,
        wish=wish,
    )


async def _plan(model: OpenAIModel, *said: str) -> Blueprint:
    drafted = await _draft(model, *said)
    assert drafted.problems == ()
    assert drafted.plan is not None
    return drafted.plan


async def test_a_complete_goal_gets_no_questions_and_the_zone_of_the_mission(model: OpenAIModel) -> None:
    found = await _align(model, GOAL)
    assert (found.questions, found.timezone) == ((), "Europe/Paris")
    assert "clean the scratch directory when it is over 1 MB" in found.understanding.lower().replace("mb", "MB")


@pytest.mark.parametrize(
    ("goal", "word", "answer"),
    [("Inspect this host", "When", "every day at 02:00"), ("every day at 02:00", "What", "the memory of this host")],
)
async def test_what_is_missing_is_asked_once_and_understood_from_the_answer(
    model: OpenAIModel, goal: str, word: str, answer: str
) -> None:
    asked = await _align(model, goal)
    [question] = asked.questions
    assert question.startswith(word)
    said = (goal, f"{asked.understanding}\n{question}", f"{question}\n{answer}")
    assert (await _align(model, *said)).questions == ()
    plan = await _plan(model, *said)
    assert [task.trigger for task in plan.tasks] == [Cron(cron="0 2 * * *", timezone="Europe/Paris")]


async def test_a_plan_keeps_conditions_word_for_word_and_has_changes_approved(model: OpenAIModel) -> None:
    plan = await _plan(model, GOAL)
    [task] = plan.tasks
    assert task.trigger == Cron(cron="*/15 * * * *", timezone="Europe/Paris")
    assert task.instructions == "Inspect this host. Clean the scratch directory when it is over 1 MB."
    assert task.tools == tuple(tool.full_name for tool in host_tools())
    assert plan.risk_policy.rules == (ToolRule(tool="host.clean_scratch", rule=Rule.ASK),)
    assert plan.timezone == "Europe/Paris"


async def test_jobs_at_different_times_become_tasks_with_their_own_tools(model: OpenAIModel) -> None:
    plan = await _plan(model, f"{TWO}, Berlin time")
    assert [(task.name, task.trigger, task.tools) for task in plan.tasks] == [
        ("check-the-disks", Cron(cron="0 2 * * *", timezone="Europe/Berlin"), ("host.disk_usage",)),
        (
            "clean-the-scratch-directory",
            Cron(cron="0 6 * * 5", timezone="Europe/Berlin"),
            ("host.scratch_usage", "host.clean_scratch"),
        ),
    ]


async def test_what_validation_refuses_is_mended_in_the_next_try_and_said(model: OpenAIModel) -> None:
    drafted = await _draft(model, "Inspect this host every minute, Mars/Olympus time")
    assert (drafted.attempts, drafted.problems) == (2, ())
    assert drafted.plan is not None
    assert drafted.plan.tasks[0].trigger == Cron(cron="*/5 * * * *", timezone="Europe/Paris")
    assert "no Task may run more often than every 5 minutes" in drafted.plan.approach
    assert "no time zone 'Mars/Olympus'" in drafted.plan.approach


async def test_a_limit_that_can_not_be_kept_to_is_left_out_and_said(model: OpenAIModel) -> None:
    drafted = await _draft(model, "Inspect this host every hour, at most 0 at a time")
    assert (drafted.attempts, drafted.problems) == (2, ())
    assert drafted.plan is not None
    assert drafted.plan.tasks[0].strategy == Strategy()
    assert "can't be kept to, so the usual limits hold" in drafted.plan.approach


@pytest.mark.parametrize(
    ("wish", "triggers"),
    [
        ("make it 03:00", [Cron(cron="0 3 * * *", timezone="Europe/Paris"), Cron(cron="0 3 * * 5", timezone="Europe/Paris")]),
        ("run the disks every 30 minutes instead", [Cron(cron="*/30 * * * *", timezone="Europe/Paris"), None]),
        ("clean only when asked", [None, Manual()]),
        ("use Asia/Tokyo time", [Cron(cron="0 2 * * *", timezone="Asia/Tokyo"), Cron(cron="0 6 * * 5", timezone="Asia/Tokyo")]),
        ("drop the cleaning", [None]),
        ("also check the memory every Monday at 8", [None, None, Cron(cron="0 8 * * 1", timezone="Europe/Paris")]),
    ],
)
async def test_a_wish_changes_what_it_names_and_nothing_else(
    model: OpenAIModel, wish: str, triggers: list[Trigger | None]
) -> None:
    before = await _plan(model, TWO)
    drafted = await _draft(model, TWO, previous=before, wish=wish)
    assert drafted.plan is not None
    kept = [task.trigger for task in before.tasks]
    assert [task.trigger for task in drafted.plan.tasks] == [new or kept[place] for place, new in enumerate(triggers)]


async def test_a_wish_that_is_not_understood_changes_nothing_and_is_admitted(model: OpenAIModel) -> None:
    before = await _plan(model, GOAL)
    drafted = await _draft(model, GOAL, previous=before, wish="be nicer")
    assert drafted.plan is not None
    assert drafted.plan.tasks == before.tasks
    assert drafted.plan.approach.startswith("The wish 'be nicer' was not understood")
