"""A run that is given more steps by a person, reads a large result, and whose figures are those of the model's server."""

from pathlib import Path

from blueprint.plan import Strategy
from blueprint.records import RunState
from blueprint.requests import AnomalyQuestion, Decision
from blueprint.stream import Noted, Raised, Returned, Warned
from flows.people.replying import Reply, reply
from tests.fakes.counter import Counter
from tests.fakes.installation import Installation, task
from tests.fakes.model_server import calls, scripted_model

BIG = calls(("counter__big", {"megabytes": 2}))
SEARCH = calls(("search_result", {"call": "c00001000", "words": "901234567890", "position": 1_500_000}))
NOTE = calls(("note", {"kind": "finding", "text": "It is digits all the way.", "evidence": ["c00001000"]}))
DONE = calls(("conclude", {"summary": "Digits.", "findings": [{"title": "Digits", "severity": "ok", "evidence": ["c00001000"]}]}))


async def test_a_run_with_a_large_result_goes_on_beyond_its_steps_when_a_person_lets_it(
    installation: Installation, tmp_path: Path
) -> None:
    limited = task(strategy=Strategy(step_limit=3))
    async with scripted_model([BIG, SEARCH, NOTE, DONE]) as model, installation.store() as store:
        employee = await installation.employ(model_url=model.url, servers=[Counter(folder=tmp_path).connection()])
        mission = await installation.launch(limited, employee=employee)
        run_id = await installation.start(mission)
        request = await installation.asked(run_id)
        assert isinstance(request.question, AnomalyQuestion)
        assert (request.key, request.title) == ("budget-steps-1", "go on beyond 3 steps?")
        await reply(store, run_id, Reply(decision=Decision.CONTINUE, text="finish it"), by="test", key=request.key)
        record = await installation.ended(run_id)
        events = [entry.event for entry in await store.journal.read(run_id)]
        used = await store.runs.used(mission.id)
    assert (record.state, record.usage.input_tokens, record.usage.output_tokens) == (RunState.SUCCESS, 400, 40)
    assert [(one.task, one.runs, one.usage) for one in used] == [("work", 1, record.usage)]
    assert [event.limit for event in events if isinstance(event, Raised)] == [6]
    assert sum(isinstance(event, Noted) for event in events) == 1
    big, search = [event for event in events if isinstance(event, Returned)]
    assert (installation.home / big.kept).stat().st_size == big.size == 2_000_000
    assert len(big.text) <= 30_000
    assert "At byte 1500009:" in search.text
    whole = await installation.command("result", run_id, "c00001000")
    assert (whole.code, len(whole.stdout)) == (0, 2_000_000)
    assert "finish it" in model.requests[-1]["messages"][-1]["content"]
    assert not any(isinstance(event, Warned) and event.about == "loop" for event in events)
