"""Goals read into jobs, and the tools that fit them."""

import pytest

from agent.builtin.rehearsal.arguments import fill
from agent.builtin.rehearsal.goal import read_goal
from agent.builtin.rehearsal.offers import Offer, choose

HOST = [
    Offer(name="host.disk_usage", description="Disk space of every filesystem.", is_read_only=True),
    Offer(name="host.memory", description="Memory (RAM) and swap.", is_read_only=True),
    Offer(name="host.failed_services", description="Services that have failed.", is_read_only=True),
    Offer(name="host.scratch_usage", description="Size of the scratch directory.", is_read_only=True),
    Offer(name="host.clean_scratch", description="Clean up the scratch directory."),
]
GIT = [Offer(name=f"git.git_{name}") for name in ("status", "log", "diff", "add", "commit", "reset")]


def _names(offers: tuple[Offer, ...]) -> list[str]:
    return [offer.tool for offer in offers]


@pytest.mark.parametrize(
    ("goal", "jobs"),
    [
        (
            "Inspect this host every 15 minutes and clean the scratch directory when it is over 1 MB",
            [("*/15 * * * *", ("Inspect this host", "clean the scratch directory when it is over 1 MB"))],
        ),
        (
            "Inspect the disks every day at 02:00 and clean the scratch directory every Friday at 6",
            [("0 2 * * *", ("Inspect the disks",)), ("0 6 * * 5", ("clean the scratch directory",))],
        ),
        (
            "Every night at 2, look at the failed services. Every Friday at 6 clean the scratch directory.",
            [("0 2 * * *", ("look at the failed services",)), ("0 6 * * 5", ("clean the scratch directory",))],
        ),
        (
            "When the scratch directory is over 1 MB, clean it. Run it every 2 hours.",
            [("0 */2 * * *", ("When the scratch directory is over 1 MB, clean it",))],
        ),
        ("Check disk, memory and load on Mondays and Fridays at 8", [("0 8 * * 1,5", ("Check disk, memory and load",))]),
    ],
)
def test_a_goal_becomes_jobs_word_for_word(goal: str, jobs: list[tuple[str, tuple[str, ...]]]) -> None:
    intent = read_goal(goal)
    assert [(job.schedule.cron if job.schedule else None, job.clauses) for job in intent.jobs] == jobs


@pytest.mark.parametrize(
    ("goal", "lacks_target", "lacks_schedule"),
    [
        ("Inspect this host", False, True),
        ("every day at 02:00", True, False),
        ("Inspect every day at 02:00", True, False),
        ("Hm", False, True),
    ],
)
def test_what_a_goal_lacks_is_known(goal: str, lacks_target: bool, lacks_schedule: bool) -> None:
    intent = read_goal(goal)
    assert (intent.lacks_target, intent.lacks_schedule) == (lacks_target, lacks_schedule)


def test_answers_fill_what_the_goal_lacks_and_may_add_to_it() -> None:
    intent = read_goal("Inspect the disks", ["every day at 02:00 Berlin time, and also check the memory"])
    [job] = intent.jobs
    assert job.clauses == ("Inspect the disks", "check the memory")
    assert job.schedule is not None
    assert (job.schedule.cron, intent.timezone) == ("0 2 * * *", "Europe/Berlin")


@pytest.mark.parametrize(
    ("clause", "reads", "changes"),
    [
        ("Inspect this host", ["disk_usage", "memory", "failed_services", "scratch_usage"], []),
        ("check free space and RAM", ["disk_usage", "memory"], []),
        ("clean the scratch directory when it is over 1 MB", ["scratch_usage"], ["clean_scratch"]),
        ("look at the scratch directory, never clean it", ["scratch_usage"], []),
        ("report the git status and log of /tmp/disk", ["git_status", "git_log"], []),
        ("commit all in /srv/app", [], ["git_commit"]),
        ("the weather in Paris", [], []),
    ],
)
def test_tools_are_chosen_by_the_words_of_a_clause(clause: str, reads: list[str], changes: list[str]) -> None:
    choice = choose(clause, [*HOST, *GIT])
    assert (_names(choice.reads), _names(choice.changes)) == (reads, changes)


def test_arguments_come_from_the_text_then_from_the_schema_and_are_never_made_up() -> None:
    schema = {
        "properties": {
            "repo_path": {"type": "string"},
            "older_than_days": {"type": "integer", "minimum": 0},
            "sort_by": {"enum": ["memory", "cpu"]},
            "message": {"type": "string"},
            "limit": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        },
        "required": ["repo_path", "older_than_days", "message"],
    }
    said = fill(schema, "remove files older than 3 days in /srv/app with the message 'tidied up', by cpu, when it is over 1 MB")
    assert said.values == {"repo_path": "/srv/app", "older_than_days": 3, "message": "tidied up", "sort_by": "cpu"}
    unsaid = fill(schema, "remove files when it is over 1 MB")
    assert (unsaid.values, unsaid.assumed, unsaid.missing) == (
        {"older_than_days": 0},
        ("older_than_days",),
        ("repo_path", "message"),
    )
