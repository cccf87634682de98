"""What people say about a Mission in ordinary English, and what comes of it: changes, runs, answers, or a question back."""

from dataclasses import replace

import pytest

from agent.builtin.rehearsal.changing import changed
from agent.builtin.rehearsal.commission import Commission
from agent.builtin.rehearsal.remarks import understand
from blueprint.diff import diff
from blueprint.plan import Blueprint
from blueprint.remarks import Understood
from tests.agent.builtin.test_rehearsal_wishes import NOW, OFFERS, gist, planned

BEFORE = planned("Check the disks every day at 2. Check the memory every day at 3.")
CHANNELS = ("ops", "night-shift")


def understood(message: str, before: Blueprint = BEFORE) -> tuple[Understood, Commission]:
    """What the rehearsal model reads in a message, and the commission that it read."""
    commission = Commission(
        goal=before.goal,
        offers=OFFERS,
        zone="Europe/Berlin",
        now=NOW,
        previous=before.model_dump(mode="json"),
        message=message,
        channels=CHANNELS,
    )
    return Understood.model_validate(understand(commission)), commission


def outcome(message: str, before: Blueprint = BEFORE) -> list[str]:
    """Everything that a message does, in short; a question back as `?`."""
    read, commission = understood(message, before)
    if read.question:
        assert read == Understood(question=read.question), "with a question nothing else is done"
        return ["?"]
    after = Blueprint.model_validate(changed(replace(commission, wish="\n".join(read.changes)))) if read.changes else before
    return [*_changes(before, after), *(f"run {name}" for name in read.runs), *(f"tell {topic}" for topic in read.topics)]


def _changes(before: Blueprint, after: Blueprint) -> list[str]:
    found = diff(before, after)
    kept = [task for task in after.tasks if task not in found.added and before.task(task.name) not in (None, task)]
    return [
        *([f"called {after.title}"] if after.title != before.title else []),
        *([f"told by {' '.join(after.notify)}"] if after.notify != before.notify else []),
        *(f"+ {task.name} {gist(task)}" for task in found.added),
        *(f"- {task.name}" for task in found.removed),
        *(f"{task.name} {gist(task)}" for task in kept),
    ]


