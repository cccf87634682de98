"""Keeps Markdown pages as Prefect artifacts."""

from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactCreate


async def keep_page(*, key: str, description: str, page: str, flow_run_id: str, task_run_id: UUID | None = None) -> str:
    """Store `page` as a new version of the artifact `key` of this run; gives the artifact's id."""
    async with get_client() as client:
        artifact = await client.create_artifact(
            ArtifactCreate(
                key=key,
                type="markdown",
                description=description,
                data=page,
                flow_run_id=UUID(flow_run_id),
                task_run_id=task_run_id,
            )
        )
    return str(artifact.id)
