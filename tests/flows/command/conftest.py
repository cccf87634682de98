"""The command on the shared installation."""

from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from tests.fakes.command import run_here
from tests.fakes.installation import Installation, Outcome

Command = Callable[..., Awaitable[Outcome]]


@pytest.fixture
def command(installation: Installation) -> Command:
    """Runs a line of the command, without a terminal; one at a time."""
    return partial(run_here, installation)
