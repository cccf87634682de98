"""`make bench`: measures in a process that knows no other Prefect of this machine, and leaves nothing behind."""

import os
import subprocess
import sys
from tempfile import TemporaryDirectory

MEASUREMENTS = (
    "benchmarks.workers",
    "benchmarks.waiting",
    "benchmarks.alert_figures",
    "benchmarks.alert_to_step",
    "benchmarks.launching",
    "benchmarks.overhead",
    "benchmarks.large_results",
    "benchmarks.many_missions",
)
"""Each prints a table, on an installation of its own."""


def main() -> int:
    """How many measurements failed; their tables go to stdout."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "MISSIONS_"))}
    with TemporaryDirectory(prefix="missions-bench-prefect-") as prefect_home:
        own = {"PREFECT_HOME": prefect_home, "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false"}
        commands = [[sys.executable, "-m", module] for module in MEASUREMENTS]
        return sum(bool(subprocess.run(command, env=kept | own, check=False).returncode) for command in commands)


if __name__ == "__main__":
    sys.exit(main())
