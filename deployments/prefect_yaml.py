"""Writes a DeploymentPlan as a prefect.yaml, which `prefect deploy --all` turns into the same objects (R2.7)."""

import yaml
from pydantic import JsonValue

from deployments.automations import trigger_fields
from deployments.spec import DeploymentPlan, DeploymentSpec, ScheduleSpec

_HEADER = """\
# Written by Missions; changes are lost when it is written again.
# prefect --no-prompt deploy --all --prefect-file FILE
"""


def render_prefect_yaml(plan: DeploymentPlan, *, is_paused: bool = False) -> str:
    """The text of the file; the same plan gives the same text.

    `is_paused` is always written, since Prefect un-pauses where it is left out. What such a file can't say is that a
    schedule of an existing deployment has to go (Prefect's deploy only adds and changes schedules), and that there is a run
    for a single time, of which a comment tells; `apply` can do both.
    """
    document: dict[str, JsonValue] = {
        "name": "missions",
        "build": [],
        "push": [],
        "pull": [],
        "deployments": [_deployment(spec, is_paused) for spec in plan.deployments],
    }
    text = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    return "".join([_HEADER, *_left_out(plan), text])


def _left_out(plan: DeploymentPlan) -> list[str]:
    """Comments on what has no place in such a file."""
    return [
        f"# Not in this file: the single run of {spec.name} at {spec.once_at.isoformat()}; `missions launch` lays it ahead.\n"
        for spec in plan.deployments
        if spec.once_at
    ]


def _deployment(spec: DeploymentSpec, is_paused: bool) -> dict[str, JsonValue]:
    triggers: list[JsonValue] = [trigger_fields(spec.automation)] if spec.automation else []
    return {
        "name": spec.name,
        "version": spec.hash,
        "tags": list(spec.tags),
        "description": spec.text,
        "entrypoint": spec.entrypoint,
        "parameters": dict(spec.parameters),
        "work_pool": {"name": spec.work_pool},
        "schedules": [_schedule(schedule) for schedule in spec.schedules],
        "paused": is_paused,
        **({"triggers": triggers} if triggers else {}),
    }


def _schedule(schedule: ScheduleSpec) -> dict[str, JsonValue]:
    return {"slug": schedule.slug, "cron": schedule.cron, "timezone": schedule.timezone}


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks, so that people can read them."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(_: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return yaml.ScalarNode("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)
