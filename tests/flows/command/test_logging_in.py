"""The way back from a login: only who was led away comes back, once."""

import httpx
import pytest

from blueprint.errors import InvalidInput
from flows.command.logging_in import local_visit


async def test_only_who_was_led_away_comes_back_from_a_login() -> None:
    async with local_visit(0, opens_browser=False) as visit, httpx.AsyncClient(trust_env=False) as browser:
        early = await browser.get(visit.redirect_uri, params={"code": "theirs"})
        await visit.lead("https://login.example.com/authorize?client_id=us&state=s-1")
        foreign = await browser.get(visit.redirect_uri, params={"code": "theirs", "state": "s-2"})
        ours = await browser.get(visit.redirect_uri, params={"code": "ours", "state": "s-1"})
        again = await browser.get(visit.redirect_uri, params={"code": "later", "state": "s-1"})
        assert await visit.answer() == {"code": "ours", "state": "s-1"}
    assert [one.status_code for one in (early, foreign, ours, again)] == [403, 403, 200, 200]


async def test_a_port_that_is_taken_is_a_sentence() -> None:
    async with local_visit(0, opens_browser=False) as visit:
        port = int(visit.redirect_uri.split(":")[2].split("/")[0])
        with pytest.raises(InvalidInput, match=f"Port {port} can't be used .*--port"):
            async with local_visit(port, opens_browser=False):
                pass
