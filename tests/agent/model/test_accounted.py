"""What a run's model has used is written down whatever comes of it, and counted once."""

import pytest

from agent.model.accounted import Accounted
from agent.model.openai_model import OpenAIModel
from blueprint.errors import ModelUnavailable
from blueprint.stream import Usage, Wasted
from tests.agent.model.conftest import Connect, Pauses
from tests.fakes.model_server import ScriptedModel, fails, raw, says

QUESTION = [{"role": "user", "content": "How many?"}]
EMPTY = raw(b'data: {"choices": [{"finish_reason": "stop"}], "usage": {"prompt_tokens": 7, "completion_tokens": 1}}\n\n')
ONE = Usage(input_tokens=100, output_tokens=10)


async def test_a_request_that_fails_is_written_down_once_and_a_reply_tells_what_was_wasted_on_it(
    server: ScriptedModel, connect: Connect, pauses: Pauses
) -> None:
    written: list[Wasted] = []

    async def write(event: Wasted) -> None:
        written.append(event)

    server.turns.extend([EMPTY, EMPTY, EMPTY, fails(401), EMPTY, says("seven")])
    async with OpenAIModel(connect(), pause=pauses) as inner:
        model = Accounted(inner=inner, write=write)
        for _ in range(2):
            with pytest.raises(ModelUnavailable):
                await model.reply(QUESTION)
        reply = await model.reply(QUESTION)
    assert written == [Wasted(usage=Usage(input_tokens=21, output_tokens=3))]
    assert (reply.usage, reply.wasted) == (ONE + Usage(input_tokens=7, output_tokens=1), Usage(input_tokens=7, output_tokens=1))
