"""What holds for all tests: nothing of the machine's own Prefect or Missions is read or touched."""

import os
import signal
import tempfile
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest
from hypothesis import settings

for name in [name for name in os.environ if name.startswith(("PREFECT_", "MISSIONS_"))]:
    del os.environ[name]
_PREFECT_HOME = tempfile.TemporaryDirectory(prefix="missions-test-prefect-")
os.environ |= {"PREFECT_HOME": _PREFECT_HOME.name, "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false"}

# Prefect reads the environment when it is imported.
from prefect.events.clients import NullEventsClient  # noqa: E402
from prefect.events.worker import EventsWorker  # noqa: E402

from tests.fakes.installation import Installation, open_folder  # noqa: E402

# Events of this process, such as that a block was loaded, would wait at its end for servers that are long gone.
EventsWorker.set_client_override(NullEventsClient)

# A shell that starts the tests in the background lets them ignore SIGINT, and so would every process they start; Prefect's
# worker ends by sending itself one.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("calm", deadline=None, database=None)  # a busy machine is no failure
settings.load_profile("calm")


@pytest.fixture(scope="session")
async def installation() -> AsyncGenerator[Installation]:
    """One `missions up`, shared by all tests that leave it running; answers are waited for and leases are short."""
    with open_folder() as folder:
        shared = Installation(home=folder / "home")
        async with shared.running():
            yield shared


@pytest.fixture
def folder() -> Generator[Path]:
    """A folder that any account can enter, for an installation of a test's own."""
    with open_folder() as made:
        yield made
