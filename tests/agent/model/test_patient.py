"""An outage of minutes costs a run minutes; what waiting can't mend ends it at once, with the reason."""

import pytest

from agent.model.openai_model import OpenAIModel
from agent.model.patient import PatientModel
from blueprint.errors import ModelUnavailable
from tests.agent.model.conftest import Connect, Pauses
from tests.fakes.model_server import ScriptedModel, Turn, cut_after, fails, raw, says, waits

QUESTION = [{"role": "user", "content": "How is the load?"}]
FIVE_MINUTES = 300


async def _ask(server: ScriptedModel, connect: Connect, waited: Pauses, *turns: Turn, **settings: object) -> str:
    """The answer to one question; time passes only in the pauses of the patience."""
    server.turns.extend(turns)
    async with OpenAIModel(connect(**{"max_retries": 0} | settings), pause=Pauses()) as model:
        patient = PatientModel(inner=model, patience_seconds=900, pause=waited, clock=lambda: sum(waited))
        return (await patient.reply(QUESTION)).text


@pytest.mark.parametrize(
    "away",
    [
        pytest.param(fails(503), id="down"),
        pytest.param(fails(502, "<html>Bad gateway</html>"), id="gateway"),
        pytest.param(fails(429), id="rate-limited"),
        pytest.param(cut_after(1, says("one\ntwo")), id="breaks off"),
    ],
)
async def test_an_endpoint_that_is_away_for_five_minutes_is_waited_for(
    away: Turn, server: ScriptedModel, connect: Connect
) -> None:
    waited = Pauses()
    assert await _ask(server, connect, waited, *[away] * 8, says("back")) == "back"
    assert waited == [5, 10, 20, 40, 60, 60, 60, 60]
    assert sum(waited) > FIVE_MINUTES


PAGE = raw(b"<html>Back soon</html>", "text/html")


@pytest.mark.parametrize("last", [PAGE, raw(b"{malformed"), raw(b"")], ids=["page", "broken", "empty"])
async def test_an_outage_is_waited_for_whatever_the_last_try_of_it_brought(
    last: Turn, server: ScriptedModel, connect: Connect
) -> None:
    waited = Pauses()
    assert await _ask(server, connect, waited, fails(500), last, says("back"), max_retries=1) == "back"
    assert waited == [5]


async def test_a_page_in_the_place_of_answers_is_waited_for_where_there_were_answers_before(
    server: ScriptedModel, connect: Connect
) -> None:
    waited = Pauses()
    server.turns.extend([says("hello"), *[PAGE] * 4, says("back"), *[PAGE] * 20])
    async with OpenAIModel(connect(max_retries=0), pause=Pauses()) as model:
        patient = PatientModel(inner=model, patience_seconds=100, pause=waited, clock=lambda: sum(waited))
        assert [(await patient.reply(QUESTION)).text for _ in range(2)] == ["hello", "back"]
        assert waited == [5, 10, 20, 40]
        with pytest.raises(ModelUnavailable, match=r"a web page instead of JSON.*It has answered before: check the endpoint"):
            await patient.reply(QUESTION)


async def test_a_run_that_goes_on_in_a_new_process_waits_for_an_endpoint_that_answered_the_one_before(
    server: ScriptedModel, connect: Connect
) -> None:
    waited = Pauses()
    server.turns.extend([PAGE, PAGE, says("back")])
    async with OpenAIModel(connect(max_retries=0), has_answered=True, pause=Pauses()) as model:
        patient = PatientModel(inner=model, patience_seconds=100, pause=waited, clock=lambda: sum(waited))
        assert (await patient.reply(QUESTION)).text == "back"
    assert waited == [5, 10]


async def test_a_storm_of_429_is_waited_for_as_long_as_it_asks(server: ScriptedModel, connect: Connect) -> None:
    waited = Pauses()
    storm = [fails(429, headers={"retry-after": seconds}) for seconds in ("30", "240", "3")]
    assert await _ask(server, connect, waited, *storm, says("back")) == "back"
    assert waited == [30, 240, 20]


async def test_an_endpoint_that_stays_away_ends_the_wait_with_what_it_said(server: ScriptedModel, connect: Connect) -> None:
    waited = Pauses()
    with pytest.raises(ModelUnavailable, match=r"is in trouble \(status 503.* The run waited \d+ s for it"):
        await _ask(server, connect, waited, *[fails(503)] * 40)
    assert 800 < sum(waited) <= 900


async def test_an_endpoint_that_wants_more_time_than_there_is_is_not_waited_for(server: ScriptedModel, connect: Connect) -> None:
    waited = Pauses()
    with pytest.raises(ModelUnavailable, match="asks to wait 3600 s"):
        await _ask(server, connect, waited, fails(429, headers={"retry-after": "3600"}))
    assert waited == []


@pytest.mark.parametrize(
    ("turn", "words"),
    [
        pytest.param(fails(401), "refused the API key", id="key revoked"),
        pytest.param(fails(402), "no quota left", id="quota used up"),
        pytest.param(fails(404), "is not known there", id="model withdrawn"),
        pytest.param(raw(b"<html>", "text/html"), "web page", id="nonsense"),
        pytest.param(raw(b""), "empty answer", id="empty"),
    ],
)
async def test_what_waiting_can_not_mend_is_not_waited_for(
    turn: Turn, words: str, server: ScriptedModel, connect: Connect
) -> None:
    waited = Pauses()
    with pytest.raises(ModelUnavailable, match=words):
        await _ask(server, connect, waited, turn)
    assert waited == []


async def test_a_slow_first_word_is_waited_for_and_a_silence_is_asked_again(server: ScriptedModel, connect: Connect) -> None:
    waited = Pauses()
    assert await _ask(server, connect, waited, waits(0.5, says("slow")), idle_timeout_seconds=30) == "slow"
    silent = [waits(2, says("never heard")), says("second")]
    assert await _ask(server, connect, waited, *silent, idle_timeout_seconds=0.3) == "second"
    assert waited == [5]
