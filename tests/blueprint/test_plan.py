"""A plan's digest: what a confirmation is bound to (R2.4)."""

from typing import Any

import pytest

from blueprint.plan import Blueprint

DOCUMENT: dict[str, Any] = {
    "title": "Host",
    "goal": "Look after the host.",
    "tasks": [
        {
            "name": "disk",
            "title": "Disk",
            "instructions": "Look at the disks.",
            "trigger": {"kind": "cron", "cron": "0 2 * * *", "timezone": "Europe/Berlin"},
            "tools": ["host.*"],
        },
        {"name": "clean", "title": "Clean", "instructions": "Clean.", "trigger": {"kind": "manual"}, "after": ["disk"]},
    ],
    "risk_policy": {"rules": [{"tool": "host.clean_scratch", "rule": "ask"}]},
}
DIGEST = Blueprint.model_validate(DOCUMENT).digest


def test_the_digest_of_a_plan_is_the_same_today_and_tomorrow() -> None:
    assert DIGEST == "d09119c995a67e2d90f07354e705766d32405339b89d6522dba7fe9866e9b28d"


def test_a_plan_has_the_same_digest_after_a_way_through_json() -> None:
    plan = Blueprint.model_validate(DOCUMENT)
    assert Blueprint.model_validate_json(plan.model_dump_json()).digest == DIGEST
    assert Blueprint.model_validate(plan.model_dump(mode="json", exclude_unset=True)).digest == DIGEST


def test_the_order_of_fields_and_blanks_in_a_cron_expression_do_not_change_the_digest() -> None:
    disk = dict(reversed(DOCUMENT["tasks"][0].items())) | {"trigger": DOCUMENT["tasks"][0]["trigger"] | {"cron": " 0  2 * * *"}}
    plan = Blueprint.model_validate(dict(reversed(DOCUMENT.items())) | {"tasks": [disk, DOCUMENT["tasks"][1]]})
    assert plan.digest == DIGEST


CHANGES: list[dict[str, Any]] = [
    {"title": "Hosts"},
    {"goal": "Look after the hosts."},
    {"timezone": "UTC"},
    {"tasks": DOCUMENT["tasks"][::-1]},
    {"tasks": DOCUMENT["tasks"][:1]},
    {"tasks": [DOCUMENT["tasks"][0] | {"tools": []}, DOCUMENT["tasks"][1]]},
    {"tasks": [DOCUMENT["tasks"][0] | {"strategy": {"concurrency": 2}}, DOCUMENT["tasks"][1]]},
    {"risk_policy": {}},
    {"risk_policy": {"rules": [{"tool": "host.clean_scratch", "rule": "auto"}]}},
    {"approach": "With care."},
    {"outputs": ["A report."]},
    {"notify": ["ops"]},
    {"breakdown": ["Disks."]},
]


@pytest.mark.parametrize("change", CHANGES)
def test_any_change_of_the_plan_changes_its_digest(change: dict[str, Any]) -> None:
    assert Blueprint.model_validate(DOCUMENT | change).digest != DIGEST


def test_a_task_is_found_by_its_name() -> None:
    plan = Blueprint.model_validate(DOCUMENT)
    assert plan.task("clean") is plan.tasks[1]
    assert plan.task("gone") is None
