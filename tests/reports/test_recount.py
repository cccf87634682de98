"""Every figure of a Mission Report's page agrees with the records, counted again by other code (R6.2)."""

from datetime import timedelta
from random import Random

import pytest

from blueprint.records import FireRecord, Refusal, RunRecord, RunState
from blueprint.requests import Decision, Request, RequestState
from blueprint.stream import Finding, Severity
from reports.mission_page import mission_page
from reports.mission_report import Records, build
from tests.reports import recount
from tests.reports.week import CHANNELS, DAY, MISSION, MONDAY, RECORDS, TITLES, WEEK, approval, run

TASKS = ("disk", "mail", "web")
COLOURS = {"Success": "#2f9e63", "Failed": "#d64545", "Cancelled": "#8a93a3", "Running": "#3b82c4", "Fires not run": "#e0a030"}
TITLES_OF_FINDINGS = ("nginx has failed", "Disk is full", "A certificate ends", "Swap is used")


def _records(seed: int) -> Records:
    """Three weeks of three Tasks by chance."""
    chance = Random(seed)
    runs = [_run(chance, day, task) for day in range(-14, 8) for task in TASKS if chance.random() < 0.8]
    fires = [_fire(chance, number) for number in range(chance.randint(0, 12))]
    return Records(runs=runs, fires=fires, requests=[_request(chance, day) for day in range(-6, 7)], channels=CHANNELS)


def _run(chance: Random, day: int, task: str) -> RunRecord:
    state = chance.choice(list(RunState))
    found = [
        Finding(title=title, severity=chance.choice(list(Severity))) for title in TITLES_OF_FINDINGS if chance.random() < 0.4
    ]
    made = run(day, state, *found, reason="" if state is RunState.SUCCESS else "It did not go well.")
    at = made.started_at + timedelta(minutes=chance.randint(0, 1200))
    ended_at = None if state is RunState.RUNNING else at + timedelta(seconds=chance.randint(1, 20_000))
    usage = made.usage.model_copy(update={"cost": chance.randint(0, 400) / 100, "input_tokens": chance.randint(0, 90_000)})
    changed = {"id": f"{task}-{day}", "task": task, "started_at": at, "ended_at": ended_at, "usage": usage}
    return made.model_copy(update=changed | {"running_seconds": float(chance.randint(0, 9_000))})


def _fire(chance: Random, number: int) -> FireRecord:
    at = MONDAY + timedelta(minutes=chance.randint(-20_000, 12_000))
    return FireRecord(
        mission_id=MISSION.id,
        task=chance.choice(TASKS),
        run_id=f"fire-{number}",
        scheduled_for=at,
        at=at,
        reason="It was late.",
        refusal=chance.choice([*Refusal, None]),
        count=chance.randint(1, 3),
    )


def _request(chance: Random, day: int) -> Request:
    made = approval(day, chance.choice([*Decision, None]), chance.randint(1, 9_000))
    without_answer = [state for state in RequestState if state is not RequestState.ANSWERED]
    return made if made.answer else made.model_copy(update={"state": chance.choice(without_answer)})


@pytest.mark.parametrize("seed", ["week", *range(12)])
def test_every_figure_of_the_page_is_that_of_the_records(seed: str | int) -> None:
    records = RECORDS if isinstance(seed, str) else _records(seed)
    report = build(TASKS, records, WEEK)
    page = mission_page(mission=MISSION, report=report, records=records, titles=TITLES)
    shown = recount.tables(page)
    now = recount.totals(records, WEEK.since, WEEK.until)
    before = recount.totals(records, WEEK.since - 7 * DAY, WEEK.since)
    _compare_totals(shown["Runs"][0], now, before)
    _compare_tasks(shown["Runs"][1], shown["Runs"][2], now)
    _compare_findings(page, shown, records)
    _compare_people(shown["People"][0][0], records)
    by_fire = shown.get("Fires that did not become runs", [[]])[0]
    assert recount.added(by_fire, 2) == now["Fires not run"]
    assert len(shown["All runs of the period"][0]) == now["Runs"]
    assert recount.picture(page) == {colour: now[name] for name, colour in COLOURS.items() if now[name]}


def _compare_totals(rows: recount.Table, now: dict[str, float], before: dict[str, float]) -> None:
    for name, present, past, change in rows:
        if name == "Running time":
            assert recount.seconds(present) == pytest.approx(now[name], abs=60)
            assert recount.seconds(past) == pytest.approx(before[name], abs=60)
            moved = recount.seconds(change) * (-1 if change[0] == "-" else 1) if change != "±0" else 0
            assert moved == pytest.approx(now[name] - before[name], abs=60)
        else:
            figures = [float(text.replace(",", "").replace("±", "")) for text in (present, past, change)]
            assert figures == pytest.approx([now[name], before[name], now[name] - before[name]]), name
    assert [row[0] for row in rows] == [name for name in now if name != "Running" or now[name] or before[name]]


def _compare_tasks(rows: recount.Table, used: recount.Table, now: dict[str, float]) -> None:
    columns = ("Runs", "Success", "Failed", "Cancelled", "Running", "Fires not run")
    assert [recount.added(rows, place) for place, _ in enumerate(columns, start=1)] == [now[name] for name in columns]
    assert (recount.added(used, 3), recount.added(used, 4)) == (now["Tokens"], pytest.approx(now["Cost"]))
    assert sum(recount.seconds(row[1]) for row in used) == pytest.approx(now["Running time"], abs=60 * len(used))
    for row, use in zip(rows, used, strict=True):
        average = recount.seconds(use[1]) / int(row[1]) if row[1] != "0" else 0
        assert recount.seconds(use[2]) == pytest.approx(average, abs=60)


def _compare_findings(page: str, shown: dict[str, list[recount.Table]], records: Records) -> None:
    expected = recount.findings(records, WEEK)
    rows = shown.get("Findings", [[]])[0]
    zone = MISSION.timezone
    assert expected == sorted(
        (kind, title, task.strip("`"), trend.strip("*"), recount.moment(first, zone), recount.moment(last, zone), int(seen))
        for kind, title, task, trend, first, last, seen in rows
    )
    counted = [sum(row[3] == trend for row in expected) for trend in ("new", "persisting", "resolved")]
    assert "{} new, {} persisting, {} resolved.".format(*counted) in page


def _compare_people(row: list[str], records: Records) -> None:
    counted, middle = recount.people(records, WEEK)
    assert [int(cell) for cell in row[:7]] == counted
    assert (recount.seconds(row[7]) if row[7] else None) == (pytest.approx(middle, abs=60) if middle is not None else None)
