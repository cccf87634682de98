"""A run of a Task on the whole installation: from start to report, with people in between."""

from pathlib import Path
from uuid import UUID

from prefect.client.schemas.filters import FlowRunFilter

from blueprint.records import RunState
from blueprint.requests import Decision
from blueprint.stream import Outcome, Returned
from flows.people.replying import Reply, reply
from tests.fakes.counter import Counter
from tests.fakes.installation import Installation, task
from tests.fakes.model_server import calls, scripted_model

DONE = calls(("conclude", {"summary": "Counted one.", "findings": [{"title": "One", "severity": "info"}]}))
COUNT = calls(("counter__count", {"text": "one"}), text="I count, as asked.")


async def test_an_approved_call_happens_once_and_the_report_tells_of_it(installation: Installation, tmp_path: Path) -> None:
    counter = Counter(folder=tmp_path)
    async with scripted_model([COUNT, DONE]) as model, installation.store() as store:
        employee = await installation.employ(model_url=model.url, servers=[counter.connection()])
        run_id = await installation.start(await installation.launch(task(), employee=employee))
        request = await installation.asked(run_id)
        await reply(store, run_id, Reply(decision=Decision.APPROVE, text="yes, one"), by="test", key=request.key)
        record = await installation.ended(run_id)
    assert (record.state, record.reason, counter.counts()) == (RunState.SUCCESS, "", ["one"])
    report = (installation.home / record.report_path).read_text()
    assert "approved by test" in report
    assert "Counted one." in report


async def test_a_rejected_call_does_not_happen_and_the_report_says_so(installation: Installation, tmp_path: Path) -> None:
    counter = Counter(folder=tmp_path)
    async with scripted_model([COUNT, DONE]) as model, installation.store() as store:
        employee = await installation.employ(model_url=model.url, servers=[counter.connection()])
        run_id = await installation.start(await installation.launch(task(), employee=employee))
        await installation.asked(run_id)
        await reply(store, run_id, Reply(decision=Decision.REJECT, text="not today"), by="test")
        record = await installation.ended(run_id)
        entries = await store.journal.read(run_id)
    assert (record.state, counter.counts()) == (RunState.SUCCESS, [])
    assert [entry.event.outcome for entry in entries if isinstance(entry.event, Returned)] == [Outcome.NOT_DONE]
    assert "not today" in (installation.home / record.report_path).read_text()


async def test_each_step_is_a_named_task_run_with_one_artifact(installation: Installation, tmp_path: Path) -> None:
    counter = Counter(folder=tmp_path)
    async with scripted_model([calls(("counter__peek", {})), DONE]) as model, installation.client() as client:
        employee = await installation.employ(model_url=model.url, servers=[counter.connection()])
        run_id = await installation.start(await installation.launch(task(), employee=employee))
        await installation.ended(run_id)
        steps = await client.read_task_runs(flow_run_filter=_only(run_id))
        artifacts = await client.read_artifacts(flow_run_filter=_only(run_id))
    names = {step.id: step.name for step in steps}
    shown = [names[artifact.task_run_id] for artifact in artifacts if artifact.task_run_id]
    assert sorted(shown) == ["conclude", "counter.peek", "reason", "reason"]
    assert sorted(names.values()) == sorted(shown)
    assert {UUID(run_id)} == {artifact.flow_run_id for artifact in artifacts}


def _only(run_id: str) -> FlowRunFilter:
    return FlowRunFilter.model_validate({"id": {"any_": [run_id]}})