DISKS, MEMORY = "check-the-disks", "check-the-memory"
MESSAGES: dict[str, list[str]] = {
    # names
    "Rename it to Night watch": ["called Night watch"],
    "rename the mission to 'Disk patrol'": ["called Disk patrol"],
    "Please call it Host care.": ["called Host care"],
    "Change the name to Host care": ["called Host care"],
    "Could you rename this mission to Patrol, please?": ["called Patrol"],
    # more
    "also check the failed services every Monday at 8": ["+ check-the-failed-services cron 0 8 * * 1"],
    "Add a check of the failed services every day at 4": ["+ a-check-of-the-failed-services cron 0 4 * * *"],
    "Check the failed services every hour": ["+ check-the-failed-services cron 0 * * * *"],
    "I'd like you to check the recent errors every 15 minutes": ["+ check-the-recent-errors cron */15 * * * *"],
    "Please also look at the recent errors tomorrow at 18:00 once": ["+ look-at-the-recent-errors once 11-22 17:00"],
    "also after both checks write a summary": [f"+ write-a-summary after {DISKS} {MEMORY}"],
    "add: when a critical alert fires, look at the failed services": [
        "+ look-at-the-failed-services alertmanager.firing severity=critical"
    ],
    # other times
    "check the disks every 30 minutes": [f"{DISKS} cron */30 * * * *"],
    "Move the memory check to 5:30": [f"{MEMORY} cron 30 5 * * *"],
    "run the disks every 30 minutes instead": [f"{DISKS} cron */30 * * * *"],
    "make it 04:00": [f"{DISKS} cron 0 4 * * *", f"{MEMORY} cron 0 4 * * *"],
    "the memory only when asked": [f"{MEMORY} by hand"],
    "Could you check the disks weekly on Fridays at 17:00?": [f"{DISKS} cron 0 17 * * 5"],
    "check the memory when the memory alert fires": [f"{MEMORY} alertmanager.firing alertname=Memory*"],
    # how it runs
    "at most 10 steps": [f"{DISKS} cron 0 2 * * * step_limit=10", f"{MEMORY} cron 0 3 * * * step_limit=10"],
    "queue the disks if it is still running": [f"{DISKS} cron 0 2 * * * when_busy=queue"],
    "make up for missed runs of the memory": [f"{MEMORY} cron 0 3 * * * when_missed=run_latest"],
    # less
    "drop the memory check": [f"- {MEMORY}"],
    "Please leave out the disks": [f"- {DISKS}"],
    "remove the memory task": [f"- {MEMORY}"],
    # channels
    "notify ops": ["told by ops"],
    "Send the reports to the channel night-shift, too": ["told by night-shift"],
    # runs
    "run the disk check now": [f"run {DISKS}"],
    "Run check-the-memory": [f"run {MEMORY}"],
    "Can you run the memory inspection right now?": [f"run {MEMORY}"],
    "check the disks now": [f"run {DISKS}"],
    "start the disk check and the memory check": [f"run {DISKS}", f"run {MEMORY}"],
    "run everything now": [f"run {DISKS}", f"run {MEMORY}"],
    "trigger the memory check once": [f"run {MEMORY}"],
    # questions
    "How does it stand?": ["tell state"],
    "what is the status": ["tell state"],
    "When is the next run?": ["tell state"],
    "is anything running?": ["tell state"],
    "What did you find?": ["tell findings"],
    "Tell me about the latest problems": ["tell findings"],
    "any errors in the last report?": ["tell findings"],
    "Explain the plan": ["tell plan"],
    "what do you do and why?": ["tell plan"],
    "show me the schedule": ["tell plan"],
    # several at once
    "Rename it to Patrol and drop the memory check": ["called Patrol", f"- {MEMORY}"],
    "Run the disk check now, and then tell me what you found": [f"run {DISKS}", "tell findings"],
    "Check the disks every hour. Run the memory check now. How does it stand?": [
        f"{DISKS} cron 0 * * * *", f"run {MEMORY}", "tell state",
    ],
    "hello, please rename it to Patrol and notify ops": ["called Patrol", "told by ops"],
    # not clear, not allowed, not possible: a question, and nothing is done
    "stop it": ["?"],
    "Stop": ["?"],
    "cancel that": ["?"],
    "pause it": ["?"],
    "please delete the mission": ["?"],
    "resume": ["?"],
    "run it": ["?"],
    "run the check": ["?"],
    "run the database backup now": ["?"],
    "drop everything": ["?"],
    "drop it": ["?"],
    "be nicer": ["?"],
    "make it faster": ["?"],
    "check the disks every minute": ["?"],
    "clean the scratch directory without asking": ["?"],
    "stop asking me for approval": ["?"],
    "always allow cleaning": ["?"],
    "check the disks at 25:00": ["?"],
    "notify the moon channel": ["?"],
    "approve": ["?"],
    "rename it to Patrol and stop it": ["?"],
    "check the disks yesterday at 9 once": ["?"],
    "": ["?"],
}  # fmt: skip


@pytest.mark.parametrize(("message", "expected"), MESSAGES.items())
def test_a_message_does_what_it_says_or_is_asked_back(message: str, expected: list[str]) -> None:
    assert outcome(message) == expected, understood(message)[0]


def test_there_are_sixty() -> None:
    assert len(MESSAGES) >= 60


def test_it_is_clear_where_there_is_one_task_only() -> None:
    one = planned("Check the disks every day at 2.")
    assert outcome("run it", one) == [f"run {DISKS}"]
    assert outcome("drop the disks", one) == ["?"]


def test_the_words_of_a_time_do_not_name_a_task() -> None:
    one = planned("When event day.ping arrives, inspect the listening ports.")
    assert outcome("check the failed services every day at 6", one) == ["+ check-the-failed-services cron 0 6 * * *"]


def test_a_dropped_task_is_no_part_of_the_goal_s_breakdown_any_more() -> None:
    after = planned(BEFORE.goal, previous=BEFORE, wish="drop the memory check")
    assert ([task.name for task in after.tasks], after.breakdown) == ([DISKS], ("Check the disks",))
