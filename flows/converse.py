"""The flow in which people talk about a Mission: change it, run its Tasks, ask about it."""

from typing import Annotated

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import Field

from flows.conversing.conversing import converse_to_end


@flow(name="converse", flow_run_name="converse about {mission}", persist_result=False)
async def converse(mission: str, text: Annotated[str, Field(min_length=1, max_length=8_000, pattern=r"\S")]) -> State:
    """Talk about a Mission: rename it, change, add or drop Tasks, run one now, ask how it stands. Changes are shown first.

    Args:
        mission: The Mission: its id, the beginning of it, or its name.
        text: What you want, in plain language; several wishes in one message are fine.
    """
    return await converse_to_end(mission, text)
