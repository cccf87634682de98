"""How runs and Tasks are called in a command."""

import pytest

from blueprint.errors import UnknownName
from blueprint.plan import Blueprint
from blueprint.values import short_id
from flows.command.naming import is_meant, task_named
from tests.fakes.installation import task

SCHEDULED_TOGETHER = ["01a1fe1a-2b3c-7c31-9d5e-35a9c0de78b0", "01a1fe1a-2b3c-7c32-a1f0-77e8268677b1"]
PLAN = Blueprint(title="T", goal="G", timezone="UTC", tasks=(task("disk"), task("disk-errors"), task("memory")))


def test_short_ids_tell_runs_apart_that_were_scheduled_together():
    assert [short_id(run_id) for run_id in SCHEDULED_TOGETHER] == ["c0de78b0", "268677b1"]


@pytest.mark.parametrize(
    ("text", "meant"),
    [(SCHEDULED_TOGETHER[0], [True, False]), ("268677b1", [False, True]), ("01a1fe1a", [True, True]), ("78b0", [False, False])],
)
def test_a_run_is_called_by_its_id_its_beginning_or_its_short_id(text: str, meant: list[bool]):
    assert [is_meant(run_id, text) for run_id in SCHEDULED_TOGETHER] == meant


def test_nothing_means_no_run():
    assert not is_meant(SCHEDULED_TOGETHER[0], "")


@pytest.mark.parametrize(("text", "name"), [("disk", "disk"), ("disk-", "disk-errors"), ("mem", "memory")])
def test_a_task_is_called_by_its_name_or_the_beginning_of_it(text: str, name: str):
    assert task_named(PLAN, text) == name


@pytest.mark.parametrize(("text", "candidates"), [("d", "disk, disk-errors"), ("", "disk, disk-errors, memory")])
def test_what_is_no_single_task_is_refused_with_the_candidates(text: str, candidates: str):
    with pytest.raises(UnknownName, match=rf": {candidates}\.$"):
        task_named(PLAN, text)
