"""Sentences and the plans that come of them: single times, events, dependencies, and how things run."""

from datetime import UTC, datetime

import pytest

from agent.builtin.rehearsal.commission import Commission
from agent.builtin.rehearsal.offers import Offer
from agent.builtin.rehearsal.planning import plan
from blueprint.plan import Blueprint, Strategy, Task
from blueprint.triggers import Cron, Event, Manual, Once, Trigger
from blueprint.validation import Surroundings, find_problems

NOW = datetime(2026, 11, 21, 11, tzinfo=UTC)  # a Saturday, noon in Berlin
READING = ("disk_usage", "memory", "failed_services", "scratch_usage", "recent_errors")
OFFERS = (
    *(Offer(name=f"host.{name}", description=f"The {name.replace('_', ' ')}.", is_read_only=True) for name in READING),
    Offer(name="host.clean_scratch", description="Clean up the scratch directory."),
)
AROUND = Surroundings(now=NOW, tools=[offer.name for offer in OFFERS])


def planned(goal: str, *answers: str, previous: Blueprint | None = None, wish: str = "") -> Blueprint:
    """The plan that the rehearsal model writes; it must pass verification."""
    before = previous.model_dump(mode="json") if previous else {}
    commission = Commission(goal=goal, answers=answers, offers=OFFERS, zone="Europe/Berlin", now=NOW, previous=before, wish=wish)
    written = Blueprint.model_validate(plan(commission))
    assert find_problems(written, AROUND) == []
    return written


def gist(task: Task) -> str:
    """`cron 0 2 * * *`, `once 11-22 18:00`, `alertmanager.firing severity=critical 3/600`, `after a b`, `by hand`; then what
    its strategy says beyond the defaults.
    """
    start = f"after {' '.join(task.after)}" if task.after else _start(task.trigger)
    usual = Strategy().model_dump(mode="json")
    said = {name: value for name, value in task.strategy.model_dump(mode="json").items() if value != usual[name]}
    return " ".join([start, *(f"{name}={value}" for name, value in said.items())])


def _start(trigger: Trigger) -> str:
    match trigger:
        case Cron():
            return f"cron {trigger.cron}"
        case Once():
            return f"once {trigger.at:%m-%d %H:%M}"
        case Event():
            labels = [f" {match.label}={match.value}" for match in trigger.match]
            often = f" {trigger.threshold}/{trigger.within_seconds}" if trigger.threshold > 1 else ""
            return f"{trigger.event}{''.join(labels)}{often}"
        case Manual():
            return "by hand"


SENTENCES: dict[str, list[str]] = {
    # once; 18:00 in Berlin is 17:00 UTC
    "Check the disks tomorrow at 18:00 once": ["once 11-22 17:00"],
    "Tomorrow at 18:00 once, check the disks": ["once 11-22 17:00"],
    "Check the memory tomorrow morning": ["once 11-22 07:00"],
    "Inspect this host tonight at 11": ["once 11-21 22:00"],
    "Check the disks in 2 hours": ["once 11-21 13:00"],
    "Check the disks in half an hour": ["once 11-21 11:30"],
    "Inspect this host next Friday at 9": ["once 11-27 08:00"],
    "Inspect this host on Monday at 6:30 once": ["once 11-23 05:30"],
    "Clean the scratch directory once at 13:00": ["once 11-21 12:00"],
    "Clean the scratch directory once at 11:00": ["once 11-22 10:00"],
    "Inspect this host on 24 December at noon": ["once 12-24 11:00"],
    "Inspect this host on May 1st at 6 pm": ["once 05-01 16:00"],
    "Inspect this host on 2027-02-03 at 10:00 UTC": ["once 02-03 10:00"],
    # events
    "When the latency alert fires find out why": ["alertmanager.firing alertname=Latency*"],
    "When the HighLatency alert fires, find out why": ["alertmanager.firing alertname=HighLatency"],
    "Whenever a critical alert fires, look at the failed services": ["alertmanager.firing severity=critical"],
    "Find out why when an alert fires": ["alertmanager.firing"],
    "On every critical alert, inspect this host": ["alertmanager.firing severity=critical"],
    "When 3 disk alerts fire within 10 minutes, check the disks": ["alertmanager.firing alertname=Disk* 3/600"],
    "When the alert 'Disk full' is resolved, check the disks": ["alertmanager.resolved alertname=Disk full"],
    "When a Grafana alert fires, look at the memory": ["grafana.firing"],
    "On the event deploy.finished inspect this host": ["deploy.finished"],
    # dependencies
    "Inspect the disks every day at 2. Inspect the memory every day at 3. After both inspections write a summary.": [
        "cron 0 2 * * *", "cron 0 3 * * *", "after inspect-the-disks inspect-the-memory",
    ],
    "Inspect the disks and the memory every day at 2, and after both inspections write a summary": [
        "cron 0 2 * * *", "cron 0 2 * * *", "after inspect-the-disks inspect-the-memory",
    ],
    "Check the disks daily at 2, check the failed services daily at 2. When both are done, sum up": [
        "cron 0 2 * * *", "cron 0 2 * * *", "after check-the-disks check-the-failed-services",
    ],
    "Check the disks every day at 2. After that, look at the recent errors.": ["cron 0 2 * * *", "after check-the-disks"],
    "Check the disks at 2 daily. Check the memory at 3 daily. After the disk check look at the recent errors.": [
        "cron 0 2 * * *", "cron 0 3 * * *", "after check-the-disks",
    ],
    "Check the disks daily at 2. Check the memory daily at 3. Once all checks have finished, write a summary": [
        "cron 0 2 * * *", "cron 0 3 * * *", "after check-the-disks check-the-memory",
    ],
    # how it runs
    "Inspect this host every 15 minutes, at most one at a time": ["cron */15 * * * *"],
    "Inspect this host every 15 minutes, at most two at a time": ["cron */15 * * * * concurrency=2"],
    "Inspect this host every 15 minutes, skip it if it is still running": ["cron */15 * * * *"],
    "Inspect this host every 15 minutes. Queue it if it is still running.": ["cron */15 * * * * when_busy=queue"],
    "Inspect this host every hour, queue": ["cron 0 * * * * when_busy=queue"],
    "Check the disks every hour and cancel the older one if it is still running": ["cron 0 * * * * when_busy=cancel_older"],
    "Check the disks every day at 2 and make up for missed runs": ["cron 0 2 * * * when_missed=run_latest"],
    "Check the disks every day at 2. If it was missed, run it later.": ["cron 0 2 * * * when_missed=run_latest"],
    "Check the disks hourly, no longer than 20 minutes": ["cron 0 * * * * time_limit_minutes=20"],
    "Check the disks hourly with at most 15 steps and at most 50k tokens": ["cron 0 * * * * step_limit=15 token_budget=50000"],
    "When an alert fires find out why, at most 3 at once, for at most 1 hour": [
        "alertmanager.firing time_limit_minutes=60 concurrency=3"
    ],
    "Check the disks every hour. Check the memory every day at 3. At most 10 steps each.": [
        "cron 0 * * * * step_limit=10", "cron 0 3 * * * step_limit=10",
    ],
    # reports
    "Every Friday a report on the disks": ["cron 0 9 * * 5"],
    "Write a report on this host every Friday at 17:00": ["cron 0 17 * * 5"],
}  # fmt: skip


