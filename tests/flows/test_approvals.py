"""Approvals on a whole installation: once, for the run, by a standing rule, looked at again, and over kills (R5.3, R6.3)."""

from pathlib import Path
from uuid import UUID

from sqlalchemy import text

from blueprint.mission import Mission
from blueprint.policy import RiskPolicy, Rule, ToolRule
from blueprint.records import RunState
from blueprint.requests import ApprovalQuestion, Decision, Request
from blueprint.stream import Intended, LookedAgain, Outcome, Returned
from flows.artifacts import find_pages
from flows.naming import snapshot_key
from flows.people.replying import Reply, reply
from tests.fakes.command import run_here
from tests.fakes.counter import Counter, wait_until
from tests.fakes.installation import Installation, task
from tests.fakes.interrupting import BACK_SECONDS, kill_run, reaches
from tests.fakes.model_server import Turn, calls, scripted_model

DONE = calls(("conclude", {"summary": "All counted.", "findings": []}))
PEEK = calls(("counter__peek", {}))


def _count(word: str) -> Turn:
    return calls(("counter__count", {"text": word}))


async def _mission(here: Installation, model_url: str, counter: Counter, policy: RiskPolicy | None = None) -> Mission:
    employee = await here.employ(model_url=model_url, servers=[counter.connection(call_seconds=120)])
    return await here.launch(task(), employee=employee, policy=policy)


async def test_what_the_form_approves_for_the_run_holds_over_a_kill_until_the_run_ends(
    installation: Installation, tmp_path: Path
) -> None:
    counter = Counter(folder=tmp_path)
    script = [_count("one"), calls(("counter__peek", {"before": 3})), _count("two"), DONE, _count("three")]
    async with scripted_model(script) as model, installation.store() as store, installation.client() as client:
        mission = await _mission(installation, model.url, counter)
        run_id = await installation.start(mission)
        await installation.asked(run_id)
        await reaches(installation, run_id, "Suspended")
        await client.resume_flow_run(UUID(run_id), run_input={"decision": "approve for this run", "comment": ""})
        await wait_until(lambda: bool(counter.calls("peek", "start")), BACK_SECONDS)
        await kill_run(installation, run_id)
        record = await installation.ended(run_id, BACK_SECONDS)
        entries, requests = await store.journal.read(run_id), await store.requests.of_run(run_id)
        report = (installation.home / record.report_path).read_text()
        next_run = await installation.start(mission)
        asked = await installation.asked(next_run)
        await client.delete_flow_run(UUID(next_run))
    leaves = [
        (event.approval, event.run_approval)
        for event in (entry.event for entry in entries)
        if isinstance(event, Intended) and event.rule is Rule.ASK
    ]
    assert (record.state, counter.counts(), len(requests)) == (RunState.SUCCESS, ["one", "two"], 1)
    assert leaves == [(requests[0].key, ""), ("", requests[0].key)]
    assert "no new question: approved for this run by console" in report
    assert isinstance(asked.question, ApprovalQuestion)


async def _make_old(here: Installation, run_id: str) -> None:
    """Let the run's questions have been asked eleven minutes earlier."""
    old = text("UPDATE missions.journal SET at = at - interval '11 min' WHERE run_id = :id AND document->>'kind' = 'asked'")
    async with here.store() as store, store.engine.begin() as connection:
        assert (await connection.execute(old, {"id": run_id})).rowcount > 0


async def _asked_and_late(here: Installation, run_id: str) -> Request:
    request = await here.asked(run_id, BACK_SECONDS)
    await reaches(here, run_id, "Suspended")
    await _make_old(here, run_id)
    return request


async def test_a_late_approval_is_void_when_something_moved_and_counts_when_nothing_did(
    installation: Installation, tmp_path: Path
) -> None:
    counter = Counter(folder=tmp_path)
    counts = tmp_path / "counts"
    counts.write_text("one\n")
    async with scripted_model([PEEK, _count("one"), DONE]) as model, installation.store() as store:
        run_id = await installation.start(await _mission(installation, model.url, counter))
        first = await _asked_and_late(installation, run_id)
        counts.write_text("one\nmeanwhile\n")
        await reply(store, run_id, Reply(decision=Decision.APPROVE), by="test")
        await wait_until(lambda: len(counter.calls("peek", "end")) == 2, BACK_SECONDS)
        second = await _asked_and_late(installation, run_id)
        await reply(store, run_id, Reply(decision=Decision.APPROVE), by="test")
        record = await installation.ended(run_id)
        entries = await store.journal.read(run_id)
        report = (installation.home / record.report_path).read_text()
    assert isinstance(first.question, ApprovalQuestion)
    assert isinstance(second.question, ApprovalQuestion)
    assert (first.key, second.key) == ("approve-c00002000", "approve-c00002000-2")
    assert [origin.words for origin in first.question.origins] == ["one"]
    assert "meanwhile" in second.question.moved[0]
    assert [bool(entry.event.moved) for entry in entries if isinstance(entry.event, LookedAgain)] == [True, False]
    assert (record.state, counter.counts()) == (RunState.SUCCESS, ["one", "meanwhile", "one"])
    assert "void, because something had moved; approved by test" in report


