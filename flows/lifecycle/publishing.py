"""Publishes the certificate of a deletion: a file, and an artifact in Prefect (R3.3)."""

from pathlib import Path

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import ArtifactCreate
from prefect.client.schemas.filters import ArtifactFilter

from blueprint.deletion import Deletion
from reports.certificate import certificate_page
from reports.files import write_whole

SHORT_KEY = 16
"""So many digits of the key stand in the names of file and artifact."""


def certificate_name(deletion: Deletion) -> str:
    """`deleted-1f2e…`: by the key, since the name must not say what was deleted."""
    return f"deleted-{deletion.key[:SHORT_KEY]}"


async def publish_certificate(home: Path, client: PrefectClient, deletion: Deletion) -> None:
    """Write it; the same again changes nothing more."""
    name, page = certificate_name(deletion), certificate_page(deletion)
    folder = home / "certificates"
    folder.mkdir(exist_ok=True)
    write_whole(folder / f"{name}.md", page)
    if not await client.read_artifacts(artifact_filter=ArtifactFilter.model_validate({"key": {"any_": [name]}}), limit=1):
        await client.create_artifact(
            ArtifactCreate(key=name, type="markdown", description="Certificate of a deletion", data=page)
        )
