"""`missions audit`: every door's answer is in the record, and a record that somebody changed does not verify (R5.6)."""

from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text

from blueprint.policy import RiskPolicy, Rule, ToolRule
from flows.starting import start
from tests.fakes.counter import Counter
from tests.fakes.installation import Installation, task
from tests.fakes.interrupting import reaches
from tests.fakes.model_server import calls, scripted_model
from tests.flows.command.conftest import Command

DONE = calls(("conclude", {"summary": "All counted.", "findings": []}))
FORBIDDEN = RiskPolicy(rules=(ToolRule(tool="counter.count_once", rule=Rule.FORBID),))


async def test_every_door_s_answer_is_in_the_record_and_a_changed_byte_shows(
    installation: Installation, command: Command, tmp_path: Path
) -> None:
    counter = Counter(folder=tmp_path)
    script = [calls(("counter__count", {"text": text})) for text in ("one", "two", "three")]
    async with scripted_model([calls(("counter__count_once", {"text": "no"})), *script, DONE]) as model:
        employee = await installation.employ(model_url=model.url, servers=[counter.connection()])
        mission = await installation.launch(task(), employee=employee, policy=FORBIDDEN)
        run_id = await installation.start(mission)
        await _answer_by_each_door(installation, command, run_id)
        await installation.ended(run_id)
    record = (await command("audit", mission.id, "--json")).json
    events = [entry["document"]["event"] for entry in record["entries"]]
    assert (record["verified"], record["head"]["count"]) == (True, len(events))
    assert [_gist(event) for event in events] == [
        "mission changed Draft",
        "plan confirmed",
        "mission changed Active",
        "call refused counter.count_once",
        *("request opened approval", "request answered approve by console", "approval spent counter.count"),
        *("request opened approval", "request answered reject by command"),
        "call refused counter.count",
        *("request opened approval", "request answered approve by deployment:reply", "approval spent counter.count"),
    ]
    assert counter.counts() == ["one", "three"]
    await _is_found_when_changed(installation, command, mission.id)


async def _answer_by_each_door(here: Installation, command: Command, run_id: str) -> None:
    async with here.client() as client:
        await here.asked(run_id)
        await reaches(here, run_id, "Suspended")
        await client.resume_flow_run(UUID(run_id), run_input={"decision": "approve", "comment": ""})
        await reaches(here, run_id, "Resuming", "Pending", "Running")
        await reaches(here, run_id, "Suspended")
        assert (await command("reply", run_id, "--reject", "not two")).code == 0
        await reaches(here, run_id, "Resuming", "Pending", "Running")
        await reaches(here, run_id, "Suspended")
        await start(client, "reply/reply", {"run": run_id, "decision": "approve"})


def _gist(event: dict[str, Any]) -> str:
    """What is told in a few words: for an answer the decision and the door."""
    if answer := event.get("answer"):
        return f"{event['kind']} {answer['decision']} by {_door(str(answer['by']))}"
    about = event.get("state") or event.get("question") or event.get("call") or ""
    return f"{event['kind']} {about}".strip()


def _door(by: str) -> str:
    return "command" if by.startswith("command:") else by


async def _is_found_when_changed(here: Installation, command: Command, mission_id: str) -> None:
    listed = await command("audit", mission_id)
    assert (listed.code, "Verified: 13 entries" in listed.stdout, "not two" in listed.stdout) == (0, True, True)
    forge = "UPDATE missions.audit_entries SET document = replace(document, 'not two', 'not too') WHERE mission_id = :id"
    async with here.store() as store, store.engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(text(forge), {"id": mission_id})
    forged = await command("audit", mission_id)
    assert (forged.code, forged.stderr.strip()) == (
        1,
        "The record does not verify from entry 9 on: Entry 9, or its hash, is not what was written.",
    )
    assert (await command("audit", mission_id, "--json")).json["problem"]["sequence"] == 9
