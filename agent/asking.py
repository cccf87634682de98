"""Asks a person, with the question and the answer in the journal; an answer that is there is never asked for again."""

from agent.approver import Approver
from agent.journal import Journal
from blueprint.requests import Answer, Question
from blueprint.stream import Answered, Asked


async def ask_person(*, journal: Journal, approver: Approver, asked: Asked, question: Question) -> Answer:
    """The person's answer to the question that `asked` announces, from the journal when it was given before (R4.8, R5.3).

    The process may end inside; the next execution comes here again with the same key. Unanswered when nobody answered in time.
    """
    key, title = asked.key, asked.title
    if answer := _given(journal, key):
        return answer
    if not any(isinstance(event, Asked) and event.key == key for event in journal.events):
        await journal.append(asked.model_copy(update={"question": question}))
    answer = await approver.decide(key=key, title=title, question=question)
    await journal.append(Answered(key=key, title=title, answer=answer, call_id=asked.call_id))
    return answer


def _given(journal: Journal, key: str) -> Answer | None:
    return next((event.answer for event in journal.events if isinstance(event, Answered) and event.key == key), None)
