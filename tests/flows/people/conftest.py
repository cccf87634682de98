"""A store of the tests' own, for what needs no whole installation."""

from collections.abc import Generator

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from deployments.local.ports import free_port
from tests.blocks.conftest import migrated_url, postgres, store

__all__ = ["migrated_url", "postgres", "prefect_is_away", "store"]


@pytest.fixture
def prefect_is_away() -> Generator[None]:
    """No Prefect server answers: answers are stored all the same."""
    with temporary_settings(updates={PREFECT_API_URL: f"http://127.0.0.1:{free_port()}/api"}):
        yield
