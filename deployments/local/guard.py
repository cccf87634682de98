"""Runs one command and leaves nothing of it behind: the guard between the stack and each of its processes.

    python guard.py SIGNAL GRACE_SECONDS ACCOUNT COMMAND...

The guard's standard input is a pipe that the stack holds open. When it closes, because the stack asks for a stop or was
killed with SIGKILL, the command gets SIGNAL, then GRACE_SECONDS of time, then SIGKILL with all its descendants: the guard
adopts those that left their group, as runs do that a worker started. It exits with the command's code.
ACCOUNT is the account to run as, empty for the same. Only the standard library and psutil: it has to start quickly.
"""

import ctypes
import os
import pwd
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress

import psutil

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_KILL_SECONDS = 5.0
_TICK_SECONDS = 1.0


def main() -> int:
    """Run the command of the arguments to its end, or to ours; its exit code (128 + N for signal N)."""
    stop_signal, grace, account, *command = sys.argv[1:]
    wake = _wake_on_signals()
    _process_control(_PR_SET_CHILD_SUBREAPER, 1)
    child = _start(command, account)
    while (code := _reap(child.pid)) is None:
        if _is_told_to_stop(wake):
            code = _end(child.pid, int(stop_signal), float(grace))
            break
    _kill_descendants()
    return code


def _wake_on_signals() -> int:
    """A file that becomes readable when a child ends; SIGTERM and SIGINT write their number into it."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: None)
    signal.set_wakeup_fd(writer)
    return reader


def _start(command: list[str], account: str) -> subprocess.Popen[bytes]:
    """The command, running. It inherits the lock files that the stack handed to us, and holds them as long as it lives."""
    entry = pwd.getpwnam(account) if account else None
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        close_fds=False,
        preexec_fn=_kill_with_parent(os.getpid()),
        user=entry.pw_uid if entry else None,
        group=entry.pw_gid if entry else None,
        extra_groups=[] if entry else None,
    )


def _kill_with_parent(guard: int) -> Callable[[], None]:
    """Called in the child: when the guard itself is killed, the kernel kills the command."""

    def prepare() -> None:
        _process_control(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != guard:
            os._exit(1)

    return prepare


def _is_told_to_stop(wake: int) -> bool:
    """Wait up to a tick; True when the pipe to the stack closed or somebody asked this process to end."""
    ready, _, _ = select.select([0, wake], [], [], _TICK_SECONDS)
    if wake in ready and set(os.read(wake, 1024)) & {signal.SIGTERM, signal.SIGINT}:
        return True
    return 0 in ready and not os.read(0, 1024)


def _reap(pid: int) -> int | None:
    """Collect whatever ended, adopted processes too; the exit code of `pid` once that is among them."""
    code = None
    while True:
        try:
            ended, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return code
        if not ended:
            return code
        if ended == pid:
            code = _exit_code(status)


def _end(pid: int, stop_signal: int, grace: float) -> int:
    os.kill(pid, stop_signal)
    deadline = time.monotonic() + grace
    while time.monotonic() < deadline:
        if (code := _reap(pid)) is not None:
            return code
        time.sleep(0.02)
    return 128 + signal.SIGKILL


def _kill_descendants() -> None:
    """Kill all that is left, again and again: the children of what was killed become ours (on Linux)."""
    deadline = time.monotonic() + _KILL_SECONDS
    while time.monotonic() < deadline and (left := psutil.Process().children(recursive=True)):
        for process in left:
            with suppress(psutil.Error):
                process.kill()
        _reap(0)
        time.sleep(0.01)


def _exit_code(status: int) -> int:
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _process_control(option: int, value: int) -> None:
    """Linux's prctl; elsewhere the guard does without."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main())
