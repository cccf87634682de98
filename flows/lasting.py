"""Keeps a loop of the service going, whatever is down for a while."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from time import monotonic

import httpx
from prefect.exceptions import PrefectException

from blueprint.errors import MissionsError

logger = logging.getLogger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE, _STEADY_SECONDS = 0.5, 15.0, 60.0


async def again_and_again(work: Callable[[], Awaitable[None]], *, what: str) -> None:
    """`work` for ever, after growing pauses when it fails soon. `what` it does, for the log: 'Passing events on'."""
    pause = _FIRST_PAUSE
    while True:
        began = monotonic()
        try:
            await work()
        except (PrefectException, httpx.HTTPError, MissionsError) as error:
            logger.warning("%s waits %.1f s: %s", what, pause, error)
        except Exception:
            logger.exception("%s starts anew in %.1f s.", what, pause)
        await asyncio.sleep(pause)
        pause = _FIRST_PAUSE if monotonic() - began > _STEADY_SECONDS else min(2 * pause, _LONGEST_PAUSE)
