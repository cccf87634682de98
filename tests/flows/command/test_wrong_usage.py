"""What can't be used is one sentence that says what and what to do, with exit code 2 (wrong usage) or 1 (failed)."""

from collections.abc import Sequence
from typing import NamedTuple

import pytest

from tests.fakes.installation import Installation, task
from tests.flows.command.conftest import Command


class Wrong(NamedTuple):
    """A command line, its exit code, and parts of what it says."""

    line: Sequence[str]
    code: int
    says: Sequence[str]


WRONG = [
    Wrong(["show", "no-such"], 2, ["There is no Mission 'no-such'; available: "]),
    Wrong(["show", ""], 2, ["There is no Mission ''"]),
    Wrong(["plan", "no-such"], 2, ["There is no Mission 'no-such'"]),
    Wrong(["runs", "no-such"], 2, ["There is no Mission 'no-such'"]),
    Wrong(["reports", "no-such"], 2, ["There is no Mission 'no-such'"]),
    Wrong(["launch", "no-such"], 2, ["There is no Mission 'no-such'"]),
    Wrong(["run", "no-such", "disk"], 2, ["There is no Mission 'no-such'"]),
    Wrong(["report", "no-such"], 2, ["There is no run 'no-such'"]),
    Wrong(["watch", "no-such"], 2, ["There is no run 'no-such'"]),
    Wrong(["cancel", "no-such"], 2, ["There is no run 'no-such'"]),
    Wrong(["reply", "no-such", "--approve"], 2, ["There is no run 'no-such'"]),
    Wrong(["reply", "any", "--approve", "--reject"], 2, ["--approve, --approve-run, --reject and --choice exclude each other"]),
    Wrong(["create", " \n"], 2, ["The goal is empty", "for example"]),
    Wrong(["create", "--template", "no-such"], 2, ["There is no template 'no-such'; available: alert-triage, "]),
    Wrong(["create", "--template", "backup-and-certificates"], 2, ["needs answers to: backups=VALUE (Which backups", "; hosts="]),
    Wrong(["create", "--template", "host-inspection", "--set", "when"], 2, ["'when' is no answer; write --set name=value."]),
    Wrong(["create", "a goal", "--template", "host-inspection"], 2, ["--blueprint or --template, and only one of them"]),
    Wrong(["create", "a goal", "--set", "a=b"], 2, ["name one with --template"]),
    Wrong(["templates", "no-such"], 2, ["There is no template 'no-such'"]),
    Wrong(["create", "--blueprint", "/no/such.yaml"], 2, ["'/no/such.yaml' can't be read: No such file or directory."]),
    Wrong(["create", "--blueprint", __file__], 2, ["This is no YAML that can be read: line 1, column"]),
    Wrong(["create", "Inspect this host", "--timezone", "Mars/Olympus"], 2, ["'Mars/Olympus' is no IANA time zone", "'UTC'"]),
    Wrong(["create", "Inspect this host", "--employee", "nobody"], 2, ["no Digital Employee block 'nobody'", "default"]),
    Wrong(["list", "--state", "asleep"], 2, ["'asleep' is not one of 'draft', 'active', 'paused', 'deleted'"]),
    Wrong(["no-such-command"], 2, ["No such command 'no-such-command'"]),
    Wrong(["list", "--no-such"], 2, ["No such option", "--no-such"]),
    Wrong(["up", "--port", "123456"], 2, ["--port", "65535"]),
    Wrong(["model", "test", "no-such"], 2, ["no model endpoint block 'no-such'; available: ", "rehearsal"]),
    Wrong(["model", "remove", "rehearsal"], 2, ["used by Digital Employee", "another model"]),
    Wrong(["model", "add", "m1", "--base-url", "nowhere", "--model", "m"], 2, ["'nowhere'", "http://"]),
    Wrong(
        ["model", "add", "m1", "--base-url", "http://x/v1", "--model", "m", "--api-key-env", "UNSET"], 2, ["'UNSET' is not set"]
    ),
    Wrong(["tools", "add", "t1"], 2, ["Give either --command or --url"]),
    Wrong(["tools", "add", "t1", "--command", "x", "--url", "http://x"], 2, ["Give either --command or --url"]),
    Wrong(["tools", "add", "t1", "--command", "no-such-program"], 1, ["'no-such-program' was not found", "install it"]),
    Wrong(
        ["tools", "add", "t1", "--command", "x", "--rule", "peek=maybe"], 2, ["'maybe' is no rule", "auto, cautious, ask, forbid"]
    ),
    Wrong(["tools", "add", "t1", "--url", "http://x", "--transport", "post"], 2, ["'post' is not one of 'http', 'sse'"]),
    Wrong(["tools", "add", "t1", "--command", "x", "--env", "UNSET"], 2, ["'UNSET' is not set"]),
    Wrong(["tools", "remove", "no-such"], 2, ["no MCP server block 'no-such'; available: "]),
]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: " ".join(wrong.line).strip()[:60])
async def test_it_says_what_is_wrong_and_makes_nothing(command: Command, wrong: Wrong) -> None:
    said = await command(*wrong.line)
    assert (said.code, said.stdout) == (wrong.code, ""), said
    assert [part for part in wrong.says if part not in said.stderr] == [], said.stderr
    assert "Traceback" not in said.stderr


async def test_a_prefix_of_several_missions_lists_them(installation: Installation, command: Command) -> None:
    missions = [await installation.launch(task()) for _ in range(2)]
    said = await command("show", "m-")
    assert (said.code, said.stdout) == (2, "")
    assert "'m-' fits more than one Mission; candidates: " in said.stderr
    assert all(mission.id in said.stderr for mission in missions)


async def test_an_unknown_task_lists_those_that_there_are(installation: Installation, command: Command) -> None:
    mission = await installation.launch(task("disk"), task("memory"))
    said = await command("run", mission.id, "network")
    assert (said.code, said.stderr) == (2, "Error: There is no Task 'network'; available: disk, memory.\n")


async def test_a_model_that_can_not_be_reached_is_not_saved(command: Command) -> None:
    said = await command("model", "add", "down", "--base-url", "http://127.0.0.1:9/v1", "--model", "m")
    assert said.code == 1
    assert "can't be reached" in said.stderr
    assert "Traceback" not in said.stderr
    assert "down" not in [model["name"] for model in (await command("model", "list", "--json")).json]
