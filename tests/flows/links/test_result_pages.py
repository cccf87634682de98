"""The links in steps that open a whole result: text is read, all else is saved, and nothing else of the machine is given away."""

from collections.abc import AsyncGenerator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from blueprint.errors import Unavailable
from flows.links.result_page import ResultPages
from flows.links.results import ResultLinks, link
from flows.people import links as answers
from tests.blocks.examples import request

SECRET = b"a key of thirty-two bytes, or so"
SERVICE = "http://127.0.0.1:4210"
FOLDER = "missions/hosts/results/run-1"


async def _secret() -> bytes:
    return SECRET


async def _no_secret() -> bytes:
    raise Unavailable("Prefect does not answer.")


@pytest.fixture
async def visitor(tmp_path: Path) -> AsyncGenerator[httpx.AsyncClient]:
    pages = ResultPages(home=tmp_path, load_key=_secret)
    transport = httpx.ASGITransport(Starlette(routes=pages.routes()))
    async with httpx.AsyncClient(transport=transport, base_url=SERVICE) as client:
        yield client


def _keep(home: Path, name: str, content: bytes) -> str:
    (home / FOLDER).mkdir(parents=True, exist_ok=True)
    (home / FOLDER / name).write_bytes(content)
    return f"{FOLDER}/{name}"


async def test_a_text_is_read_whole_and_never_as_a_page(tmp_path: Path, visitor: httpx.AsyncClient) -> None:
    page = b"<script>alert(1)</script>" * 100_000
    answer = await visitor.get(link(_keep(tmp_path, "c00001000.txt", page), SECRET, SERVICE))
    assert (answer.status_code, answer.content) == (200, page)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize("name", ["c00001000.svg", "c00001000.html", "c00001000.png"])
async def test_any_other_file_is_saved_and_not_shown(name: str, tmp_path: Path, visitor: httpx.AsyncClient) -> None:
    answer = await visitor.get(link(_keep(tmp_path, name, b"<svg/>"), SECRET, SERVICE))
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'


async def test_a_link_of_another_key_or_kind_is_refused_and_a_deleted_result_says_so(
    tmp_path: Path, visitor: httpx.AsyncClient
) -> None:
    place = _keep(tmp_path, "c00001000.txt", b"kept")
    foreign = await visitor.get(link(place, b"another key", SERVICE))
    other_kind = await visitor.get(answers.link(request(), SECRET, SERVICE).replace(answers.PATH, "/result"))
    (tmp_path / place).unlink()
    gone = await visitor.get(link(place, SECRET, SERVICE))
    assert [one.status_code for one in (foreign, other_kind, gone)] == [403, 403, 404]
    assert "was deleted with its Mission" in gone.text


async def test_steps_link_nothing_where_nobody_serves_it_or_the_key_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await ResultLinks(home=tmp_path, load_key=_secret).of("x.txt") == ""
    monkeypatch.setenv("MISSIONS_PUBLIC_URL", f"{SERVICE}/")
    assert await ResultLinks(home=tmp_path, load_key=_secret).of("x.txt") == link("x.txt", SECRET, SERVICE)
    assert await ResultLinks(home=tmp_path, load_key=_no_secret).of("x.txt") == ""
