"""What the Prefect UI is given: described parameter forms, resume forms for each kind of question, and what they refuse."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prefect.client.schemas.filters import LogFilter
from prefect.client.schemas.responses import SetStateStatus
from prefect.exceptions import PrefectHTTPStatusError

from blueprint.policy import ToolCall
from blueprint.records import RunState
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
)
from flows.people.forms import answer_from_form, form_for, form_from_answer
from flows.system import system_deployments
from tests.fakes.counter import Counter
from tests.fakes.installation import Installation, task
from tests.fakes.interrupting import reaches
from tests.fakes.model_server import calls, scripted_model

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
CALL = ToolCall(id="c00001000", server="counter", tool="count", arguments={"text": "one"})
APPROVAL = ApprovalQuestion(call=CALL, why="as asked", risk="it changes something")
ANSWERS: list[tuple[Question, Decision, dict[str, object]]] = [
    (APPROVAL, Decision.APPROVE, {"text": "go"}),
    (APPROVAL, Decision.APPROVE_RUN, {"text": ""}),
    (APPROVAL, Decision.REJECT, {"text": ""}),
    (InformationQuestion(questions=("When?",)), Decision.ANSWER, {"answers": ("at noon",)}),
    (InformationQuestion(questions=tuple("abcdefghijk")), Decision.ANSWER, {"answers": tuple("ABCDEFGHIJK")}),
    (ChoiceQuestion(question="Which?", options=("left", "right")), Decision.CHOOSE, {"choice": "right", "text": ""}),
    (AnomalyQuestion(what="odd"), Decision.CONTINUE, {"text": "it is known"}),
    (AnomalyQuestion(what="lost", unknown_call=CALL), Decision.NOT_HAPPENED, {"text": "looked"}),
    (ReviewQuestion(plan_version=1, plan_digest="d", page="# Plan"), Decision.KEEP_DRAFT, {"text": ""}),
    (ReviewQuestion(plan_version=1, plan_digest="d", page="# Plan", can_launch=False), Decision.CHANGE, {"text": "at 3"}),
]


@pytest.mark.parametrize(("question", "decision", "fields"), ANSWERS)
def test_what_a_form_takes_is_read_as_the_same_answer(question: Question, decision: Decision, fields: dict[str, object]) -> None:
    answer = Answer.model_validate({"decision": decision, "by": "console", "at": NOW, **fields})
    filled = form_from_answer(answer, question)
    form_for(_request(question), "UTC").model_validate(filled)
    assert answer_from_form(filled, question, by="console", at=NOW) == answer


def test_a_choice_of_ones_own_goes_as_other_with_the_words() -> None:
    question = ChoiceQuestion(question="Which?", options=("left", "right"))
    answer = Answer(decision=Decision.CHOOSE, text="straight on", by="console", at=NOW)
    assert form_from_answer(answer, question) == {"choice": "other", "comment": "straight on"}


async def test_parameter_forms_of_the_system_flows_are_described(installation: Installation) -> None:
    async with installation.client() as client:
        for name in (f"{spec.flow_name}/{spec.name}" for spec in system_deployments().deployments):
            deployment = await client.read_deployment_by_name(name)
            schema: dict[str, Any] = deployment.parameter_openapi_schema or {}
            fields: dict[str, dict[str, Any]] = schema["properties"]
            assert all(field.get("description") for field in fields.values()), name
            assert deployment.description, name
            assert "Args:" not in deployment.description


async def test_a_goal_without_a_word_is_refused_before_anything_is_made(installation: Installation) -> None:
    async with installation.client() as client:
        create = await client.read_deployment_by_name("create/create")
        with pytest.raises(PrefectHTTPStatusError, match=r"409|422"):
            await client.create_flow_run_from_deployment(create.id, parameters={"goal": "   "})


async def test_a_creation_is_named_for_its_goal_and_says_what_is_wrong_with_its_time_zone(installation: Installation) -> None:
    async with installation.client() as client, installation.store() as store:
        create = await client.read_deployment_by_name("create/create")
        given = {"goal": "Inspect https://web-01.example when asked\nand tell me", "timezone": "Mars/Olympus"}
        made = await client.create_flow_run_from_deployment(create.id, parameters=given)
        state = await reaches(installation, str(made.id), "Failed")
        named = await client.read_flow_run(made.id)
        missions = [mission for mission in await store.missions.list() if mission.timezone == "Mars/Olympus"]
    assert named.name == "create: Inspect https: / /web-01.example when asked and tell me"
    assert state.message == "'Mars/Olympus' is no IANA time zone; write for example 'UTC' or 'Europe/Berlin'."
    assert missions == []


async def test_a_wrong_form_is_refused_with_the_reason_and_a_right_one_counts(installation: Installation, tmp_path: Path) -> None:
    counter = Counter(folder=tmp_path)
    done = calls(("conclude", {"summary": "Counted, see https://e.example/.", "findings": []}))
    script = [calls(("counter__count", {"text": "one"})), done]
    async with scripted_model(script) as model, installation.client() as client:
        employee = await installation.employ(model_url=model.url, servers=[counter.connection()])
        run_id = await installation.start(await installation.launch(task(), employee=employee))
        await reaches(installation, run_id, "Suspended")
        wrong = await client.resume_flow_run(UUID(run_id), run_input={"decision": "perhaps"})
        assert wrong.status is SetStateStatus.REJECT
        assert "perhaps" in str(wrong.details)
        right = await client.resume_flow_run(UUID(run_id), run_input={"decision": "approve", "comment": "yes"})
        assert right.status is SetStateStatus.ACCEPT
        record = await installation.ended(run_id)
        state = await reaches(installation, run_id, "Completed")
        logged = [line.message for line in await client.read_logs(_of_run(run_id))]
    assert (record.state, counter.counts()) == (RunState.SUCCESS, ["one"])
    assert state.message == "Counted, see https: / /e.example/."
    assert not any("https://e.example" in line for line in logged)
    assert any(line.startswith("A person is asked: counter.count? Answer here (menu, Resume) by ") for line in logged)


def test_a_question_alone_is_not_numbered_and_several_are() -> None:
    alone, several = (
        form_for(_request(InformationQuestion(questions=questions)), "UTC").model_json_schema()["properties"]
        for questions in (("When?",), ("When?", "Whom?"))
    )
    assert [(field["title"], field["description"]) for field in alone.values()] == [("Your answer", "When?")]
    assert [field["title"] for field in several.values()] == ["Answer 1", "Answer 2"]


def _of_run(run_id: str) -> LogFilter:
    return LogFilter.model_validate({"flow_run_id": {"any_": [run_id]}})


def _request(question: Question) -> Request:
    return Request(
        run_id="run-1",
        mission_id="m",
        key="k",
        title="Well?",
        question=question,
        asked_at=NOW,
        deadline=NOW + timedelta(hours=3),
    )
