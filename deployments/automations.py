"""An AutomationSpec in Prefect's form, for its API and for prefect.yaml: what is waited for, and what the run is given."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from prefect.events.actions import RunDeployment
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification

from deployments.spec import AutomationSpec

_EVENT = """\
{%- set payload, most = event.payload | tojson, 65536 -%}
{%- filter replace("__prefect_kind", "prefect-kind") -%}
{
  "id": {{ event.id | string | tojson }},
  "name": {{ event.event | tojson }},
  "labels": {{ event.resource | tojson }},
  "payload": {{ payload if payload | length <= most else payload[:most] | tojson }}
}
{%- endfilter -%}"""
"""A `blueprint.occasion.EventGiven` as JSON, filled in by Prefect when the event comes. Of a payload over 64 kB
the run is given the beginning, as text.

Prefect looks through the parameters of a new run for objects with the key `__prefect_kind`, and renders what they hold as a
template or puts a variable of the workspace in their place. No sender of an event may have that done (R9.2).
"""

PARAMETERS: dict[str, Any] = {
    "event": {"__prefect_kind": "json", "value": {"__prefect_kind": "jinja", "template": _EVENT}},
}
"""The parameters of a run that an event starts, beside those of its deployment."""


def automation(spec: AutomationSpec, deployment_id: UUID, *, is_enabled: bool) -> AutomationCore:
    """The automation that runs this deployment; `prefect deploy` makes an equal one of `trigger_fields`.

    The types are given although they are defaults: what was not set is not sent in an update.
    """
    return AutomationCore(
        name=spec.name,
        description=spec.description,
        enabled=is_enabled,
        trigger=EventTrigger(
            type="event",
            expect={spec.event},
            match=ResourceSpecification(dict(spec.match)),
            for_each=set(spec.for_each),
            posture=Posture.Reactive,
            threshold=spec.threshold,
            within=timedelta(seconds=spec.within_seconds),
        ),
        actions=[
            RunDeployment(
                type="run-deployment",
                source="selected",
                deployment_id=deployment_id,
                parameters=PARAMETERS,
                job_variables=None,
            )
        ],
    )


def owner(deployment_id: UUID) -> str:
    """Whom a new automation belongs to: `prefect deploy` replaces what belongs to the deployment that it writes."""
    return f"prefect.deployment.{deployment_id}"


def trigger_fields(spec: AutomationSpec) -> dict[str, Any]:
    """The same as a trigger of its deployment in a prefect.yaml."""
    return {
        "type": "event",
        "name": spec.name,
        "description": spec.description,
        "enabled": True,  # also while the Mission is paused: the gate refuses with a record (R2.8)
        "posture": "Reactive",
        "expect": [spec.event],
        "match": dict(spec.match),
        "for_each": sorted(spec.for_each),
        "threshold": spec.threshold,
        "within": spec.within_seconds,
        "parameters": PARAMETERS,
    }
