"""Entry point of the `missions` command: finds the installation, then hands over.

Prefect reads its settings when it is imported, so the environment is set before anything that imports it.
"""

import os
import sys
import warnings

from blueprint.errors import InvalidInput, MissionsError
from deployments.local.addresses import read_addresses
from deployments.local.environment import prefect_environment
from deployments.local.settings import LocalSettings


def main() -> None:
    """Run the command line; exit code 0, 1 (failed) or 2 (wrong usage), errors as one sentence on stderr."""
    try:
        _choose_installation(LocalSettings())
    except ValueError as error:
        print(f"The settings in the environment can't be used: {error}", file=sys.stderr)
        sys.exit(2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # Prefect wants to make its folder; `missions up` does that
        from flows.command.app import app  # only now may Prefect be imported

    try:
        app()
    except InvalidInput as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(2)
    except MissionsError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(1)


def _choose_installation(settings: LocalSettings) -> None:
    """Speak to the stack that runs on the data directory, else to the server that PREFECT_API_URL names."""
    own = prefect_environment(settings)
    addresses = read_addresses(settings.home)
    given = os.environ.get("PREFECT_API_URL")
    if addresses is not None:
        own |= {"PREFECT_API_URL": addresses.api_url, "PREFECT_UI_URL": addresses.ui_url}
    elif given:
        own = {"PREFECT_API_URL": given}
    os.environ.update({"PREFECT_LOGGING_LEVEL": "ERROR", "MISSIONS_HOME": str(settings.home), **own})


if __name__ == "__main__":
    main()
