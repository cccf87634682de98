"""What Prefect has of a plan, for comparisons."""

from typing import Any

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import DeploymentFilter
from prefect.client.schemas.sorting import DeploymentSort

from deployments.present import find_automations


async def objects(client: PrefectClient, tag: str) -> list[dict[str, Any]]:
    """All deployments with that tag and what starts them, without what is new in each creation."""
    tagged = DeploymentFilter.model_validate({"tags": {"all_": [tag]}})
    found = await client.read_deployments(deployment_filter=tagged, sort=DeploymentSort.NAME_ASC)
    fresh = {
        "id": True,
        "created": True,
        "updated": True,
        "schedules": {"__all__": {"id", "created", "updated", "deployment_id"}},
    }
    automations = sorted(await find_automations(tag, client), key=lambda one: one.name)
    return [
        *(one.model_dump(mode="json", exclude=fresh) for one in found),
        *(one.model_dump(exclude={"id": True, "actions": {"__all__": {"deployment_id"}}}) for one in automations),
    ]
