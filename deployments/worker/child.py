"""What a forked process does: it becomes a run, just as `python -m prefect.engine` would be one."""

import gc
import os
import runpy
import signal
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec

from prefect.context import refresh_global_settings_context

ENGINE = "prefect.engine"
STOP_SIGNAL = signal.SIGUSR1
"""Asks a run to finish the step it is in, and to end so that it can go on later."""


def require_modules(names: Sequence[str]) -> None:
    """Import what the interpreter has not imported; that says why it could not, which multiprocessing keeps to itself."""
    for name in names:
        import_module(name)


def run_engine(changes: Mapping[str, str | None], directory: str) -> None:
    """Run the flow run that the environment names; `changes` to it are made first, None takes a variable away."""
    gc.freeze()  # the collector writes to what it looks at, and so would copy all that runs have in common
    signal.signal(STOP_SIGNAL, _not_yet)
    os.setsid()  # last of the two: a process that leads a group can be asked to stop
    os.environ |= {name: value for name, value in changes.items() if value is not None}
    for name in [name for name, value in changes.items() if value is None]:
        os.environ.pop(name, None)
    if any(name.startswith("PREFECT_") and not name.startswith("PREFECT__") for name in changes):
        refresh_global_settings_context()
    os.chdir(directory)
    engine = find_spec(ENGINE)
    assert engine is not None, "Prefect is installed"
    assert engine.origin is not None, "its engine is a file"
    sys.argv = [engine.origin]
    runpy.run_path(engine.origin, run_name="__main__")


def _not_yet(_number: int, _frame: object) -> None:
    """The run has not begun to listen; it will be asked again."""
