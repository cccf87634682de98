"""One message about a Mission, with what is needed to do what it says."""

from dataclasses import dataclass
from datetime import UTC, datetime

from prefect.client.orchestration import PrefectClient

from agent.model.model import Model
from blocks.store.store import Store
from blueprint.connections import Employee
from blueprint.records import ConversationTurn
from blueprint.remarks import Understood
from flows.creation.surroundings import Seen
from flows.people.asking import People


@dataclass(frozen=True, kw_only=True)
class Talk:
    """One message, and what is needed to do what it says."""

    store: Store
    client: PrefectClient
    people: People
    run_id: str
    mission_id: str
    text: str
    model: Model
    employee: Employee
    seen: Seen

    async def say(self, role: str, text: str, key: str, reading: Understood | None = None) -> None:
        """Keep one turn of the conversation; the same key again changes nothing."""
        turn = ConversationTurn.model_validate({"role": role, "text": text, "at": datetime.now(UTC), "reading": reading})
        await self.store.conversation.add(self.mission_id, turn, key)
