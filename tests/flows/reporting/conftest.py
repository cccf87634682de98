"""A store that is empty for each test, and no Prefect."""

from tests.blocks.conftest import migrated_url, postgres, store

__all__ = ["migrated_url", "postgres", "store"]
