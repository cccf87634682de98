"""Plans as files, by the command: written, read again, refused."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from blueprint.mission import Mission
from blueprint.plan import Blueprint
from blueprint.triggers import Cron
from tests.fakes.installation import Installation, task
from tests.flows.command.conftest import Command

PLAN = """\
title: Disks
goal: Look after the disks.
timezone: Europe/Berlin
tasks:
- name: disk
  title: Disk
  instructions: Look at the disks.
  trigger: {kind: cron, cron: 0 2 * * *}
  tools: [host.disk_usage]
"""


async def test_a_plan_that_is_written_to_a_file_and_read_again_is_the_same_plan(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text(PLAN)
    made = (await command("create", "--blueprint", str(file), "--launch", "--json")).json
    assert (made["title"], made["state"], made["zone"]) == ("Disks", "Active", "Europe/Berlin")
    file.write_text((await command("plan", made["id"], "--output", "yaml")).stdout)
    again = (await command("create", "--blueprint", str(file), "--json")).json
    shown = (await command("plan", again["id"], "--json")).json
    assert (again["state"], shown["digest"]) == ("Draft", made["plan_digest"])
    [request] = again["open_requests"]
    assert request["question"]["plan_digest"] == made["plan_digest"]
    refused = await command("run", again["id"], "disk")
    assert f"Mission '{again['id']}' is Draft; only an Active one runs Tasks. Put its plan in force first" in refused.stderr
    assert refused.code == 2


async def test_a_template_with_answers_becomes_a_draft_to_review(command: Command) -> None:
    made = (await command("create", "--template", "host-inspection", "--set", "schedule=0 6 * * *", "--json")).json
    [request] = made["open_requests"]
    assert (made["state"], made["title"], request["question"]["can_launch"]) == ("Draft", "Host inspection", True)
    assert (await command("plan", made["id"], "--json")).json["plan"]["tasks"][0]["trigger"]["cron"] == "0 6 * * *"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (PLAN.replace("host.disk_usage", "host.df"), "tasks.disk.tools: uses tool 'host.df', which no MCP server offers"),
        (PLAN.replace("0 2 * * *", "'* * * * *'"), "tasks.0.trigger.cron: '* * * * *' fires more often than every 5 minutes"),
        ("title: [", "This is no YAML that can be read: line 2, column 1"),
    ],
)
async def test_a_file_that_can_not_be_used_makes_nothing(command: Command, tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text(text)
    before = (await command("list", "--json")).json
    said = await command("create", "--blueprint", str(file), "--launch")
    assert (said.code, said.stdout, says in said.stderr) == (2, "", True), said.stderr
    assert (await command("list", "--json")).json == before


async def test_verification_names_each_check_and_fails_when_one_does(
    installation: Installation, command: Command, tmp_path: Path
) -> None:
    mission = await installation.launch(task(tools=("host.disk_usage",)))
    verified = await command("plan", mission.id, "--verify")
    assert (verified.code, verified.stdout.splitlines()[0].split()) == (0, ["CHECK", "RESULT", "FOUND"])
    found = (await command("plan", mission.id, "--verify", "--json")).json
    names = ["schema", "names", "dependencies", "cron", "time zones", "times", "events", "tools", "servers", "channels"]
    assert (found["is_ok"], [check["name"] for check in found["checks"]]) == (True, names)
    wrong = await installation.launch(task(tools=("host.df",)))
    refused = await command("plan", wrong.id, "--verify", "--json")
    [failed] = [check for check in refused.json["checks"] if not check["is_ok"]]
    assert (refused.code, failed["name"], failed["problems"][0]["where"]) == (1, "tools", "tasks.work.tools")


async def test_a_new_version_is_shown_with_what_it_changes_and_what_it_will_use(
    installation: Installation, command: Command
) -> None:
    mission_id = await _draft_of_two_versions(installation)
    assert (await command("plan", mission_id, "--version", "1", "--diff")).code == 2
    changed = await command("plan", mission_id, "--diff")
    assert "| `late` | gone | late: after work. Do the work. | \N{EN DASH} |" in changed.stdout
    as_json = (await command("plan", mission_id, "--version", "1", "--against", "2", "--json")).json
    assert (as_json["version"], as_json["against"], [one["name"] for one in as_json["added"]]) == (1, 2, ["late"])
    page = (await command("plan", mission_id, "--version", "2")).stdout
    assert "## Changes against plan 1\n" in page
    assert "| `work` | 1 | \N{EN DASH} | at most 15 million | no run yet: its token budget |" in page
    assert "  t_work --> t_late\n" in (await command("plan", mission_id, "--version", "1")).stdout


async def _draft_of_two_versions(here: Installation) -> str:
    """A Mission whose second plan drops a Task of the first."""
    now = datetime.now(UTC)
    mission = Mission(id=f"m-{uuid4().hex[:10]}", title="Tested", goal="Test.", created_at=now, active_at=now)
    tasks = (task(trigger=Cron(cron="0 2 * * *")), task("late", after=("work",)))
    plan = Blueprint(title="Tested", goal="Test.", timezone="UTC", tasks=tasks)
    async with here.store() as store:
        await store.missions.add(mission)
        await store.plans.add(mission.id, plan, now)
        await store.plans.add(mission.id, plan.model_copy(update={"tasks": plan.tasks[:1]}), now)
    return mission.id
