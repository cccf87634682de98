"""Serves whole results behind signed links, as text to read or as a file to save, never as a page that could do something."""

import asyncio
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

import httpx
from prefect.exceptions import PrefectException
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from blueprint.errors import MissionsError
from deployments.gateway.rates import Rates
from flows.links.results import PATH, read_place
from flows.links.signing import BadLink, LoadKey

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}


@dataclass(frozen=True, kw_only=True)
class ResultPages:
    """The files of the data directory `home` that runs have kept."""

    home: Path
    load_key: LoadKey
    _rates: Rates = field(default_factory=lambda: Rates(per_second=0.5, at_once=30))

    def routes(self) -> list[Route]:
        """For the service's application."""
        return [Route(PATH + "/{token}", self._file, methods=["GET"])]

    async def _file(self, http: Request) -> Response:
        token = http.path_params["token"]
        try:
            place = read_place(token, await self.load_key())
        except BadLink as refusal:
            return _said(HTTPStatus.FORBIDDEN, str(refusal))
        except (MissionsError, PrefectException, httpx.HTTPError):
            return _said(HTTPStatus.SERVICE_UNAVAILABLE, "Missions can't look at the link at the moment; try again in a minute.")
        if self._rates.wait(token):
            return _said(HTTPStatus.TOO_MANY_REQUESTS, "Too many at once; try again in a minute.")
        path = self.home / place
        if not await asyncio.to_thread(path.is_file):
            return _said(HTTPStatus.NOT_FOUND, "This result was deleted with its Mission, or its run worked on another machine.")
        return _whole(path)


def _whole(path: Path) -> Response:
    """Text as text, in blocks; all else is saved, not shown: it may be a page or a picture with a script in it."""
    if path.suffix == ".txt":
        return FileResponse(path, media_type="text/plain; charset=utf-8", headers=_HEADERS)
    return FileResponse(path, media_type="application/octet-stream", filename=path.name, headers=_HEADERS)


def _said(status: HTTPStatus, text: str) -> Response:
    return PlainTextResponse(text, status, _HEADERS)
