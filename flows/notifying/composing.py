"""Gathers what a notification tells of, as it stands when it is sent: Mission, request, time left, where to answer (R7.3)."""

from collections.abc import Callable
from dataclasses import dataclass

from blocks.store.store import Store
from blueprint.errors import UnknownName, Unreadable
from blueprint.mission import Mission
from blueprint.notification import Channel
from blueprint.records import Message
from blueprint.requests import Request, RequestState
from flows.links.console import run_page
from flows.people.links import link
from reports.notification import Told


@dataclass(frozen=True, kw_only=True)
class Composer:
    """Knows the key of answer links, and where they point: nowhere as long as `base_url` gives nothing."""

    store: Store
    link_key: bytes
    base_url: Callable[[], str]

    async def tell(self, message: Message, channel: Channel) -> Told:
        """The message with what it is about."""
        mission = await self.mission(message.mission_id)
        request = await self._request(message)
        return Told(
            message=message,
            mission=mission.title if mission else "",
            zone=mission.timezone if mission else "UTC",
            request=request,
            answer_url=self._answer_url(request) if channel.has_answer_links else "",
            page_url=run_page(message.run_id) if message.run_id else "",
        )

    async def mission(self, mission_id: str) -> Mission | None:
        """The Mission; None when it is gone, or when there is none."""
        try:
            return await self.store.missions.get(mission_id) if mission_id else None
        except (UnknownName, Unreadable):
            return None

    def _answer_url(self, request: Request | None) -> str:
        base = self.base_url()
        is_open = request is not None and request.state is RequestState.OPEN
        return link(request, self.link_key, base) if request and is_open and base else ""

    async def _request(self, message: Message) -> Request | None:
        if not message.request:
            return None
        found = await self.store.requests.readable(message.run_id)
        return next((request for request in found if request.key == message.request), None)
