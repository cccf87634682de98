# pyright: basic, reportMissingImports=false
"""The same steps in LangGraph with its SQLite checkpointer, and in pydantic-ai with its Prefect durability.

For a virtual environment that has them, see docs/benchmarks.md; `benchmarks.overhead` starts it there:

    python others.py MODEL_URL STEPS FOLDER TOOL_SERVER_COMMAND...

Prints milliseconds a step for each, as JSON.
"""

import asyncio
import json
import operator
import sys
from time import monotonic
from typing import Annotated, Any, TypedDict

from fastmcp.client.transports import StdioTransport
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import END, START, StateGraph
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from openai import AsyncOpenAI
from pydantic_ai import Agent, UsageLimits
from pydantic_ai.durable_exec.prefect import PrefectAgent
from pydantic_ai.mcp import MCPToolset
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

TOOLS: Any = [{"type": "function", "function": {"name": "peek", "parameters": {"type": "object", "properties": {}}}}]


class State(TypedDict):
    """The conversation."""

    messages: Annotated[list[dict[str, Any]], operator.add]


async def with_langgraph(url: str, steps: int, folder: str, command: list[str]) -> float:
    """A graph of two nodes, each checkpointed; seconds from the first request on."""
    async with (
        AsyncOpenAI(base_url=url, api_key="none") as model,
        Client(stdio_client(StdioServerParameters(command=command[0], args=command[1:]))) as tools,
        AsyncSqliteSaver.from_conn_string(f"{folder}/checkpoints.sqlite") as checkpoints,
    ):

        async def think(state: State) -> State:
            messages: Any = state["messages"]
            reply = await model.chat.completions.create(model="m", messages=messages, tools=TOOLS)
            return {"messages": [reply.choices[0].message.model_dump(exclude_none=True)]}

        async def act(state: State) -> State:
            [call] = state["messages"][-1]["tool_calls"]
            result: Any = await tools.call_tool("peek", json.loads(call["function"]["arguments"]))
            return {"messages": [{"role": "tool", "tool_call_id": call["id"], "content": result.content[0].text}]}

        graph = StateGraph(State)
        graph.add_node("think", think)
        graph.add_node("act", act)
        graph.add_edge(START, "think")
        graph.add_conditional_edges("think", lambda state: "act" if state["messages"][-1].get("tool_calls") else END)
        graph.add_edge("act", "think")
        settings = {"configurable": {"thread_id": "1"}, "recursion_limit": 3 * steps}
        first = {"messages": [{"role": "user", "content": "t"}]}
        compiled = graph.compile(checkpointer=checkpoints)
        await tools.list_tools()
        began = monotonic()
        await compiled.ainvoke(first, settings)
        return monotonic() - began


async def with_pydantic_ai(url: str, command: list[str]) -> float:
    """An agent whose requests and calls are Prefect tasks; seconds from the first request on."""
    model = OpenAIChatModel("m", provider=OpenAIProvider(base_url=url, api_key="none"))
    tools = MCPToolset(StdioTransport(command=command[0], args=command[1:]), id="counter")
    agent = PrefectAgent(Agent(model, name="overhead", toolsets=[tools]))
    async with agent:
        began = monotonic()
        await agent.run("t", usage_limits=UsageLimits(request_limit=None))
        return monotonic() - began


async def main() -> None:
    """Measure both."""
    url, steps, folder, command = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4:]
    took = {
        "LangGraph, checkpoints in SQLite": await with_langgraph(url, steps, folder, command),
        "pydantic-ai, steps as Prefect tasks": await with_pydantic_ai(url, command),
    }
    print(json.dumps({name: seconds / steps * 1_000 for name, seconds in took.items()}))


if __name__ == "__main__":
    asyncio.run(main())
