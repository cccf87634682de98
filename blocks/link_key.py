"""The key that answer links are signed with: a Secret block of Prefect, made once for an installation (R5.5, R9.1)."""

from secrets import token_urlsafe
from typing import cast

from prefect.blocks.system import Secret
from pydantic import SecretStr

from blocks.loading import block_names, load_block

LINK_KEY = "missions-link-key"
"""Deleting the block makes all links that were given out worthless; `missions up` makes a new one."""


async def ensure_link_key() -> None:
    """Make the key where there is none yet."""
    if LINK_KEY not in await block_names(Secret):
        await Secret(value=SecretStr(token_urlsafe(32))).asave(LINK_KEY)


async def load_link_key() -> bytes:
    """The key; UnknownName when this installation has none, Unavailable when Prefect does not answer."""
    block = cast("Secret[str]", await load_block(Secret, LINK_KEY))
    return block.get().encode()
