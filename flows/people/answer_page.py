"""Serves the pages behind answer links: shows one request, and takes its answer after a click (R5.5, R9.3).

Looking changes nothing, so link scanners and prefetching do no harm; only a sent form answers.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from urllib.parse import parse_qs

import httpx
from prefect.exceptions import PrefectException
from starlette.requests import Request as HttpRequest
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from blocks.store.requests import why_not_open
from blocks.store.store import Store
from blueprint.errors import InvalidInput, Unavailable
from blueprint.requests import ChoiceQuestion, Decision, InformationQuestion, Request, RequestState
from deployments.gateway.rates import Rates
from flows.links.signing import BadLink, LoadKey
from flows.people.links import PATH, Target, read_token
from flows.people.replying import Reply, reply, what_follows
from reports.answer_page import Page, answer_page, notice_page
from reports.text import one_line

logger = logging.getLogger(__name__)

_LARGEST_BODY = 400_000
_MOST_FIELDS = 50
_NAME_CHARS = 80
_PAGE_SECONDS = 40.0
_AWAY = "Missions can't look at the request at the moment. Open the link again in a minute: it shows how the request stands."

StoreOpener = Callable[[], AbstractAsyncContextManager[Store]]


@dataclass(frozen=True, kw_only=True)
class AnswerPages:
    """The pages. `open_store` and `load_key` may fail with Unavailable while the installation is not whole: a page says so."""

    open_store: StoreOpener
    load_key: LoadKey
    _rates: Rates = field(default_factory=lambda: Rates(per_second=0.5, at_once=30))

    def routes(self) -> list[Route]:
        """For the service's application."""
        return [Route(PATH + "/{token}", self._answered, methods=["GET", "POST"])]

    async def _answered(self, http: HttpRequest) -> Response:
        try:
            async with asyncio.timeout(_PAGE_SECONDS):
                return await self._page(http)
        except BadLink as refusal:
            return _notice(HTTPStatus.FORBIDDEN, "This link is not valid", str(refusal))
        except (Unavailable, httpx.HTTPError, PrefectException, TimeoutError) as error:
            logger.warning("An answer page could not be made: %s", error)
            return _notice(HTTPStatus.SERVICE_UNAVAILABLE, "Not available just now", _AWAY)

    async def _page(self, http: HttpRequest) -> Response:
        token = http.path_params["token"]
        target = read_token(token, await self.load_key())
        if self._rates.wait(token):
            return _notice(HTTPStatus.TOO_MANY_REQUESTS, "Too many at once", "Try again in a minute. Nothing was changed.")
        async with self.open_store() as store:
            found = await store.requests.get(target.run_id, target.key)
            if found is None:
                return _notice(HTTPStatus.NOT_FOUND, "There is no such request", "It was deleted with its Mission.")
            if refusal := _closed(found, target, await store.now()):
                return refusal
            if http.method == "POST":
                return await _take(store, found, http)
            return await _form(store, found, {})


def _closed(request: Request, target: Target, now: datetime) -> Response | None:
    """The page of a request that takes no answer any more."""
    reason = why_not_open(request, is_late=min(request.deadline, target.deadline) <= now)
    if not reason:
        return None
    if request.state is RequestState.ANSWERED:
        return _notice(HTTPStatus.CONFLICT, "This request is answered", reason)
    return _notice(HTTPStatus.GONE, "This request is closed", reason)


async def _take(store: Store, request: Request, http: HttpRequest) -> Response:
    """Give the answer that was sent; what can't be used is shown again with the reason."""
    body = await _body(http)
    if body is None:
        return _notice(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Too long", "The answer is too long. Nothing was changed.")
    given: dict[str, str] = {}
    try:
        given = _fields(body)
        name = _name(given)
        answered = await reply(store, request.run_id, _said(request, given), by=f"link:{name}", key=request.key)
    except InvalidInput as refusal:
        stored = await store.requests.get(request.run_id, request.key)
        if stored is not None and stored.state is not RequestState.OPEN:
            return _notice(HTTPStatus.CONFLICT, "This answer changed nothing", str(refusal))
        return await _form(store, request, given, str(refusal))
    return _thanks(answered, name)


def _thanks(request: Request, name: str) -> Response:
    assert request.answer is not None, "it was answered just now"
    said = request.answer.choice or request.answer.decision.replace("_", " ")
    counts = f"{one_line(request.title, 200)}: {one_line(said, 200)}, by {name}."
    text = f"{counts} {what_follows(request.answer)}; this page can be closed."
    return _notice(HTTPStatus.OK, "Your answer counts", text)


async def _form(store: Store, request: Request, given: dict[str, str], problem: str = "") -> Response:
    mission = await store.missions.get(request.mission_id)
    page = answer_page(request, mission.title, mission.timezone, given=given, problem=problem)
    return _response(HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK, page)


async def _body(http: HttpRequest) -> str | None:
    """The form that was sent, as text; None when it is too large."""
    parts = bytearray()
    async for part in http.stream():
        parts += part
        if len(parts) > _LARGEST_BODY:
            return None
    return parts.decode("utf-8", "replace")


def _fields(body: str) -> dict[str, str]:
    try:
        parsed = parse_qs(body, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise InvalidInput("This is not the form of this page; open the link again.") from error
    return {name: values[-1].replace("\r\n", "\n") for name, values in parsed.items()}


def _name(given: dict[str, str]) -> str:
    name = one_line(given.get("name", ""), _NAME_CHARS).strip()
    if not name:
        raise InvalidInput("Say who you are: your name goes into the record.")
    return name


def _said(request: Request, given: dict[str, str]) -> Reply:
    """The form's fields as a reply. A decision has to be chosen: on this page words alone are not read as one."""
    text, word = given.get("comment", ""), given.get("decision", "")
    if isinstance(request.question, InformationQuestion):
        fields = [f"answer_{number}" for number, _ in enumerate(request.question.questions, start=1)]
        return Reply(answers=tuple(given[field] for field in fields if field in given))
    if isinstance(request.question, ChoiceQuestion):
        return _chosen(request.question, given.get("option", ""), text)
    if word not in list(Decision):
        raise InvalidInput("Choose one of the decisions.")
    return Reply(decision=Decision(word), text=text)


def _chosen(question: ChoiceQuestion, option: str, text: str) -> Reply:
    if option == "other":
        return Reply(decision=Decision.CHOOSE, text=text)
    numbered = {str(number): words for number, words in enumerate(question.options, start=1)}
    if option not in numbered:
        raise InvalidInput("Choose one of the options, or another way in your words.")
    return Reply(decision=Decision.CHOOSE, choice=numbered[option], text=text)


def _notice(status: HTTPStatus, title: str, text: str) -> Response:
    return _response(status, notice_page(title, text))


def _response(status: HTTPStatus, page: Page) -> Response:
    headers = {
        "Content-Security-Policy": page.policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "X-Robots-Tag": "noindex, nofollow",
    }
    if status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS):
        headers["Retry-After"] = "60"
    return HTMLResponse(page.html, status, headers)
