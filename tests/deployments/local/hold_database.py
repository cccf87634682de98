"""Opens the database of a data directory, says its URL or what is wrong, and holds it until its input ends."""

import asyncio
import sys
from pathlib import Path

from blueprint.errors import MissionsError
from deployments.local.database import open_database


async def hold(home: Path) -> None:
    """Print one line, then wait."""
    try:
        async with open_database(home) as database:
            print(database.url, flush=True)
            await asyncio.to_thread(sys.stdin.read)
    except MissionsError as error:
        print(error, flush=True)


if __name__ == "__main__":
    asyncio.run(hold(Path(sys.argv[1])))
