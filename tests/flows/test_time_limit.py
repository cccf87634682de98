"""Running time is work, not waiting, and counts over all executions of a run (R4.6)."""

from sqlalchemy import text

from blocks.store.store import Store
from blueprint.plan import Strategy
from blueprint.records import RunState
from blueprint.requests import Decision
from flows.people.replying import Reply, reply
from tests.fakes.counter import wait_until
from tests.fakes.installation import Installation, task
from tests.fakes.interrupting import BACK_SECONDS, kill_run, reaches
from tests.fakes.model_server import calls, scripted_model, waits

ASK = calls(("ask_person", {"kind": "anomaly", "title": "Go on?", "text": "Something is odd."}))
DONE = calls(("conclude", {"summary": "Done.", "findings": []}))
SILENT = waits(300, DONE)


async def test_a_run_s_time_counts_over_a_wait_and_a_kill_and_the_wait_does_not_count(installation: Installation) -> None:
    limited = task(strategy=Strategy(time_limit_minutes=1))
    async with scripted_model([ASK, SILENT, SILENT]) as model, installation.store() as store:
        employee = await installation.employ(model_url=model.url)
        run_id = await installation.start(await installation.launch(limited, employee=employee))
        await installation.asked(run_id)
        await reaches(installation, run_id, "Suspended")
        await _change(store, "beat_at = beat_at - interval '1 hour'", run_id)  # it has waited for so long
        await reply(store, run_id, Reply(decision=Decision.CONTINUE), by="test")
        await wait_until(lambda: len(model.requests) == 2, BACK_SECONDS)
        await _change(store, "working = interval '50 seconds'", run_id)
        await kill_run(installation, run_id)
        record = await installation.ended(run_id)
    assert (record.state, record.executions) == (RunState.FAILED, 3)
    assert record.reason == "The run used up its 60 seconds; raise time_limit_minutes if it needs more."
    assert 60 <= record.running_seconds < 120
    assert record.report_path


async def _change(store: Store, what: str, run_id: str) -> None:
    async with store.engine.begin() as connection:
        await connection.execute(text(f"UPDATE missions.leases SET {what} WHERE run_id = :id"), {"id": run_id})
