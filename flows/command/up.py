"""`missions up`: the whole installation on this machine, until Ctrl-C."""

import asyncio
import os
from typing import Annotated

import typer

from blueprint.errors import InvalidInput
from deployments.local.addresses import Addresses
from deployments.local.settings import LocalSettings
from deployments.local.stack import run_until_signal
from flows.command.output import say, show
from flows.local import local_stack


def up(
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port of the Prefect server and its UI.")] = None,
) -> None:
    """Start everything on this machine and keep it running.

    That is the database, the Prefect server with its UI, a worker, and the service with the rehearsal model and the
    reconciler. Ctrl-C stops them all.
    """
    settings = LocalSettings() if port is None else LocalSettings(port=port)
    _require_login_of_ours(settings)
    say(f"Starting Missions on {settings.home} …")
    asyncio.run(run_until_signal(local_stack(settings), lambda addresses: show(ready_message(addresses, settings))))
    say("Stopped.")


def _require_login_of_ours(settings: LocalSettings) -> None:
    """A login that was set in Prefect's way must not be dropped in silence: the server would let everybody in."""
    if os.environ.get("PREFECT_SERVER_API_AUTH_STRING") and not settings.api_auth_string.get_secret_value():
        raise InvalidInput(
            "PREFECT_SERVER_API_AUTH_STRING is set, but `missions up` takes no PREFECT_ variables. "
            "For a login set MISSIONS_API_AUTH_STRING='name:password'; without one, unset the other."
        )


def ready_message(addresses: Addresses, settings: LocalSettings) -> str:
    """What to look at and what to type next."""
    return (
        f"Missions is ready.\n  Prefect UI   {addresses.ui_url}/v2/\n  Data         {settings.home}\n"
        '  Next         missions create "Inspect this host every day at 02:00"\n  Stop         Ctrl-C'
    )
