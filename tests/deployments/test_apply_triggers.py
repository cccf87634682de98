"""What starts runs on events and at single times is made to match a plan, on a real server."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import VariableCreate
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun
from prefect.events.schemas.automations import Automation, AutomationCore
from prefect.states import Cancelled, Running
from pydantic import JsonValue

from blueprint.occasion import EventGiven
from blueprint.triggers import Event, LabelMatch, Once
from deployments.apply import apply, remove, set_paused
from deployments.changes import Changes
from deployments.present import find_automations
from tests.deployments.conftest import Recorder, eventually
from tests.deployments.plans import compiled, task

TOMORROW = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)


def alert(name: str = "DiskFull", **fields: Any) -> Event:
    return Event(event="test.alert", match=(LabelMatch(label="alertname", value=name),), **fields)


def once(at: datetime = TOMORROW) -> Once:
    return Once(at=at)


async def automations(client: PrefectClient, mission_id: str) -> list[Automation]:
    return await find_automations(f"mission:{mission_id}", client)


def copy_of(found: Automation, **changes: str) -> AutomationCore:
    """What the console sends of an automation, changed or doubled."""
    return AutomationCore.model_validate(found.model_dump(exclude={"id", "owner_resource"}, exclude_unset=True) | changes)


async def single_runs(client: PrefectClient, mission_id: str) -> Sequence[FlowRun]:
    tagged = FlowRunFilter.model_validate({"tags": {"all_": [f"mission:{mission_id}", "once"]}})
    return await client.read_flow_runs(flow_run_filter=tagged)


async def emit(client: PrefectClient, payload: JsonValue, **labels: str) -> str:
    """Send one event as the gateway does; gives its id."""
    sent = str(uuid4())
    event = {
        "id": sent,
        "occurred": datetime.now(UTC).isoformat(),
        "event": "test.alert",
        "resource": {"prefect.resource.id": "missions.event.test.x", **labels},
        "payload": payload,
    }
    await client.request("POST", "/events", json=[event])
    return sent


async def given(client: PrefectClient, mission_id: str, **parts: str) -> list[EventGiven]:
    """The events of a Mission's runs, of those whose labels have these parts."""
    tagged = FlowRunFilter.model_validate({"tags": {"all_": [f"mission:{mission_id}"]}})
    events = [EventGiven.model_validate(run.parameters["event"]) for run in await client.read_flow_runs(flow_run_filter=tagged)]
    return [event for event in events if parts.items() <= event.labels.items()]


async def sent_until_given(client: PrefectClient, mission_id: str, payload: JsonValue, **labels: str) -> EventGiven:
    """What a run got of such an event. Prefect needs a moment to know a new automation: until then none starts a run."""

    async def has_started_one() -> bool:
        await emit(client, payload, **labels)
        return bool(await given(client, mission_id, **labels))

    await eventually(has_started_one)
    return (await given(client, mission_id, **labels))[0]


async def test_an_event_starts_a_run_that_is_given_all_of_it(client: PrefectClient):
    await apply(compiled("event", task("why", alert())), client, is_paused=False)
    payload: JsonValue = {"data": [1, {"text": "{{ 7 * 7 }} <é>"}]}
    seen = await sent_until_given(client, "event", payload, alertname="DiskFull", instance="db1")
    labels = {"alertname": "DiskFull", "instance": "db1", "prefect.resource.id": "missions.event.test.x"}
    assert seen == EventGiven(id=seen.id, name="test.alert", labels=labels, payload=payload)
    before = {event.id for event in await given(client, "event")}
    await emit(client, payload, alertname="Other")
    wanted = await emit(client, payload, alertname="DiskFull", instance="db2")
    await eventually(lambda: _has(client, "event", wanted))
    assert {event.labels["alertname"] for event in await given(client, "event") if event.id not in before} == {"DiskFull"}
    await remove("event", client)


async def test_no_sender_has_prefect_fill_in_templates_or_variables(client: PrefectClient):
    await client.create_variable(VariableCreate(name="test_secret", value="s3cret"))
    await apply(compiled("hostile", task("why", alert("*"))), client, is_paused=False)
    variable = {"__prefect_kind": "workspace_variable", "variable_name": "test_secret"}
    await sent_until_given(client, "hostile", {}, alertname="x")
    sent = await emit(client, {"a": {**variable}}, alertname="y", **variable)
    await eventually(lambda: _has(client, "hostile", sent))
    [seen] = await given(client, "hostile", alertname="y")
    assert seen.payload == {"a": {"prefect-kind": "workspace_variable", "variable_name": "test_secret"}}
    assert seen.labels["prefect-kind"] == "workspace_variable"
    await remove("hostile", client)


