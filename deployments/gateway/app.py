"""The gateway's addresses: `/events/<source>` takes events in, `/metrics` tells Prometheus what happened to them."""

import logging
from time import monotonic

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from deployments.gateway.receiving import Gateway
from deployments.gateway.refusals import Refused

logger = logging.getLogger(__name__)

USAGE = """\
Missions takes events here: POST them to /events/<source>, with the source's token
(Authorization: Bearer ...) or its signature. `missions sources add` makes a source.
200 means that every event of the request is stored; after 429 and 503 send it again.
"""


def gateway_routes(gateway: Gateway) -> list[Route]:
    """The routes, for a Starlette application."""

    async def take(request: Request) -> Response:
        began = monotonic()
        try:
            accepted = await gateway.take(request.path_params["source"], request)
            return JSONResponse(accepted.model_dump())
        except Refused as refusal:
            return _refusal(gateway, refusal)
        finally:
            gateway.counters.answered(monotonic() - began)

    async def usage(_: Request) -> Response:
        return PlainTextResponse(USAGE)

    async def metrics(_: Request) -> Response:
        return Response(gateway.counters.page(await gateway.counts()), media_type=CONTENT_TYPE_LATEST)

    return [
        Route("/events", usage),
        Route("/events/{source}", usage),
        Route("/events/{source}", take, methods=["POST"]),
        Route("/metrics", metrics),
    ]


def _refusal(gateway: Gateway, refusal: Refused) -> Response:
    gateway.counters.refused(refusal.reason)
    if refusal.__cause__ is not None:
        logger.warning("An event request was answered with %d: %r", refusal.status, refusal.__cause__)
    headers = {"Retry-After": str(refusal.retry_after)} if refusal.retry_after else {}
    if refusal.reason == "unauthorized":
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse({"detail": str(refusal)}, status_code=refusal.status, headers=headers)
