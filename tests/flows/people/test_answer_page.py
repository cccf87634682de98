"""The page behind an answer link: looking changes nothing, one click answers, and every refusal says why (R5.5, R9.3)."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from starlette.applications import Starlette

from blocks.store.store import Store
from blueprint.errors import Unavailable
from blueprint.requests import AnomalyQuestion, ChoiceQuestion, InformationQuestion, Question, Request, RequestState
from flows.people.answer_page import AnswerPages
from flows.people.links import link
from tests.blocks.examples import mission, request
from tests.fakes.counter import Counter
from tests.fakes.installation import Installation, task
from tests.fakes.interrupting import reaches
from tests.fakes.model_server import calls, scripted_model

SECRET = b"for tests"
HOSTILE = "<script>alert(1)</script> ![x](https://evil.example/x.png) [y](javascript:alert(1))"


async def _secret() -> bytes:
    return SECRET


@asynccontextmanager
async def _away() -> AsyncGenerator[Store]:
    raise Unavailable("The database does not answer.")
    yield


@asynccontextmanager
async def _visitor(store: Store | None) -> AsyncGenerator[httpx.AsyncClient]:
    """A browser at the pages on this store; without one, at a service whose store is away."""

    @asynccontextmanager
    async def there() -> AsyncGenerator[Store]:
        assert store is not None
        yield store

    pages = AnswerPages(open_store=_away if store is None else there, load_key=_secret)
    transport = httpx.ASGITransport(Starlette(routes=pages.routes()))
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        yield client


async def _asked(store: Store, *, question: Question | None = None, seconds: float = 3600) -> tuple[Request, str]:
    await store.missions.add(mission(title=f"Hosts {HOSTILE}"))
    asked = request(question=question, seconds=seconds).model_copy(update={"run_id": str(uuid4())})
    await store.requests.open(asked)
    return asked, link(asked, SECRET, "http://service")


async def _state(store: Store, asked: Request) -> RequestState:
    return (await store.requests.of_run(asked.run_id))[0].state


async def test_looking_changes_nothing_and_the_page_is_closed_to_everything_else(store: Store) -> None:
    asked, url = await _asked(store)
    async with _visitor(store) as visitor:
        head = await visitor.head(url)
        early = {"Purpose": "prefetch", "Sec-Purpose": "prefetch"}
        page = [await visitor.get(url, headers=early) for _ in range(5)][-1]
        assert (await visitor.request("PUT", url)).status_code == 405
    assert (head.status_code, page.status_code) == (200, 200)
    assert await _state(store, asked) is RequestState.OPEN
    assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert (page.headers["cache-control"], page.headers["referrer-policy"]) == ("no-store", "no-referrer")
    assert not re.search(r"<(?:script|img|link|iframe)|<[^>]+\s(?:src|href|style|on\w+)=", page.text)
    assert "clean_scratch" in page.text
    assert "older_than_days" in page.text


@pytest.mark.usefixtures("prefect_is_away")
async def test_one_answer_counts_and_a_second_is_told_who_was_first(store: Store) -> None:
    asked, url = await _asked(store)
    async with _visitor(store) as visitor:
        first = await visitor.post(url, data={"decision": "reject", "comment": "Use the other disk.\r\nThanks", "name": "Alice"})
        again = await visitor.post(url, data={"decision": "approve", "name": "Bob"})
        looked = await visitor.get(url)
    stored = (await store.requests.of_run(asked.run_id))[0].answer
    assert stored is not None
    assert (stored.decision, stored.by, stored.text) == ("reject", "link:Alice", "Use the other disk.\nThanks")
    assert (first.status_code, again.status_code, looked.status_code) == (200, 409, 409)
    assert "answered already: reject by &#39;link:Alice&#39;" in again.text
    assert "answered already: reject by &#39;link:Alice&#39;" in looked.text


@pytest.mark.usefixtures("prefect_is_away")
@pytest.mark.parametrize(("decision", "follows"), [("continue", "The run goes on"), ("stop", "The run ends")])
async def test_who_answered_is_told_what_follows(decision: str, follows: str, store: Store) -> None:
    _, url = await _asked(store, question=AnomalyQuestion(what="The disk is gone."))
    async with _visitor(store) as visitor:
        page = await visitor.post(url, data={"decision": decision, "name": "Alice"})
    assert f"{decision}, by Alice. {follows}; this page can be closed." in page.text


@pytest.mark.usefixtures("prefect_is_away")
@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "Say who you are"),
        ({"name": "  ", "decision": "approve"}, "Say who you are"),
        ({"name": "Alice"}, "Choose one of the decisions"),
        ({"name": "Alice", "comment": "yes"}, "Choose one of the decisions"),
        ({"name": "Alice", "decision": "launch"}, "launch does not answer"),
        ({"name": "Alice", "decision": "nonsense"}, "Choose one of the decisions"),
        ({"name": "Alice", "decision": "approve", "comment": "but not on prod"}, "is no plain yes"),
        ({f"f{number}": "x" for number in range(60)}, "not the form of this page"),
    ],
)
async def test_what_can_not_be_used_is_shown_again_with_the_reason(store: Store, fields: dict[str, str], reason: str) -> None:
    asked, url = await _asked(store)
    async with _visitor(store) as visitor:
        answered = await visitor.post(url, data=fields)
    assert (answered.status_code, await _state(store, asked)) == (422, RequestState.OPEN)
    assert reason in answered.text
    assert all(f">{text}</textarea>" in answered.text for name, text in fields.items() if name == "comment")


async def test_every_other_link_is_refused_with_its_status(store: Store) -> None:
    late, late_url = await _asked(store, seconds=-1)
    unknown = link(request("never-asked"), SECRET, "http://service")
    changed = late_url[:-2] + ("AA" if late_url[-2:] != "AA" else "BB")
    async with _visitor(store) as visitor:
        assert (await visitor.get(late_url)).status_code == 410
        assert (await visitor.post(late_url, data={"decision": "approve", "name": "Alice"})).status_code == 410
        assert (await visitor.get(unknown)).status_code == 404
        assert (await visitor.get(changed)).status_code == 403
        await store.requests.close(late.run_id, late.key, RequestState.CANCELLED)
        assert (await visitor.get(late_url)).status_code == 410
    assert (await store.requests.of_run(late.run_id))[0].answer is None


async def test_a_body_that_is_too_large_and_too_many_visits_are_refused(store: Store) -> None:
    asked, url = await _asked(store)
    async with _visitor(store) as visitor:
        assert (await visitor.post(url, content=b"comment=" + b"x" * 500_000)).status_code == 413
        codes = [(await visitor.get(url)).status_code for _ in range(40)]
    assert (codes[0], codes[-1]) == (200, 429)
    assert await _state(store, asked) is RequestState.OPEN


async def test_while_the_store_is_away_the_page_says_so() -> None:
    async with _visitor(None) as visitor:
        answered = await visitor.get(link(request(), SECRET, "http://service"))
    assert (answered.status_code, answered.headers["retry-after"]) == (503, "60")
    assert "Not available just now" in answered.text


@pytest.mark.usefixtures("prefect_is_away")
async def test_a_choice_and_questions_have_their_own_fields(store: Store) -> None:
    asked, url = await _asked(store, question=ChoiceQuestion(question="Which?", options=("2", "1", HOSTILE)))
    async with _visitor(store) as visitor:
        assert (await visitor.post(url, data={"option": "other", "name": "A"})).status_code == 422
        assert (await visitor.post(url, data={"option": "9", "name": "A"})).status_code == 422
        assert (await visitor.post(url, data={"option": "1", "name": "A"})).status_code == 200
    stored = (await store.requests.of_run(asked.run_id))[0].answer
    assert stored is not None
    assert stored.choice == "2"


@pytest.mark.usefixtures("prefect_is_away")
async def test_each_question_gets_its_own_answer(store: Store) -> None:
    asked, url = await _asked(store, question=InformationQuestion(questions=("When?", "Where?")))
    async with _visitor(store) as visitor:
        page = await visitor.get(url)
        await visitor.post(url, data={"answer_2": "Here", "answer_1": "Now", "name": "A"})
    stored = (await store.requests.of_run(asked.run_id))[0].answer
    assert stored is not None
    assert (stored.answers, '<label class="label" for="answer_2">Where?</label>' in page.text) == (("Now", "Here"), True)


async def test_a_run_goes_on_with_the_answer_that_came_by_its_link(installation: Installation, tmp_path: Path) -> None:
    counter = Counter(folder=tmp_path)
    script = [calls(("counter__count", {"text": "one"})), calls(("conclude", {"summary": "Done.", "findings": []}))]
    async with scripted_model(script) as model, installation.store() as store, httpx.AsyncClient(timeout=60) as visitor:
        employee = await installation.employ(model_url=model.url, servers=[counter.connection()])
        run_id = await installation.start(await installation.launch(task(), employee=employee))
        asked = await installation.asked(run_id)
        await reaches(installation, run_id, "Suspended")
        links = (await installation.command("inbox", "--links", "--json")).json["links"]
        url = links[f"{run_id}:{asked.key}"]
        assert url.startswith(f"{installation.addresses.service_url}/answer/")
        assert "counter" in (await visitor.get(url)).text
        answered = await visitor.post(url, data={"decision": "approve", "name": "Alice"})
        record, requests = await installation.ended(run_id), await store.requests.of_run(run_id)
    assert "Your answer counts" in answered.text
    assert requests[0].answer is not None
    assert (record.state, requests[0].answer.by, counter.counts()) == ("Success", "link:Alice", ["one"])
