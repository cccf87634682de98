"""`missions employee`: who there is, what they work with, and whether that answers (R8.1)."""

from pathlib import Path

import pytest

from blocks.digital_employee import DigitalEmployee
from blueprint.policy import Rule, ToolRule
from tests.fakes.installation import Installation, task
from tests.flows.command.conftest import Command

ROLE = ("--role", "You watch hosts at night.")
REHEARSAL = ("--model", "rehearsal")


@pytest.fixture
def skill(tmp_path: Path) -> Path:
    """A folder with a skill."""
    folder = tmp_path / "disks"
    folder.mkdir()
    (folder / "SKILL.md").write_text("---\nname: disks\ndescription: How we look at full disks.\n---\nLook first.\n")
    return folder


async def test_an_employee_is_saved_listed_tested_put_to_work_and_removed(
    installation: Installation, command: Command, skill: Path
) -> None:
    rule = ("--rule", "host.clean_scratch=forbid")
    added = await command("employee", "add", "night", *ROLE, *REHEARSAL, "--tools", "host", "--skill", str(skill), *rule)
    assert (added.code, added.stdout) == (
        0,
        "Digital Employee 'night' is saved. Next: missions create GOAL --employee night\n",
    ), added.stderr
    with installation.chosen():
        kept = await DigitalEmployee.aload("night")
    assert (kept.title, kept.role, kept.model, kept.servers) == ("night", ROLE[1], "rehearsal", ["host"])
    assert kept.tool_rules == [ToolRule(tool="host.clean_scratch", rule=Rule.FORBID)]
    listed = (await command("employee", "list", "--json")).json
    assert next(one for one in listed if one["name"] == "night")["skills"] == [str(skill)]
    tested = (await command("employee", "test", "night", "--json")).json
    assert [part["part"] for part in tested["parts"]] == ["model rehearsal", "tools host", "skill disks"]
    mission = await installation.launch(task(), employee="night")
    refused = await command("employee", "remove", "night")
    assert (refused.code, f"works for {mission.id}" in refused.stderr) == (2, True)
    assert (await command("delete", mission.id, "--confirm", mission.id)).code == 0
    assert (await command("employee", "remove", "night")).code == 0
    assert "night" not in [one["name"] for one in (await command("employee", "list", "--json")).json]


REFUSED = {
    "'nobody'": (*ROLE, "--model", "nobody"),
    "'nothing'": (*ROLE, *REHEARSAL, "--tools", "nothing"),
    "There is no SKILL.md in '/nowhere'": (*ROLE, *REHEARSAL, "--skill", "/nowhere"),
    "say of which server 'clean_scratch' is": (*ROLE, *REHEARSAL, "--rule", "clean_scratch=ask"),
    "'maybe' is no rule": (*ROLE, *REHEARSAL, "--rule", "host.clean_scratch=maybe"),
    "needs a role": ("--role", " ", *REHEARSAL),
}


async def test_an_employee_with_what_can_not_be_had_is_refused_and_not_saved(command: Command) -> None:
    for says, options in REFUSED.items():
        refused = await command("employee", "add", "ghost", *options)
        assert (refused.code, says in refused.stderr) == (2, True), refused.stderr
    assert "ghost" not in [one["name"] for one in (await command("employee", "list", "--json")).json]


async def test_the_employee_of_missions_that_name_none_can_not_be_removed(command: Command) -> None:
    refused = await command("employee", "remove", "default")
    assert (refused.code, "works on Missions that name no other" in refused.stderr) == (2, True)
