"""Work of many steps with a small model: a model server that counts tokens and refuses what is too long, and a log to read."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from agent.journal import Journal
from agent.loop import Agent
from agent.model.openai_model import OpenAIModel
from agent.tools.toolset import Tool, ToolListing, ToolResult
from blueprint.connections import ModelConnection
from blueprint.policy import Rule, ToolCall, ToolTraits
from blueprint.stream import Intended, Outcome, Returned
from tests.fakes.model_server import Turn, answering_model, calls, fails
from tests.fakes.run import ToldPeople

READ = Tool(
    server="log",
    name="read",
    wire_name="log__read",
    description="A page of the log.",
    parameters={"type": "object", "properties": {"page": {"type": "integer"}}, "required": ["page"]},
    traits=ToolTraits(read_only=True),
)


def tokens_of(value: Any) -> int:
    """As the server counts them: four characters each."""
    return len(json.dumps(value, ensure_ascii=False)) // 4


@dataclass(kw_only=True)
class PatientReader:
    """Reads so many pages, notes something on every tenth, asks a person once, and concludes."""

    pages: int
    window: int
    steps: int = 0
    prompt_tokens: list[int] = field(default_factory=list[int])
    refused: int = 0
    last: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def turn(self, body: dict[str, Any]) -> Turn:
        """The next answer; 400 to a request that leaves no room in the window for an answer."""
        size = tokens_of([body["messages"], body.get("tools")])
        if size > self.window:
            self.refused += 1
            return fails(400, {"error": {"message": f"This model's maximum context length is {self.window} tokens."}})
        self.steps += 1
        self.prompt_tokens.append(size)
        self.last = body["messages"]
        made = self._next()
        return replace(made, usage=(size, tokens_of(made.calls) + tokens_of(made.text)))

    def _next(self) -> Turn:
        if self.steps > self.pages:
            return calls(("conclude", {"summary": f"Read {self.pages} pages.", "findings": []}))
        if self.steps == self.pages // 2:
            return calls(("ask_person", {"kind": "information", "title": "Which host?", "text": "Which host is meant?"}))
        if self.steps % 10 == 0:
            note = {"kind": "finding", "text": finding(self.steps), "evidence": [f"c{self.steps - 1:05d}000"]}
            return calls(("note", note))
        return calls(("log__read", {"page": self.steps}), text=f"Page {self.steps - 1} shows nothing new; I read on.")


def finding(step: int) -> str:
    """What is noted in that step."""
    return f"Page {step - 1}: the disk of host-{step} was full at {step % 24:02d}:00."


@dataclass(frozen=True, kw_only=True)
class Log:
    """A toolset that reads pages of so many characters, and keeps the journal as a run's tools do."""

    journal: Journal
    page_chars: int

    async def tools(self) -> ToolListing:
        return ToolListing(tools=(READ,))

    async def call(self, call: ToolCall) -> ToolResult:
        await self.journal.append(Intended(call=call, traits=READ.traits, rule=Rule.AUTO, reason="it reads"))
        page = f"page {call.arguments['page']}: all is well at this time of the day. "
        text = (page * (self.page_chars // len(page) + 1))[: self.page_chars]
        await self.journal.append(Returned(call=call, outcome=Outcome.DONE, text=text, size=len(text)))
        return ToolResult(text=text, size=len(text))


@asynccontextmanager
async def reading(reader: PatientReader, journal: Journal, people: ToldPeople, *, page_chars: int) -> AsyncGenerator[Agent]:
    """An agent over real HTTP with this model and this log."""
    async with answering_model(reader.turn) as url:
        connection = ModelConnection(name="small", base_url=url, model="small", max_retries=0)
        async with OpenAIModel(connection) as model:
            log = Log(journal=journal, page_chars=page_chars)
            yield Agent(model=model, toolset=log, tools=[READ], journal=journal, approver=people)
