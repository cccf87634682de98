"""The embedded database forgets on disk what was deleted from it (R3.3)."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from blocks.store.migrate import migrate
from blocks.store.store import open_store
from blueprint.mission import Mission
from blueprint.plan import Blueprint
from blueprint.records import ConversationTurn, Message
from deployments.local.database import open_database
from deployments.local.forgetting import forget_deleted, is_under
from tests.fakes.installation import task

WORD, MANY = "canarybird", 100
NOW = datetime(2026, 11, 21, tzinfo=UTC)


async def test_no_file_of_the_cluster_holds_a_word_that_was_deleted(folder: Path) -> None:
    home = folder / "home"
    async with open_database(home) as database, open_store(database.url) as store:
        await migrate(store.engine)
        await store.missions.add(Mission(id=f"{WORD}-1", title=WORD, goal=WORD, created_at=NOW, active_at=NOW))
        plan = Blueprint(title=WORD, goal=f"{WORD} " * 500, tasks=(task(WORD),))
        await store.plans.add(f"{WORD}-1", plan, NOW)
        for number in range(MANY):
            said = ConversationTurn(role="person", text=f"{WORD} {number} " * 20, at=NOW)
            await store.conversation.add(f"{WORD}-1", said, f"{number}")
            message = Message(id=f"{WORD}-{number}", mission_id=f"{WORD}-1", event="mission", title=WORD, body=WORD * 90, at=NOW)
            await store.messages.add(message)
        assert await asyncio.to_thread(_files_with, home, WORD)
        begun = await store.deletions.begin(f"{WORD}-1", by="test", now=NOW)
        forgotten = await store.deletions.forget(begun, [])
        assert forgotten.removed["store: messages"] == MANY
        assert await is_under(database.url, home)
        assert not await is_under(database.url, folder / "elsewhere")
        assert await forget_deleted(database.url) > 10
        assert await asyncio.to_thread(_files_with, home, WORD) == []


def _files_with(home: Path, word: str) -> list[str]:
    return [str(path) for path in home.rglob("*") if path.is_file() and word.encode() in path.read_bytes()]
