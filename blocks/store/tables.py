"""The tables of the Mission store, in a PostgreSQL schema of their own.

Each row holds a whole `blueprint` value as `document`, and beside it the columns that are searched, sorted or locked on.
Documents are `json`, not `jsonb`: they come back as they went in, key order, number form, NUL and lone surrogates
included (jsonb refuses the latter two), so that a call read from the journal has the digest that was approved.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Interval,
    MetaData,
    Sequence,
    Table,
    Text,
    text,
)

SCHEMA = "missions"

metadata = MetaData(
    schema=SCHEMA,
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    },
)

missions = Table(
    "missions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("plan_version", Integer),
    Column("active_at", DateTime(timezone=True), nullable=False, index=True),
    Column("document", JSON, nullable=False),
)

plans = Table(
    "plans",
    metadata,
    Column("mission_id", Text, ForeignKey(missions.c.id, ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("digest", Text, nullable=False),
    Column("words", Text, nullable=False, comment="Names and titles of the Tasks, for the search."),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("confirmed_by", Text, nullable=False, server_default=""),
    Column("confirmed_at", DateTime(timezone=True)),
    Column("document", JSON, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("mission_id", Text, ForeignKey(missions.c.id, ondelete="CASCADE"), nullable=False),
    Column("task", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("has_conclusion", Boolean, nullable=False),
    Column("occasion", Text, comment="Id of the event, or of the round, that started it."),
    Column("end_place", BigInteger, index=True, comment="Where its end stands among all."),
    Column("document", JSON, nullable=False),
    Index(None, "mission_id", "task", "started_at"),
    Index(None, "mission_id", "task", "occasion"),
    Index(None, "mission_id", "task", "end_place"),
)

END_PLACES = Sequence("ends", metadata=metadata)
"""Places of ends, given one at a time, so that they are seen in their order."""

round_books = Table(
    "round_books",
    metadata,
    Column("mission_id", Text, ForeignKey(missions.c.id, ondelete="CASCADE"), primary_key=True),
    Column("task", Text, primary_key=True),
    Column("document", JSON, nullable=False),
)

rounds = Table(
    "rounds",
    metadata,
    Column("mission_id", Text, ForeignKey(missions.c.id, ondelete="CASCADE"), primary_key=True),
    Column("task", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("place", BigInteger, nullable=False, comment="That of the end with which it closed."),
    Column("settled_at", DateTime(timezone=True), comment="When its run was started, or its refusal recorded."),
    Column("document", JSON, nullable=False),
    Index("ix_rounds_unsettled", "place", postgresql_where=text("settled_at IS NULL")),
)

timers = Table(
    "timers",
    metadata,
    Column("mission_id", Text, ForeignKey(missions.c.id, ondelete="CASCADE"), primary_key=True),
    Column("task", Text, primary_key=True),
    Column("document", JSON, nullable=False),
)

queue = Table(
    "queue",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("mission_id", Text, ForeignKey(missions.c.id, ondelete="CASCADE"), nullable=False),
    Column("task", Text, nullable=False),
    Column("place", BigInteger, Identity(), nullable=False, comment="The order in which they came."),
    Column("document", JSON, nullable=False),
    Index(None, "mission_id", "task"),
)

leases = Table(
    "leases",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("mission_id", Text, nullable=False, index=True),
    Column("operation", Text, nullable=False),
    Column("state", Text, nullable=False, index=True),
    Column("owner", Text, nullable=False),
    Column("seconds", Integer, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("executions", Integer, nullable=False),
    Column("restarts", Integer, nullable=False, comment="Executions after the process had died."),
    Column("beat_at", DateTime(timezone=True), nullable=False, comment="When the owner last showed that it works."),
    Column("working", Interval, nullable=False, comment="Time at work, waits for people left out (R4.6)."),
)

journal = Table(
    "journal",
    metadata,
    Column("run_id", Text, ForeignKey(leases.c.run_id, ondelete="CASCADE"), primary_key=True),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("format", Integer, nullable=False, server_default="1", comment="How the event is written, see JOURNAL_FORMAT."),
    Column("document", JSON, nullable=False),
)

requests = Table(
    "requests",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("mission_id", Text, nullable=False, index=True),
    Column("state", Text, nullable=False, index=True),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    Column("deadline", DateTime(timezone=True), nullable=False),
    Column("spent_by", Text, comment="Id of the call that the approval is reserved for, before it is made (R5.3)."),
    Column("spent_at", DateTime(timezone=True), comment="When that call came back: from here on it is spent for good."),
    Column("document", JSON, nullable=False),
)

standing_rules = Table(
    "standing_rules",
    metadata,
    Column("id", Text, primary_key=True),
    Column("mission_id", Text, ForeignKey(missions.c.id, ondelete="CASCADE"), nullable=False),
    Column("tool", Text, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    Column("document", JSON, nullable=False),
    Index(None, "mission_id", "tool"),
)

standing_rule_uses = Table(
    "standing_rule_uses",
    metadata,
    Column("rule_id", Text, ForeignKey(standing_rules.c.id, ondelete="CASCADE"), primary_key=True),
    Column("run_id", Text, primary_key=True),
    Column("call_id", Text, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("is_back", Boolean, nullable=False, comment="Whether the call has come back."),
    Index(None, "run_id", "call_id"),
)

fires = Table(
    "fires",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("mission_id", Text, nullable=False, index=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("document", JSON, nullable=False),
)

messages = Table(
    "messages",
    metadata,
    Column("id", Text, primary_key=True),
    Column("mission_id", Text, nullable=False, index=True),
    Column("at", DateTime(timezone=True), nullable=False, index=True),
    Column("is_read", Boolean, nullable=False),
    Column("place", BigInteger, Identity(), nullable=False, comment="The order in which they came."),
    Column("routed_at", DateTime(timezone=True), comment="When it was decided which channels get it."),
    Column("document", JSON, nullable=False),
    Index("ix_messages_unrouted", "place", postgresql_where=text("routed_at IS NULL")),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("message_id", Text, ForeignKey(messages.c.id, ondelete="CASCADE"), primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("attempts", Integer, nullable=False, comment="How often it was sent, or about to be."),
    Column("bundle", Text, nullable=False, comment="Id of the notification that was tried last; empty: it can't have arrived."),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Column("next_at", DateTime(timezone=True), nullable=False, comment="Nobody sends it before."),
    Column("settled_at", DateTime(timezone=True), comment="When the channel took it, or it was given up."),
    Column("reason", Text, nullable=False, comment="Why it was not taken; empty when it was."),
    Index("ix_deliveries_unsettled", "channel", "next_at", postgresql_where=text("settled_at IS NULL")),
)

mission_reports = Table(
    "mission_reports",
    metadata,
    Column("id", Text, primary_key=True, comment="The flow run that made it."),
    Column("mission_id", Text, ForeignKey(missions.c.id, ondelete="CASCADE"), nullable=False),
    Column("until", DateTime(timezone=True), nullable=False),
    Column("is_scheduled", Boolean, nullable=False),
    Column("document", JSON, nullable=False),
    Index(None, "mission_id", "until"),
)

channel_states = Table(
    "channel_states",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("document", JSON, nullable=False),
)

conversation = Table(
    "conversation",
    metadata,
    Column("mission_id", Text, ForeignKey(missions.c.id, ondelete="CASCADE"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("place", BigInteger, Identity(), nullable=False),
    Column("document", JSON, nullable=False),
)

planning_usage = Table(
    "planning_usage",
    metadata,
    Column("mission_id", Text, ForeignKey(missions.c.id, ondelete="CASCADE"), primary_key=True),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("cost", Float(53), nullable=False),
)

audit_entries = Table(
    "audit_entries",
    metadata,
    Column("mission_id", Text, primary_key=True),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("document", Text, nullable=False, comment="Canonical JSON: exactly the text that is hashed."),
    Column("hash", Text, nullable=False),
)

audit_heads = Table(
    "audit_heads",
    metadata,
    Column("mission_id", Text, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("hash", Text, nullable=False, comment="Of the last entry; empty before the first."),
)

events = Table(
    "events",
    metadata,
    Column("source", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("place", BigInteger, Identity(), nullable=False, comment="The order in which they came."),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("last_seen_at", DateTime(timezone=True), nullable=False),
    Column("seen", Integer, nullable=False, comment="How often it was delivered."),
    Column("passed_at", DateTime(timezone=True), comment="When Prefect took it last."),
    Column("attempts", Integer, nullable=False, comment="How often it was passed on."),
    Column("settled_at", DateTime(timezone=True), comment="When Prefect had it for sure, or refused it for good."),
    Column("refusal", Text, nullable=False, comment="Why Prefect did not take it; empty: it did, or it is not known yet."),
    Column("document", JSON, nullable=False),
    Index("ix_events_unsettled", "place", postgresql_where=text("settled_at IS NULL")),
    Index(None, "last_seen_at"),
)

deletions = Table(
    "deletions",
    metadata,
    Column("key", Text, primary_key=True, comment="Hash of the Mission's id."),
    Column("state", Text, nullable=False),
    Column("begun_at", DateTime(timezone=True), nullable=False),
    Column("document", JSON, nullable=False),
)
