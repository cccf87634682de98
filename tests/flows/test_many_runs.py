"""More Tasks started at once by hand than the worker takes at a time: all end, none is lost, no state is refused."""

import re
from collections.abc import Sequence

from benchmarks.many_runs import burst, tasks
from blueprint.records import RunState
from tests.fakes.installation import Installation

COUNT = 12
"""More than the worker's limit of 10; `make bench` starts 20."""
TROUBLE = re.compile(r".*(?:database is locked|Traceback|HTTPStatusError|Crashed|Aborted|\bERROR\b).*")


async def test_all_of_many_runs_at_once_end_with_a_report_and_no_state_is_refused(installation: Installation) -> None:
    before = {name: len(installation.log(name)) for name in ("server", "worker", "service")}
    mission = await installation.launch(*tasks(COUNT))
    seen = await burst(installation, mission, [task.name for task in tasks(COUNT)], seconds=200)
    assert [record.state for record in seen.records] == [RunState.SUCCESS] * COUNT
    assert {record.executions for record in seen.records} == {1}
    assert len({record.report_path for record in seen.records}) == COUNT
    assert all((installation.home / record.report_path).exists() for record in seen.records)
    assert {_without_late(states) for states in seen.states} == {("Scheduled", "Pending", "Submitting", "Running", "Completed")}
    assert [line for name, start in before.items() for line in TROUBLE.findall(installation.log(name)[start:])] == []
    async with installation.store() as store:
        assert len(await store.runs.list(mission.id)) == COUNT
        assert await store.fires.list(mission.id) == []


def _without_late(states: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in states if name != "Late")
