"""Keeps pages of the console that always show the present: one artifact each, written over in place.

Not by Prefect's client: that puts the whole page into an event, which stays for days after the page has changed.
"""

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import ArtifactFilter

from flows.artifacts import LONGEST_DESCRIPTION
from reports.text import inline


async def keep_current(client: PrefectClient, *, key: str, description: str, page: str) -> str:
    """Write `page` into the artifact `key`, made when there is none; gives its id. `description` is plain text."""
    wanted = ArtifactFilter.model_validate({"key": {"any_": [key]}})
    found = await client.read_artifacts(artifact_filter=wanted, limit=1)
    shown = {"description": inline(description, LONGEST_DESCRIPTION), "data": page}
    if not found:
        return await _create(client, {"key": key, "type": "markdown", **shown})
    await client.request("PATCH", "/artifacts/{id}", path_params={"id": found[0].id}, json=shown)
    return str(found[0].id)


async def _create(client: PrefectClient, artifact: dict[str, str]) -> str:
    answer = await client.request("POST", "/artifacts/", json=artifact)
    return str(answer.json()["id"])