@pytest.mark.parametrize(("goal", "tasks"), SENTENCES.items())
def test_a_sentence_becomes_tasks_with_triggers_dependencies_and_strategy(goal: str, tasks: list[str]) -> None:
    assert [gist(task) for task in planned(goal).tasks] == tasks


def test_there_are_forty() -> None:
    assert len(SENTENCES) >= 40


def test_an_event_s_task_says_what_happened_and_may_read_everything() -> None:
    written = planned("When the latency alert fires find out why")
    [task] = written.tasks
    assert task.instructions == "When the latency alert fires: Find out why."
    assert task.tools == tuple(f"host.{name}" for name in READING)
    assert "Every alert whose name begins with 'Latency' counts as 'latency'" in written.approach


def test_what_is_said_about_running_is_no_part_of_the_instructions() -> None:
    [task] = planned("Inspect this host every 15 minutes, skip it if it is still running, at most 10 steps").tasks
    assert task.instructions == "Inspect this host."


BEFORE = planned("Check the disks every day at 2. Check the memory every day at 3.")
WISHES: dict[str, list[str]] = {
    "also after both checks write a summary": ["cron 0 2 * * *", "cron 0 3 * * *", "after check-the-disks check-the-memory"],
    "check the memory when the memory alert fires": ["cron 0 2 * * *", "alertmanager.firing alertname=Memory*"],
    "check the disks tomorrow at 18:00 once": ["once 11-22 17:00", "cron 0 3 * * *"],
    "queue the disks if it is still running": ["cron 0 2 * * * when_busy=queue", "cron 0 3 * * *"],
    "at most 10 steps": ["cron 0 2 * * * step_limit=10", "cron 0 3 * * * step_limit=10"],
    "skip missed runs of the memory": ["cron 0 2 * * *", "cron 0 3 * * *"],
}


@pytest.mark.parametrize(("wish", "tasks"), WISHES.items())
def test_a_wish_changes_how_and_when_things_run(wish: str, tasks: list[str]) -> None:
    assert [gist(task) for task in planned(BEFORE.goal, previous=BEFORE, wish=wish).tasks] == tasks


ANSWERS = {
    "when the disk alert fires": "alertmanager.firing alertname=Disk*",
    "tomorrow at 18:00": "once 11-22 17:00",
}


@pytest.mark.parametrize(("answer", "start"), ANSWERS.items())
def test_an_answer_may_be_an_event_or_a_single_time(answer: str, start: str) -> None:
    [task] = planned("Inspect this host", answer).tasks
    assert gist(task) == start
