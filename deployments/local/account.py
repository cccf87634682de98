"""Under which account PostgreSQL runs, and what that account can reach.

PostgreSQL refuses to run as root. Started by root it runs as `nobody`, and since no folder is ever opened up for that
account, its data and its programs have to lie where it can go.
"""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from blueprint.errors import InvalidInput

_UNPRIVILEGED = "nobody"


@dataclass(frozen=True, kw_only=True)
class Account:
    """An account to run a program as; `name` is empty when it is the one we run as already."""

    name: str
    user: int
    group: int

    @property
    def is_ours(self) -> bool:
        """Whether nothing has to be changed to run as it."""
        return not self.name


def postgres_account() -> Account:
    """`nobody` when we are root, else ourselves."""
    if os.geteuid() != 0:
        return Account(name="", user=os.geteuid(), group=os.getegid())
    entry = pwd.getpwnam(_UNPRIVILEGED)
    return Account(name=_UNPRIVILEGED, user=entry.pw_uid, group=entry.pw_gid)


def require_way(account: Account, path: Path) -> None:
    """InvalidInput, with the first closed folder, when `account` can't get to the folder `path`."""
    if not account.is_ours and (closed := closed_folder(account, path)) is not None:
        raise InvalidInput(
            f"PostgreSQL can't reach the data directory {str(path)!r}: started by root it runs as the account {account.name!r}, "
            f"to which {str(closed)!r} is closed. Choose another with MISSIONS_HOME, for example /var/lib/missions, "
            "start Missions as an ordinary user, or give a PostgreSQL of your own with MISSIONS_DATABASE_URL."
        )


def closed_folder(account: Account, path: Path) -> Path | None:
    """The outermost of `path` and the folders above it that `account` can't enter."""
    real = path.resolve()
    return next((folder for folder in (*reversed(real.parents), real) if not _may(account, folder, stat.S_IXOTH)), None)


def can_run(account: Account, program: Path) -> bool:
    """Whether `account` can read and run the file `program` where it is."""
    return account.is_ours or (
        closed_folder(account, program.parent) is None and _may(account, program, stat.S_IROTH | stat.S_IXOTH)
    )


def _may(account: Account, path: Path, wanted: int) -> bool:
    """`wanted` as mode bits of "others"; those of owner and group lie six and three bits above."""
    status = path.stat()
    shift = 6 if status.st_uid == account.user else 3 if status.st_gid == account.group else 0
    return status.st_mode >> shift & wanted == wanted
