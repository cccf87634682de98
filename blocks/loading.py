"""Finds saved blocks by name, with errors that list what there is."""

from http import HTTPStatus
from typing import TypeVar

import httpx
from prefect.blocks.core import Block
from prefect.client.orchestration import get_client
from prefect.exceptions import PrefectHTTPStatusError
from prefect.settings import PREFECT_API_URL

from blueprint.errors import Unavailable, UnknownName

B = TypeVar("B", bound=Block)


async def load_block(kind: type[B], name: str) -> B:
    """The block `name` of this kind; UnknownName, with the names that there are, when there is none.

    Unavailable when the Prefect server does not answer.
    """
    try:
        return await kind.aload(name)
    except (ValueError, PrefectHTTPStatusError) as error:
        names = await block_names(kind)
        if name in names:  # it is there, and does not fit its form
            raise
        raise UnknownName(_spoken(kind), name, names) from error
    except httpx.TransportError as error:
        raise _away(str(PREFECT_API_URL.value()), error) from error


async def block_names(kind: type[Block]) -> list[str]:
    """Names of all saved blocks of this kind, sorted; Unavailable when the Prefect server does not answer."""
    async with get_client() as client:
        try:
            documents = await client.read_block_documents_by_type(kind.get_block_type_slug(), include_secrets=False)
        except PrefectHTTPStatusError as error:
            if error.response.status_code == HTTPStatus.NOT_FOUND:  # the type was never registered here
                return []
            raise
        except httpx.TransportError as error:
            raise _away(str(client.api_url), error) from error
    return sorted(document.name for document in documents if document.name)


def _spoken(kind: type[Block]) -> str:
    return kind.get_block_type_name().removeprefix("Missions: ") + " block"


def _away(address: str, error: Exception) -> Unavailable:
    return Unavailable(f"The Prefect server at {address} does not answer ({error}); see that it runs.")
