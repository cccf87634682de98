"""Standing rules in the store: made and revoked by people, used up with the calls that they let through (R5.3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import RowMapping, Select, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from blocks.store.audit import audit
from blocks.store.database import Database
from blocks.store.rows import DATABASE_NOW, document, from_document
from blocks.store.tables import standing_rule_uses, standing_rules
from blueprint.audit import RuleEnded, RuleMade, used
from blueprint.errors import InvalidInput, NotPermitted, UnknownName
from blueprint.policy import ToolCall
from blueprint.records import RunRecord
from blueprint.standing import StandingRule
from blueprint.stream import Intended, Outcome, Returned
from blueprint.values import storable

_DAY = timedelta(days=1)
_uses = standing_rule_uses.c


@dataclass(frozen=True, kw_only=True)
class UsedRule:
    """A rule, whether it has expired by the database's clock, and how often it was used within the last 24 hours."""

    rule: StandingRule
    is_expired: bool
    used: int

    @property
    def state(self) -> str:
        """'in force', 'expired', or why it has ended."""
        if self.rule.ended_at is not None:
            return f"ended: {self.rule.ended_because}"
        return "expired" if self.is_expired else "in force"


@dataclass(frozen=True, kw_only=True)
class StandingRules:
    """The standing rules of all Missions. Times count by the database's clock."""

    database: Database

    async def add(self, rule: StandingRule) -> None:
        """Keep a new rule."""

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(standing_rules.insert().values(_row(rule)))
            await audit(connection, rule.mission_id, RuleMade(rule=rule))

        await self.database.write(work)

    async def fitting(self, mission_id: str, call: ToolCall) -> list[StandingRule]:
        """Rules that may let `call` through. Only a hint: what counts is decided when the call is written down."""
        query = _with_use().where(standing_rules.c.mission_id == mission_id, standing_rules.c.tool == storable(call.name))
        found = [_used(row) for row in await self.database.rows(query)]
        return [one.rule for one in found if _why_not(one, call) is None]

    async def revoke(self, text: str, by: str) -> StandingRule:
        """End the rule with this id, or a prefix that only one has; InvalidInput when it has ended already."""

        async def work(connection: AsyncConnection) -> StandingRule:
            found = await _locked(connection, await _id_meant(connection, text))
            if found is None or found.rule.ended_at is not None:
                raise InvalidInput(f"Rule {text!r} has {found.state if found else 'gone'}.")
            [ended] = await _end_each(connection, [found.rule.id], f"{by} revoked it")
            return ended

        return await self.database.write(work)

    async def list(self, mission_id: str | None = None) -> list[UsedRule]:
        """All rules, of one Mission or of all, the newest first; ended ones too."""
        query = _with_use().order_by(standing_rules.c.expires_at.desc(), standing_rules.c.id)
        if mission_id is not None:
            query = query.where(standing_rules.c.mission_id == mission_id)
        return [_used(row) for row in await self.database.rows(query)]


async def use_rule(connection: AsyncConnection, run: RunRecord, intended: Intended) -> None:
    """Count one use of the rule for this call of `run`; NotPermitted when the rule does not let it through.

    A further attempt at the same call is no further use.
    """
    found = await _locked(connection, intended.standing_rule)
    call = intended.call
    if found is None or found.rule.mission_id != run.mission_id:
        raise NotPermitted(f"There is no standing rule {intended.standing_rule!r} in Mission {run.mission_id!r}.")
    key = {"rule_id": found.rule.id, "run_id": run.id, "call_id": call.id}
    is_counted = await connection.scalar(select(exists().where(*(_uses[name] == value for name, value in key.items()))))
    refusal = _why_not(found, call, is_counted=bool(is_counted))
    if refusal is not None:
        raise NotPermitted(f"Standing rule {found.rule.id!r} does not let {call.name!r} through: {refusal}.")
    new = insert(standing_rule_uses).values(**key, at=DATABASE_NOW, is_back=False)
    await connection.execute(new.on_conflict_do_nothing())
    await audit(connection, run.mission_id, used(run.id, intended))