async def test_of_a_long_payload_a_run_is_given_the_beginning(client: PrefectClient):
    await apply(compiled("long", task("why", alert())), client, is_paused=False)
    seen = await sent_until_given(client, "long", {"text": "x" * 100_000}, alertname="DiskFull")
    assert isinstance(seen.payload, str)
    assert seen.payload.startswith('{"text": "xxx')
    assert len(seen.payload) == 65_536
    await remove("long", client)


async def test_events_are_counted_within_their_window_and_apart_by_label(client: PrefectClient):
    rule = alert(threshold=2, within_seconds=600, deduplicate_by=("instance",))
    await apply(compiled("counted", task("why", rule)), client, is_paused=False)
    await sent_until_given(client, "counted", {}, alertname="DiskFull", instance="known")
    for instance in ("a", "b"):
        await emit(client, {}, alertname="DiskFull", instance=instance)
    second = await emit(client, {}, alertname="DiskFull", instance="a")
    await eventually(lambda: _has(client, "counted", second))
    assert {event.labels["instance"] for event in await given(client, "counted")} == {"known", "a"}
    await remove("counted", client)


async def test_what_starts_runs_is_made_once_and_then_left_alone(recorder: tuple[PrefectClient, Recorder]):
    client, record = recorder
    plan = compiled("calm", task("why", alert()), task("later", once()))
    made = ("calm--why", "calm--later", "mission:calm:why", f"once:calm--later:{TOMORROW.isoformat()}")
    assert await apply(plan, client, is_paused=False) == Changes(created=made)
    record.writes.clear()
    assert await apply(plan, client, is_paused=False) == Changes(unchanged=made)
    assert record.writes == []
    [run] = await single_runs(client, "calm")
    assert (run.expected_start_time, run.state_name, run.auto_scheduled) == (TOMORROW, "Scheduled", False)


async def test_only_the_automation_whose_rule_changed_is_written(recorder: tuple[PrefectClient, Recorder]):
    client, record = recorder
    first = compiled("rules", task("why", alert()), task("how", alert("Slow")))
    await apply(first, client, is_paused=False)
    before = await automations(client, "rules")
    record.writes.clear()
    changes = await apply(compiled("rules", task("why", alert("Full")), task("how", alert("Slow"))), client, is_paused=False)
    assert changes.updated == ("rules--why", "mission:rules:why")  # the deployment says what it waits for
    assert [write.split("/")[2] for write in record.writes] == ["flows", "deployments", "automations"]
    after = await automations(client, "rules")
    assert {one.id for one in before} == {one.id for one in after}
    assert sorted(one.trigger.match["alertname"] for one in after) == [["Full"], ["Slow"]]  # pyright: ignore


async def test_what_a_person_changed_in_the_console_is_set_right_by_the_next_apply(client: PrefectClient):
    plan = compiled("edited", task("why", alert()))
    await apply(plan, client, is_paused=False)
    [found] = await automations(client, "edited")
    await client.update_automation(found.id, copy_of(found, description="Mine."))
    assert (await apply(plan, client, is_paused=False)).updated == ("mission:edited:why",)
    assert [one.description for one in await automations(client, "edited")] == [found.description]


async def test_of_two_equal_automations_one_goes(client: PrefectClient):
    plan = compiled("double", task("why", alert()))
    await apply(plan, client, is_paused=False)
    [found] = await automations(client, "double")
    await client.create_automation(copy_of(found))
    assert (await apply(plan, client, is_paused=False)).deleted == ("mission:double:why",)
    assert len(await automations(client, "double")) == 1


async def test_the_automation_of_a_deployment_that_a_person_deleted_is_replaced(client: PrefectClient):
    plan = compiled("lost", task("why", alert()))
    await apply(plan, client, is_paused=False)
    [old] = await automations(client, "lost")
    await client.delete_deployment(old.actions[0].deployment_id)  # pyright: ignore
    await apply(plan, client, is_paused=False)
    [new] = await automations(client, "lost")
    assert new.actions[0].deployment_id != old.actions[0].deployment_id  # pyright: ignore


async def test_the_automation_of_a_task_that_is_gone_with_its_deployment_goes(client: PrefectClient):
    await apply(compiled("orphan", task("why", alert()), task("logs")), client, is_paused=False)
    [found] = await automations(client, "orphan")
    await client.delete_deployment(found.actions[0].deployment_id)  # pyright: ignore
    assert (await apply(compiled("orphan", task("logs")), client, is_paused=False)).deleted == ("mission:orphan:why",)