async def test_an_approval_that_is_cut_off_before_its_call_is_not_asked_for_again(
    installation: Installation, tmp_path: Path
) -> None:
    counter = Counter(folder=tmp_path)
    (tmp_path / "counts").write_text("one\n")
    script = [calls(("counter__peek", {"before": 2})), _count("one"), DONE]
    async with scripted_model(script) as model, installation.store() as store:
        run_id = await installation.start(await _mission(installation, model.url, counter))
        await _asked_and_late(installation, run_id)
        await reply(store, run_id, Reply(decision=Decision.APPROVE), by="test")
        await wait_until(lambda: len(counter.calls("peek", "start")) == 2, BACK_SECONDS)
        await kill_run(installation, run_id)
        record = await installation.ended(run_id, BACK_SECONDS)
        entries, requests = await store.journal.read(run_id), await store.requests.of_run(run_id)
    assert (record.state, counter.counts(), len(requests)) == (RunState.SUCCESS, ["one", "one"], 1)
    begun = [entry.event for entry in entries if isinstance(entry.event, Intended) and entry.event.approval]
    assert [(event.approval, event.attempt) for event in begun] == [(requests[0].key, 1)]


async def test_a_standing_rule_made_by_command_lets_calls_through_until_a_person_rejects_one(
    installation: Installation, tmp_path: Path
) -> None:
    counter = Counter(folder=tmp_path)
    async with scripted_model([_count("one"), _count("two"), DONE]) as model, installation.store() as store:
        mission = await _mission(installation, model.url, counter)
        wanted = ("--tool", "counter.count", "--argument", "text=o*", "--argument", "before=*", "--argument", "after=*")
        made = await run_here(installation, "rules", "add", mission.id, *wanted, "--expires", "7d", "--uses-a-day", "5", "--json")
        assert made.code == 0, made
        plain = ("--tool", "counter.count", "--argument", "text=o*", "--expires", "1h", "--uses-a-day", "1", "--json")
        rule = (await run_here(installation, "rules", "add", mission.id, *plain)).json
        run_id = await installation.start(mission)
        request = await installation.asked(run_id)
        await reaches(installation, run_id, "Suspended")
        assert (await run_here(installation, "reply", run_id, "not this one", "--reject")).code == 0
        record = await installation.ended(run_id)
        entries = await store.journal.read(run_id)
        listed = (await run_here(installation, "rules", "--mission", mission.id, "--json")).json
        table = (await run_here(installation, "rules", "--mission", mission.id)).stdout
        report = (installation.home / record.report_path).read_text()
    begun = [entry.event for entry in entries if isinstance(entry.event, Intended)]
    assert (record.state, counter.counts()) == (RunState.SUCCESS, ["one"])
    assert [event.standing_rule for event in begun] == [rule["id"]]
    assert isinstance(request.question, ApprovalQuestion)
    assert request.question.call.arguments == {"text": "two"}
    assert {one["state"] for one in listed} == {f"ended: {rule['made_by']} rejected a call of counter.count"}
    assert table.splitlines()[0].split("  ")[0] == "RULE"
    assert {one["id"]: one["used_within_a_day"] for one in listed} == {rule["id"]: 1, made.json["id"]: 0}
    assert f"standing rule {rule['id']} by {rule['made_by']}" in report


async def test_snapshots_are_kept_at_the_question_before_the_call_and_on_failure_and_linked_from_the_report(
    installation: Installation, tmp_path: Path
) -> None:
    counter = Counter(folder=tmp_path)
    async with scripted_model([_count("one")]) as model, installation.store() as store:
        run_id = await installation.start(await _mission(installation, model.url, counter))
        await installation.asked(run_id)
        await reply(store, run_id, Reply(decision=Decision.APPROVE), by="test")
        record = await installation.ended(run_id)
        with installation.chosen():
            pages = await find_pages(key=snapshot_key(record.mission_id, run_id), flow_run_id=run_id)
        report = (installation.home / record.report_path).read_text()
        entries = await store.journal.read(run_id)
    titles = [
        "Snapshot at step 3: asked: counter.count?",
        "Snapshot at step 4: before counter.count",
        f"Snapshot at step {len(entries)}: the run failed",
    ]
    assert [event.outcome for event in (entry.event for entry in entries) if isinstance(event, Returned)] == [Outcome.DONE]
    assert (record.state, sorted(title for title, _ in pages)) == (RunState.FAILED, titles)
    links = [line for line in report.splitlines() if line.startswith("- [Snapshot at step")]
    assert [line.split("]")[0][3:] for line in links] == titles


async def test_a_rule_can_not_be_made_for_what_it_could_not_let_through(installation: Installation, tmp_path: Path) -> None:
    policy = RiskPolicy(rules=(ToolRule(tool="counter.count_once", rule=Rule.FORBID),))
    mission = await _mission(installation, "http://127.0.0.1:9/v1", Counter(folder=tmp_path), policy)
    refused = {
        ("counter.no-such",): "There is no tool 'counter.no-such'; available: ",
        ("counter.count", "--argument", "txt=o*"): "There is no argument of counter.count 'txt'; available: text",
        ("counter.count",): "A call of counter.count has the arguments text; give --argument for each.",
        ("counter.count", "--argument", "text"): "--argument 'text' can't be used; write NAME=PATTERN",
        ("counter.peek",): "counter.peek is not asked about",
        ("counter.count_once", "--argument", "text=*"): "counter.count_once is forbidden",
    }
    for (tool, *rest), said in refused.items():
        line = ("rules", "add", mission.id, "--tool", tool, *rest, "--expires", "7d", "--uses-a-day", "5")
        outcome = await run_here(installation, *line)
        assert (outcome.code, outcome.stdout) == (2, ""), outcome
        assert said in outcome.stderr
    assert (await run_here(installation, "rules", "--mission", mission.id)).stdout == "No standing rules.\n"
