"""A person who answers whatever the runs of a trial ask, by chance: how, when, and by which door, now and then by two."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from uuid import UUID

import httpx
from prefect.client.schemas.responses import SetStateStatus
from prefect.exceptions import PrefectHTTPStatusError

from blocks.store.store import Store
from blueprint.errors import InvalidInput, Unavailable
from blueprint.requests import AnomalyQuestion, ApprovalQuestion, ChoiceQuestion, Decision, Request
from flows.people.forms import form_from_answer
from flows.people.replying import Reply, read_answer, reply
from tests.chaos.word import Given, Word
from tests.fakes.installation import Installation

AWAY = (Unavailable, httpx.TransportError, PrefectHTTPStatusError, OSError, TimeoutError)
"""How parts of the installation that were killed show outside: something to be tried again."""

DOORS = ("command", "form", "deployment")
_OFTEN = (5, 4, 1)
_DEPLOYMENT_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Person:
    """Who answers. `lines` tells which effects there are: what a person sees who looks at the system."""

    here: Installation
    store: Store
    chance: random.Random
    lines: Callable[[], Sequence[str]]
    given: list[Given] = field(default_factory=list[Given])
    _numbers: "count[int]" = field(default_factory=count)

    async def answer_for_ever(self) -> None:
        """Answer every request some time after it was asked, again as long as it stays open."""
        busy: dict[tuple[str, str], asyncio.Task[None]] = {}
        async with asyncio.TaskGroup() as together:
            while True:
                busy = {one: task for one, task in busy.items() if not task.done()}
                for request in await self._open():
                    if (one := (request.run_id, request.key)) not in busy:
                        busy[one] = together.create_task(self._answer(request))
                await asyncio.sleep(0.3)

    async def _open(self) -> Sequence[Request]:
        try:
            return await self.store.requests.all_open()
        except AWAY:
            return []

    async def _answer(self, request: Request) -> None:
        await asyncio.sleep(self._patience(request))
        doors = self.chance.choices(DOORS, _OFTEN, k=2 if self.chance.random() < 0.15 else 1)
        await asyncio.gather(*(self._by(door, request, self._say(request)) for door in doors))

    def _patience(self, request: Request) -> float:
        if isinstance(request.question, AnomalyQuestion):
            return self.chance.uniform(3, 4)  # who looks whether a call happened lets it come to rest first
        return self.chance.choice((0, self.chance.uniform(0, 3)))

    def _say(self, request: Request) -> Reply:
        match request.question:
            case ApprovalQuestion():
                return Reply(decision=Decision.APPROVE if self.chance.random() < 0.85 else Decision.REJECT)
            case AnomalyQuestion(unknown_call=None):
                return Reply(decision=Decision.CONTINUE)
            case AnomalyQuestion(unknown_call=call):
                if self.chance.random() < 0.1:
                    return Reply(decision=Decision.STOP)
                is_there = call is not None and call.arguments.get("text") in self.lines()
                return Reply(decision=Decision.HAPPENED if is_there else Decision.NOT_HAPPENED)
            case ChoiceQuestion(options=options):
                return Reply(choice=self.chance.choice(options))
            case _:
                return Reply(text="As before.")

    async def _by(self, door: str, request: Request, said: Reply) -> None:
        number = next(self._numbers)
        by = {"command": f"chaos:{number}", "form": "console", "deployment": "deployment:reply"}[door]
        word = Word.UNKNOWN
        try:
            match door:
                case "command":
                    await reply(self.store, request.run_id, said, by=by, key=request.key)
                    word = Word.ACCEPTED
                case "form":
                    word = await self._fill_form(request, said)
                case _:
                    word = await self._start_deployment(request, said, number)
        except InvalidInput:
            word = Word.REFUSED
        except AWAY:
            await asyncio.sleep(0.5)
        decision = read_answer(request, said, by=by, at=datetime.now(UTC)).decision
        self.given.append(Given(door=door, run_id=request.run_id, key=request.key, by=by, decision=decision, word=word))

    async def _fill_form(self, request: Request, said: Reply) -> Word:
        """As the console does it: the run must wait for this very answer."""
        answer = read_answer(request, said, by="console", at=datetime.now(UTC))
        async with self.here.client() as client:
            state = (await client.read_flow_run(UUID(request.run_id))).state
            if state is None or not state.is_paused() or state.state_details.pause_key != request.key:
                return Word.REFUSED
            filled = form_from_answer(answer, request.question)
            resumed = await client.resume_flow_run(UUID(request.run_id), run_input=filled)
        return Word.ACCEPTED if resumed.status is SetStateStatus.ACCEPT else Word.REFUSED

    async def _start_deployment(self, request: Request, said: Reply, number: int) -> Word:
        """A run of the deployment `reply`, which may itself be killed."""
        answer = read_answer(request, said, by="", at=datetime.now(UTC))
        parameters = {
            "run": request.run_id,
            "request": request.key,
            "decision": answer.decision.value,
            "text": " ".join(answer.answers),
            "choice": answer.choice,
        }
        async with self.here.client() as client, asyncio.timeout(_DEPLOYMENT_SECONDS):
            deployment = await client.read_deployment_by_name("reply/reply")
            key = f"{request.run_id} {request.key} {number}"
            started = await client.create_flow_run_from_deployment(deployment.id, parameters=parameters, idempotency_key=key)
            while (state := (await client.read_flow_run(started.id)).state) is None or not state.is_final():
                await asyncio.sleep(0.5)
        return Word.ACCEPTED if state.is_completed() else Word.REFUSED if state.is_failed() else Word.UNKNOWN
