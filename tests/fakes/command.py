"""The command in this process: the same code as in one of its own, without the seconds that an interpreter needs to start."""

import asyncio
import io
from contextlib import redirect_stderr, redirect_stdout

import pytest

from flows.command.app import app
from flows.command.main import errors_as_sentences
from tests.fakes.installation import Installation, Outcome


async def run_here(installation: Installation, *line: str, **environment: str) -> Outcome:
    """Run `missions …` on the installation, without a terminal. One at a time: stdout is the whole process's."""
    with installation.chosen(), pytest.MonkeyPatch.context() as patch:
        for name, value in (environment | {"MISSIONS_HOME": str(installation.home)}).items():
            patch.setenv(name, value)
        return await asyncio.to_thread(_run, line)


def _run(line: tuple[str, ...]) -> Outcome:
    stdout, stderr, code = io.StringIO(), io.StringIO(), 0
    with redirect_stdout(stdout), redirect_stderr(stderr):
        try:
            with errors_as_sentences():
                app(args=list(line), prog_name="missions")
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
    return Outcome(code=code, stdout=stdout.getvalue(), stderr=stderr.getvalue())