async def test_a_task_that_no_longer_waits_loses_what_started_it(client: PrefectClient):
    await apply(compiled("manual", task("why", alert()), task("later", once())), client, is_paused=False)
    changes = await apply(compiled("manual", task("why"), task("later")), client, is_paused=False)
    assert changes.deleted == ("mission:manual:why", f"once:manual--later:{TOMORROW.isoformat()}")
    assert await automations(client, "manual") == []
    assert await single_runs(client, "manual") == []


async def test_pausing_leaves_to_the_gate_what_events_and_single_times_start(client: PrefectClient):
    plan = compiled("pause", task("why", alert()), task("later", once()))
    await apply(plan, client, is_paused=False)
    paused = await set_paused("pause", True, client)
    assert sorted(paused) == ["pause--later", "pause--why"]
    changed = compiled("pause", task("why", alert("Full")), task("later", once()))
    await apply(changed, client, is_paused=False)
    assert [one.enabled for one in await automations(client, "pause")] == [True]
    assert len(await single_runs(client, "pause")) == 1
    await set_paused("pause", False, client)
    assert [one.enabled for one in await automations(client, "pause")] == [True]
    assert len(await single_runs(client, "pause")) == 1


@pytest.mark.parametrize("is_paused", [True, False])
async def test_an_automation_that_somebody_switched_off_is_on_again_after_either_switch(client: PrefectClient, is_paused: bool):
    mission_id = f"hand-{is_paused}".lower()
    await apply(compiled(mission_id, task("why", alert())), client, is_paused=False)
    await client.pause_automation((await automations(client, mission_id))[0].id)
    assert f"mission:{mission_id}:why" in await set_paused(mission_id, is_paused, client)
    assert [one.enabled for one in await automations(client, mission_id)] == [True]


async def test_a_plan_applied_paused_leaves_events_to_the_gate(client: PrefectClient):
    await apply(compiled("asleep", task("why", alert())), client, is_paused=False)
    changes = await apply(compiled("asleep", task("why", alert()), task("how", alert())), client, is_paused=True)
    created, kept = ("asleep--how", "mission:asleep:how"), ("mission:asleep:why",)
    assert changes == Changes(created=created, updated=("asleep--why",), unchanged=kept)
    assert [one.enabled for one in await automations(client, "asleep")] == [True, True]


async def test_another_time_takes_the_place_of_the_first(client: PrefectClient):
    await apply(compiled("moved", task("later", once())), client, is_paused=False)
    after = TOMORROW + timedelta(hours=1)
    await apply(compiled("moved", task("later", once(after))), client, is_paused=False)
    assert [run.expected_start_time for run in await single_runs(client, "moved")] == [after]
    await apply(compiled("moved", task("later", once())), client, is_paused=False)
    assert [run.expected_start_time for run in await single_runs(client, "moved")] == [TOMORROW]


async def test_a_time_that_passed_is_named_and_not_made_up_for(client: PrefectClient):
    passed = datetime(2026, 1, 1, tzinfo=UTC)
    changes = await apply(compiled("passed", task("later", once(passed))), client, is_paused=False)
    assert changes == Changes(created=("passed--later",), missed=("once:passed--later:2026-01-01T00:00:00+00:00",))
    assert await single_runs(client, "passed") == []


@pytest.mark.parametrize("state", [Running(), Cancelled()])
async def test_a_single_run_that_has_begun_or_was_cancelled_stays_and_has_no_second(client: PrefectClient, state: Any):
    mission_id = f"begun-{str(state.name).lower()}"
    plan = compiled(mission_id, task("later", once()))
    await apply(plan, client, is_paused=False)
    [run] = await single_runs(client, mission_id)
    await client.set_flow_run_state(run.id, state, force=True)
    assert (await apply(plan, client, is_paused=False)).created == ()
    await apply(compiled(mission_id, task("later")), client, is_paused=False)
    assert [left.id for left in await single_runs(client, mission_id)] == [run.id]


async def test_removing_a_mission_takes_its_automations(client: PrefectClient):
    await apply(compiled("gone", task("why", alert()), task("later", once())), client, is_paused=False)
    await apply(compiled("gone-not", task("why", alert())), client, is_paused=False)
    assert sorted(await remove("gone", client)) == ["gone--later", "gone--why", "mission:gone:why"]
    assert await automations(client, "gone") == []
    assert await single_runs(client, "gone") == []
    assert len(await automations(client, "gone-not")) == 1


async def _has(client: PrefectClient, mission_id: str, event_id: str) -> bool:
    return any(event.id == event_id for event in await given(client, mission_id))
