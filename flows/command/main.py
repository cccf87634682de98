"""Entry point of the `missions` command: finds the installation, then hands over.

Prefect reads its settings when it is imported, so the environment is set before anything that imports it.
"""

import os
import sys
import warnings
from collections.abc import Generator
from contextlib import contextmanager

from pydantic import SecretStr, ValidationError

from blueprint.errors import InvalidInput, MissionsError
from deployments.local.addresses import read_addresses
from deployments.local.environment import prefect_environment
from deployments.local.settings import PREFIX, LocalSettings

INTERRUPTED = 130
"""Exit code of a command that Ctrl-C has ended."""


def main() -> None:
    """Run the command line; exit code 0, 1 (failed) or 2 (wrong usage), errors as one sentence on stderr."""
    with errors_as_sentences():
        _choose_installation(LocalSettings())
        _run_app()


@contextmanager
def errors_as_sentences() -> Generator[None]:
    """Errors that are meant for people end the process with their text on stderr and the exit code that fits."""
    try:
        yield
    except ValidationError as error:
        _end(2, _wrong_settings(error))
    except InvalidInput as error:
        _end(2, f"Error: {error}")
    except MissionsError as error:
        _end(1, f"Error: {error}")
    except KeyboardInterrupt:
        _end(INTERRUPTED, "Interrupted.")


def _run_app() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # Prefect wants to make its folder; `missions up` does that
        from prefect.events.clients import NullEventsClient
        from prefect.events.worker import EventsWorker

        from flows.command.app import app  # only now may Prefect be imported

    # Prefect tells its server of every block that is loaded, and a command would wait seconds for that at its end.
    EventsWorker.set_client_override(NullEventsClient)
    app()


def _choose_installation(settings: LocalSettings) -> None:
    """Speak to the stack that runs on the data directory, else to the server that PREFECT_API_URL names."""
    own = prefect_environment(settings)
    addresses = read_addresses(settings.home)
    given = os.environ.get("PREFECT_API_URL")
    if addresses is not None:
        own |= {"PREFECT_API_URL": addresses.api_url, "PREFECT_UI_URL": addresses.ui_url}
        login = addresses.api_auth_string.get_secret_value()
        own |= {"PREFECT_API_AUTH_STRING": login} if login else {}
    elif given:
        own = {"PREFECT_API_URL": given}
    quiet = {"PREFECT_LOGGING_LEVEL": "ERROR", "DO_NOT_TRACK": "1"}
    os.environ.update({**quiet, "MISSIONS_HOME": str(settings.home), **own})


def _wrong_settings(error: ValidationError) -> str:
    """A sentence for each variable that can't be used, with its value unless that is a secret."""
    found = [(str(wrong["loc"][0]), wrong["msg"], wrong["input"]) for wrong in error.errors()]
    secret = {name for name, field in LocalSettings.model_fields.items() if field.annotation is SecretStr}
    return "\n".join(
        f"Error: {PREFIX}{name.upper()} can't be used: {problem}{'' if name in secret else f', not {value!r}'}."
        for name, problem, value in found
    )


def _end(code: int, text: str) -> None:
    print(text, file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
