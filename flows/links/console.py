"""Addresses of pages in the Prefect UI (its V2 pages)."""

import json
from urllib.parse import quote

from prefect.settings import get_current_settings


def ui_address() -> str:
    """Where the Prefect UI answers; empty when no server is configured."""
    settings = get_current_settings()
    return (settings.ui_url or (settings.api.url or "").removesuffix("/api")).rstrip("/")


def run_page(run_id: str) -> str:
    """The page of a flow run."""
    return f"{ui_address()}/v2/runs/flow-run/{run_id}"


def artifact_page(artifact_id: str) -> str:
    """The page of one artifact."""
    return f"{ui_address()}/v2/artifacts/artifact/{artifact_id}"


def artifact_key_page(key: str) -> str:
    """The page that lists the versions of an artifact."""
    return f"{ui_address()}/v2/artifacts/key/{key}"


def deployments_page(mission_id: str) -> str:
    """All deployments of a Mission. The console drops a filter that is not a JSON list, and would show everybody's."""
    return f"{ui_address()}/v2/deployments?tags={quote(json.dumps([f'mission:{mission_id}']))}"
