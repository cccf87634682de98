"""Plans as YAML files: what is written reads the same, and what is dangerous or wrong is refused with its place (R2.10)."""

import string
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from blueprint.errors import InvalidBlueprint, InvalidInput
from blueprint.plan import Blueprint, Strategy, Task, WhenBusy
from blueprint.policy import RiskPolicy, Rule, ToolRule
from blueprint.triggers import Cron, Event, LabelMatch, Manual, Once
from flows.creation.plan_file import LARGEST_FILE, read_document, read_plan, write_plan

ODD = ["yes", "22:30", "2027-01-01", "1e5", "0x1f", "~", "null", "", " lead", "trail ", "a: b", "# no", "- x", "{{ x }}", "<<"]
WORDS = some.one_of(
    some.text(max_size=60),
    some.text(alphabet=string.printable + "äß→😀\u2028\u0085\ufeff", max_size=60),
    some.sampled_from([*ODD, "one\ntwo\n", "one\n\n  two  \n", "tab\tand\nline"]),
)
FULL = Blueprint(
    title="Night shift",
    goal="Look after the host.\nAll of it.",
    timezone="Europe/Berlin",
    tasks=(
        Task(name="disk", title="Disk", instructions="Look.\n\n- at /\n- at /var", trigger=Cron(cron="0 2 * * *")),
        Task(name="move", title="Move", instructions="Move.", trigger=Once(at=datetime(2027, 5, 1, 18, tzinfo=UTC))),
        Task(
            name="why",
            title="Why",
            instructions="Find out.",
            trigger=Event(event="alertmanager.firing", match=(LabelMatch(label="severity", value="crit*"),), threshold=3),
            strategy=Strategy(when_busy=WhenBusy.QUEUE, concurrency=2),
        ),
        Task(name="sum-up", title="Sum up", instructions="Sum up.", trigger=Manual(), after=("disk", "move"), tools=("host.*",)),
    ),
    risk_policy=RiskPolicy(rules=(ToolRule(tool="host.*", rule=Rule.ASK),)),
    notify=("ops",),
)
SMALL = "title: T\ngoal: G\ntasks:\n- name: a\n  title: A\n  instructions: I\n  trigger: {kind: manual}\n"


def test_a_plan_with_everything_reads_as_it_was_written() -> None:
    again = read_plan(write_plan(FULL))
    assert again == FULL
    assert again.digest == FULL.digest


@given(title=WORDS, words=WORDS)
def test_any_words_read_as_they_were_written(title: str, words: str) -> None:
    said, named = (text if text.strip() else "Said." for text in (words, title))
    task = FULL.tasks[0].model_copy(update={"title": named, "instructions": said, "outputs": (words,)})
    plan = FULL.model_copy(update={"goal": said, "approach": words, "tasks": (task,)})
    assert read_plan(write_plan(plan)).digest == plan.digest


def test_several_lines_are_written_as_lines() -> None:
    assert "goal: |-\n  Look after the host.\n  All of it.\n" in write_plan(FULL)


def test_what_is_left_out_has_its_default_and_what_looks_like_a_date_stays_text() -> None:
    plan = read_plan(SMALL.replace("title: T", "title: 2027-01-01").replace("instructions: I", "instructions: yes"))
    assert (plan.title, plan.tasks[0].instructions, plan.tasks[0].strategy) == ("2027-01-01", "yes", Strategy())


BOMB = "\n".join(
    ["a: &a [x, x]", *(f"{after}: &{after} [*{before}, *{before}]" for before, after in zip("abcdefgh", "bcdefghi", strict=True))]
)
REFUSED = {
    "a bomb of aliases": (BOMB, "line 1, column 4: anchors and aliases are not read"),
    "an anchor alone": (SMALL.replace("title: T", "title: &t T"), "line 1, column 8: anchors and aliases are not read"),
    "a merge": (SMALL + "<<: *a\n", "anchors and aliases are not read"),
    "an object's tag": (
        "!!python/object/apply:os.system [id]",
        "the tag 'tag:yaml.org,2002:python/object/apply:os.system' is not",
    ),
    "a tag of one's own": (SMALL.replace("title: T", "title: !vault T"), "line 1, column 8: the tag '!vault' is not read"),
    "a text tag": (SMALL.replace("title: T", "title: !!str 5"), "is not read; take it out"),
    "a key twice": (SMALL + "title: U\n", "line 8, column 1: the key 'title' comes twice; keep one"),
    "a key twice further in": (SMALL.replace("goal: G", "goal: G\nrisk_policy: {rules: [], rules: []}"), "'rules' comes twice"),
    "a number as a key": ("1: x", "line 1, column 1: a key must be a text"),
    "a list as a key": ("? [a]\n: x", "line 1, column 3: a key must be a text"),
    "two documents": (f"{SMALL}---\n{SMALL}", "line 8, column 1: but found another document"),
    "no YAML": ("title: [", "line 2, column 1: did not find"),
    "a tab": ("title:\n\tgoal", "line 2, column 1"),
    "a control character": ("title: \x07", "control characters are not allowed"),
    "nothing": ("", "The file holds None; it must be a mapping"),
    "a list": ("- a", "The file holds ['a']; it must be a mapping"),
    "too deep": (f"a: {'[' * 40}{']' * 40}", "nested deeper than 30 levels"),
    "deep enough to end the process": ("[" * 100_000, "nested deeper than 30 levels"),
    "too many parts": (f"a: [{'x,' * 60_000}]", "more than 50,000 parts"),
    "too large": ("x" * (LARGEST_FILE + 1), "has 400,003 bytes; at most 400,000 are read"),
    "a number without end": (f"a: {'9' * 5_000}\na: 1", "'a' comes twice"),
}


@pytest.mark.parametrize(("text", "why"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_plain_document_is_refused_with_its_place(text: str, why: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        read_document(text)
    assert why in str(refusal.value)
    assert len(str(refusal.value)) < 400


def test_every_schema_problem_is_named_with_path_value_and_what_to_do() -> None:
    wrong = SMALL.replace("name: a", "name: Über/Disk").replace("title: T", "titel: T").replace("{kind: manual}", "{kind: daily}")
    with pytest.raises(InvalidBlueprint) as refusal:
        read_plan(wrong)
    assert list(refusal.value.problems) == [
        "title: Field required; add it.",
        "tasks.0.name: String should match pattern '^[a-z0-9][a-z0-9-]{0,62}$'; got 'Über/Disk'; write lower-case letters, digits"
        " and hyphens, for example 'ber-disk'.",
        "tasks.0.trigger: Input tag 'daily' found using 'kind' does not match any of the expected tags: 'cron', 'once', 'event',"
        " 'manual'; got {'kind': 'daily'}.",
        "titel: Extra inputs are not permitted; got 'T'; take it out, or correct its name.",
    ]


def test_a_document_holds_plain_values_only() -> None:
    text = "a: 010\nb: 1_000\nc: 1.5\nd: .inf\ne: 12\nf: on\ng: true\nh:\ni: -3\nj: ={{ 7*7 }}\n"
    found: Any = read_document(text)
    assert found == {
        "a": "010",
        "b": "1_000",
        "c": "1.5",
        "d": ".inf",
        "e": 12,
        "f": "on",
        "g": True,
        "h": None,
        "i": -3,
        "j": "={{ 7*7 }}",
    }
