"""Data directories for real databases and stacks."""

import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from deployments.local.account import can_run, postgres_account
from tests.deployments.local.processes import processes_of


@pytest.fixture
def home() -> Generator[Path]:
    """A data directory to be made, where any account may go (pytest's own folders are closed), gone with its processes after."""
    folder = Path(tempfile.mkdtemp(prefix="missions-test-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield folder / "home"
    finally:
        for process in processes_of(folder):
            process.kill()
        shutil.rmtree(folder)


@pytest.fixture
def open_python(home: Path) -> str:
    """A Python with all our packages that every account can run: ours, or the system's where ours lies in a closed folder."""
    if can_run(postgres_account(), Path(sys.executable).resolve()):
        return sys.executable
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    system = shutil.which(f"python{version}", path="/usr/local/bin:/usr/bin")
    if system is None:
        pytest.skip(f"no Python {version} that an ordinary user could run")
    environment = home.parent / "venv"
    subprocess.run([system, "-m", "venv", "--without-pip", environment], check=True)
    packages = environment / "lib" / f"python{version}" / "site-packages"
    (packages / "ours.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
    return str(environment / "bin" / "python")