async def call_is_back(connection: AsyncConnection, run_id: str, returned: Returned) -> None:
    """The call is over; where a rule has let it through and it went wrong, the rule has ended."""
    is_use = (_uses.run_id == run_id) & (_uses.call_id == returned.call.id)
    back = standing_rule_uses.update().where(is_use).values(is_back=True).returning(_uses.rule_id)
    if returned.outcome is Outcome.DONE and not returned.is_error:
        await connection.execute(back)
        return
    word = "failed" if returned.outcome is Outcome.DONE else f"ended {returned.outcome.value}"
    await _end_each(connection, (await connection.scalars(back)).all(), f"call {returned.call.id} of run {run_id} {word}")


async def run_is_over(connection: AsyncConnection, run_id: str) -> None:
    """End the rules that have let calls of this run through which never came back: nobody knows what became of them."""
    lost = select(_uses.rule_id).where(_uses.run_id == run_id, ~_uses.is_back)
    await _end_each(connection, (await connection.scalars(lost)).all(), f"a call of run {run_id} never came back")


async def end_rules(connection: AsyncConnection, mission_id: str, tool: str, because: str) -> None:
    """End all rules of a Mission for one tool."""
    is_theirs = (standing_rules.c.mission_id == mission_id) & (standing_rules.c.tool == storable(tool))
    ids = await connection.scalars(select(standing_rules.c.id).where(is_theirs).order_by(standing_rules.c.id))
    await _end_each(connection, ids.all(), because)


async def _end_each(connection: AsyncConnection, ids: Sequence[str], because: str) -> list[StandingRule]:
    """End those that have not ended. All are locked before the audit record is, as `audit` wants it."""
    found = [await _locked(connection, rule_id) for rule_id in sorted(ids)]
    in_force = [one.rule for one in found if one is not None and one.rule.ended_at is None]
    ended = [await _end(connection, rule, because) for rule in in_force]
    for rule in ended:
        await audit(connection, rule.mission_id, RuleEnded(rule_id=rule.id, tool=rule.tool, because=because))
    return ended


def _why_not(found: UsedRule, call: ToolCall, *, is_counted: bool = False) -> str | None:
    """Why the rule does not let the call through, None when it does."""
    rule = found.rule
    if rule.ended_at is not None or found.is_expired:
        return f"it has {found.state}"
    if not rule.fits(call):
        return "its pattern does not fit the arguments"
    if found.used >= rule.uses_a_day and not is_counted:
        return f"it was used {found.used} times within 24 hours, and may be {rule.uses_a_day} times"
    return None


async def _locked(connection: AsyncConnection, rule_id: str) -> UsedRule | None:
    """The rule, with nobody else using or ending it before the transaction does; its uses are counted under the lock."""
    is_meant = standing_rules.c.id == storable(rule_id)
    await connection.execute(select(standing_rules.c.id).where(is_meant).with_for_update())
    row = (await connection.execute(_with_use().where(is_meant))).mappings().one_or_none()
    return None if row is None else _used(row)


def _with_use() -> Select[tuple[Any, bool, int]]:
    recent = (_uses.rule_id == standing_rules.c.id) & (_uses.at > DATABASE_NOW - _DAY)
    used = select(func.count()).where(recent).scalar_subquery().label("used")
    return select(standing_rules.c.document, (standing_rules.c.expires_at <= DATABASE_NOW).label("is_expired"), used)


def _used(row: RowMapping) -> UsedRule:
    return UsedRule(rule=from_document(StandingRule, row), is_expired=row["is_expired"], used=row["used"])


async def _id_meant(connection: AsyncConnection, text: str) -> str:
    """The id that is `text` or the only one that begins with it; UnknownName lists the others."""
    ids = list(await connection.scalars(select(standing_rules.c.id).order_by(standing_rules.c.id)))
    found = [known for known in ids if known == text] or [known for known in ids if text and known.startswith(text)]
    if len(found) != 1:
        raise UnknownName("standing rule", text, found or ids, ambiguous=bool(found))
    return found[0]


async def _end(connection: AsyncConnection, rule: StandingRule, because: str) -> StandingRule:
    now = await connection.scalar(select(DATABASE_NOW))
    ended = rule.model_copy(update={"ended_at": now, "ended_because": because})
    await connection.execute(standing_rules.update().where(standing_rules.c.id == rule.id).values(_row(ended)))
    return ended


def _row(rule: StandingRule) -> dict[str, object]:
    return {
        "id": rule.id,
        "mission_id": rule.mission_id,
        "tool": storable(rule.tool),
        "expires_at": rule.expires_at,
        "ended_at": rule.ended_at,
        "document": document(rule),
    }
