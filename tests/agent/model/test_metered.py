"""What planning uses is counted, whatever comes of it."""

import pytest
from pydantic import BaseModel, ValidationError

from agent.model.metered import Metered
from agent.model.openai_model import OpenAIModel
from blueprint.errors import ModelUnavailable
from blueprint.stream import Usage
from tests.agent.model.conftest import Connect
from tests.fakes.model_server import ScriptedModel, answers, fails, says

QUESTION = [{"role": "user", "content": "How many?"}]
ONE = Usage(input_tokens=100, output_tokens=10)


class Count(BaseModel):
    """An answer."""

    number: int


async def test_each_request_is_counted_also_when_its_answer_does_not_fit_or_none_comes(
    server: ScriptedModel, connect: Connect
) -> None:
    counted: list[Usage] = []

    async def spent(usage: Usage) -> None:
        counted.append(usage)

    server.turns.extend([answers({"number": 7}), answers({"number": "seven"}), fails(401), says("seven")])
    async with OpenAIModel(connect()) as inner:
        model = Metered(inner=inner, spent=spent)
        assert (await model.structured(QUESTION, Count))[0] == Count(number=7)
        with pytest.raises(ValidationError):
            await model.structured(QUESTION, Count)
        with pytest.raises(ModelUnavailable):
            await model.structured(QUESTION, Count)
        await model.reply(QUESTION)
    assert counted == [ONE, ONE, Usage(), ONE]
