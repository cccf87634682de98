"""The Mission store as a Prefect block: where everything is remembered (R8.1)."""

from contextlib import AbstractAsyncContextManager

from prefect.blocks.core import Block
from pydantic import Field, SecretStr

from blocks.store.database import PATIENCE_SECONDS
from blocks.store.store import Store, open_store


class MissionStore(Block):
    """The PostgreSQL database with Missions, plans, runs and requests."""

    _block_type_name = "Missions: store"
    _block_type_slug = "missions-store"

    url: SecretStr = Field(
        title="Database URL", description="SQLAlchemy URL, e.g. 'postgresql+asyncpg://user:password@host:5432/missions'."
    )

    def open(self, *, patience_seconds: float = PATIENCE_SECONDS) -> AbstractAsyncContextManager[Store]:
        """The store, for `async with`; it connects when first used. InvalidInput when the URL is none."""
        return open_store(self.url.get_secret_value(), patience_seconds=patience_seconds)
