"""`make chaos`: a trial in a process that knows no other Prefect of this machine, and leaves nothing behind."""

import os
import subprocess
import sys
from tempfile import TemporaryDirectory


def main() -> int:
    """The exit code of the trial."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "MISSIONS_"))}
    with TemporaryDirectory(prefix="missions-chaos-prefect-") as prefect_home:
        own = {"PREFECT_HOME": prefect_home, "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false"}
        command = [sys.executable, "-m", "tests.chaos.command", *sys.argv[1:]]
        return subprocess.run(command, env=kept | own, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
