"""`missions prepare`: what `missions up` does before its parts start, for those who run the parts themselves (R8.5)."""

from typing import Annotated

import typer
from prefect.client.orchestration import get_client

from blueprint.errors import InvalidInput, Unavailable
from deployments.local.data_directory import open_home
from deployments.local.database import open_database
from deployments.local.settings import LocalSettings
from deployments.spec import WORK_POOL
from flows.command.output import command, show
from flows.local import prepare_installation

SERVICE_URL = "http://127.0.0.1:4280"


@command
async def prepare(
    service_url: Annotated[str, typer.Option(help="Where `python -m flows.service` listens: the rehearsal model.")] = SERVICE_URL,
) -> None:
    """Make tables, blocks and system deployments, on a database and a Prefect server of your own.

    MISSIONS_DATABASE_URL and PREFECT_API_URL name them; `missions up` does this by itself. Again, it touches only what differs.
    """
    settings = LocalSettings()
    if not (url := settings.database_url.get_secret_value()):
        raise InvalidInput("Name the database in MISSIONS_DATABASE_URL; the embedded one belongs to `missions up` alone.")
    async with get_client() as client, open_database(settings.home, url) as database:
        if error := await client.api_healthcheck():
            raise Unavailable(f"No Prefect server answers at {client.api_url} ({error}); start it, or correct PREFECT_API_URL.")
        await prepare_installation(open_home(settings.home), database_url=database.url, service_url=service_url)
        show(f"{client.api_url} is prepared. Next: `python -m flows.service`, and a worker for the work pool {WORK_POOL!r}.")
