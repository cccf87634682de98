"""Keeps Markdown pages as Prefect artifacts."""

import re
from datetime import datetime
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactCreate
from prefect.client.schemas.filters import ArtifactFilter
from prefect.client.schemas.objects import Artifact

from reports.text import inline, plain

LONGEST_DESCRIPTION = 300
_PAGE = 200


async def keep_page(*, key: str, description: str, page: str, flow_run_id: str | None, task_run_id: UUID | None = None) -> str:
    """Store `page` as a new version of the artifact `key` of this run, if any; gives the artifact's id.

    The console shows descriptions as Markdown and takes HTML in them, so `description` is plain text and kept escaped (R9.2).
    """
    async with get_client() as client:
        artifact = await client.create_artifact(
            ArtifactCreate(
                key=key,
                type="markdown",
                description=inline(description, LONGEST_DESCRIPTION),
                data=page,
                flow_run_id=UUID(flow_run_id) if flow_run_id else None,
                task_run_id=task_run_id,
            )
        )
    return str(artifact.id)


def step_description(sequence: int, title: str) -> str:
    """How a step's artifact is described; `find_steps` reads the number again."""
    return f"Step {sequence}: {title}"


async def find_steps(*, key: str, flow_run_id: str) -> list[tuple[int, str]]:
    """Numbers of a run's steps that have an artifact, with the artifacts' ids."""
    pages = await find_pages(key=key, flow_run_id=flow_run_id)
    return [(_step_number(description), artifact_id) for description, artifact_id in pages]


async def find_pages(*, key: str, flow_run_id: str) -> list[tuple[str, str]]:
    """Descriptions, as `described` gives them, and ids of all versions of the artifact `key` of this run, the oldest first."""
    wanted = ArtifactFilter.model_validate({"key": {"any_": [key]}, "flow_run_id": {"any_": [flow_run_id]}})
    found: list[Artifact] = []
    async with get_client() as client:
        while len(page := await client.read_artifacts(artifact_filter=wanted, limit=_PAGE, offset=len(found))) == _PAGE:
            found += page
    ordered = sorted([*found, *page], key=_made_at)
    return [(plain(artifact.description or ""), str(artifact.id)) for artifact in ordered]


def described(description: str) -> str:
    """How `find_pages` gives a description that `keep_page` was given."""
    return plain(inline(description, LONGEST_DESCRIPTION))


def _made_at(artifact: Artifact) -> datetime:
    assert artifact.created is not None, "the server sets it"
    return artifact.created


def _step_number(description: str) -> int:
    number = re.match(r"Step (\d+):", description)
    return int(number[1]) if number else 0
