"""The table of what a new version changes."""

import pytest

from blueprint.diff import diff
from blueprint.plan import Blueprint, Strategy, Task
from blueprint.triggers import Cron, Manual
from reports.changes import change_rows, changed_part, changes_page
from tests.reports.hostile import VALID, tokens

DISK = Task(
    name="disk", title="Disk", instructions="Look at the disks.", trigger=Cron(cron="0 2 * * *"), tools=("host.disk", "host.a")
)
MEMORY = Task(name="memory", title="Memory", instructions="Look at the memory.", trigger=Manual())
BEFORE = Blueprint(title="Host", goal="Look after it.", timezone="UTC", tasks=(DISK, MEMORY))


def _rows(after: Blueprint) -> list[tuple[str, ...]]:
    return [tuple(row.values()) for row in change_rows(diff(BEFORE, after), "UTC")]


def test_each_change_is_a_row_in_words() -> None:
    changed = DISK.model_copy(update={"trigger": Manual(), "tools": ("host.disk", "host.b"), "strategy": Strategy(step_limit=9)})
    load = Task(name="load", title="Load", instructions="Look at the load.", trigger=Manual(), after=("disk",))
    assert _rows(BEFORE.model_copy(update={"title": "All", "tasks": (changed, load)})) == [
        ("", "title", "Host", "All"),
        ("load", "new Task", "", "Load: after disk. Look at the load."),
        ("memory", "gone", "Memory: by hand. Look at the memory.", ""),
        ("disk", "trigger", "every day at 02:00, UTC", "by hand"),
        ("disk", "tools", "host.a", "host.b"),
        ("disk", "strategy, step limit", "60", "9"),
    ]


def test_a_change_deep_in_a_long_text_is_shown_with_what_stands_around_it() -> None:
    before, after = changed_part(f"{'a' * 500} at 1 MB {'b' * 500}", f"{'a' * 500} at 2 MB {'b' * 500}")
    assert before == f"… {'a' * 56} at 1 MB {'b' * 56} …"
    assert after == before.replace("1", "2")


@pytest.mark.parametrize(("before", "after"), [("", "new"), ("old", ""), ("aa", "aaa"), ("aba", "aa"), ("x", "y")])
def test_short_texts_are_shown_whole(before: str, after: str) -> None:
    assert changed_part(before, after) == (before, after)


def test_plans_that_do_not_differ_say_so() -> None:
    assert "Nothing differs." in changes_page(diff(BEFORE, BEFORE), version=2, earlier=1, zone="UTC")


@pytest.mark.parametrize("text", VALID.values(), ids=VALID.keys())
def test_nothing_of_a_plan_becomes_more_than_words_in_the_table(text: str) -> None:
    words = f"x {text}"[:2_000]
    task = DISK.model_copy(update={"title": words, "instructions": words, "outputs": (words,)})
    after = BEFORE.model_copy(update={"goal": words, "breakdown": (words,), "tasks": (task, MEMORY)})
    page = changes_page(diff(BEFORE, after), version=2, earlier=1, zone="UTC")
    found = {token.type for token in tokens(page)}
    assert not {"html_inline", "html_block", "image", "link_open", "code_block", "fence"} & found
    assert page.count("\n|") == 2 + 5
