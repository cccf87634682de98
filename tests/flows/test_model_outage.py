"""A model that goes away, or loses its key, in the middle of a run: it is waited for, or the report says why not (R4.9)."""

from pathlib import Path

from blueprint.policy import RiskPolicy, Rule, ToolRule
from blueprint.records import RunRecord, RunState
from tests.fakes.counter import Counter
from tests.fakes.installation import Installation, task
from tests.fakes.model_server import Turn, calls, fails, scripted_model

DONE = calls(("conclude", {"summary": "All counted.", "findings": []}))
COUNT = calls(("counter__count", {"text": "one"}))
AUTO = RiskPolicy(rules=(ToolRule(tool="counter.*", rule=Rule.AUTO),))
AWAY = fails(503)


async def _run(here: Installation, counter: Counter, *script: Turn) -> RunRecord:
    async with scripted_model(script) as model:
        employee = await here.employ(model_url=model.url, servers=[counter.connection()], patience=900)
        return await here.ended(await here.start(await here.launch(task(), employee=employee, policy=AUTO)))


async def test_a_model_that_is_away_over_all_retries_is_waited_for(installation: Installation, tmp_path: Path) -> None:
    counter = Counter(folder=tmp_path)
    record = await _run(installation, counter, COUNT, AWAY, AWAY, DONE)
    assert (record.state, counter.counts()) == (RunState.SUCCESS, ["one"])


async def test_a_key_that_is_revoked_ends_the_run_with_the_reason_and_with_what_was_done(
    installation: Installation, tmp_path: Path
) -> None:
    counter = Counter(folder=tmp_path)
    record = await _run(installation, counter, COUNT, fails(401))
    report = (installation.home / record.report_path).read_text()
    assert (record.state, counter.counts()) == (RunState.FAILED, ["one"])
    assert "refused the API key" in record.reason
    assert "refused the API key" in report
    assert "counter.count" in report
