"""The first tables."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

SCHEMA = "missions"


def upgrade() -> None:
    """Make the tables of Missions, plans, runs and what belongs to them."""
    _missions_and_plans()
    _runs()
    _requests_and_messages()


def _missions_and_plans() -> None:
    op.create_table(
        "missions",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("plan_version", sa.Integer),
        sa.Column("active_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
        schema=SCHEMA,
    )
    op.create_index("ix_missions_active_at", "missions", ["active_at"], schema=SCHEMA)
    op.create_table(
        "plans",
        _mission_of("plans", primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("words", sa.Text, nullable=False, comment="Names and titles of the Tasks, for the search."),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_by", sa.Text, nullable=False, server_default=""),
        sa.Column("confirmed_at", sa.DateTime(timezone=True)),
        sa.Column("document", sa.JSON, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "conversation",
        _mission_of("conversation", primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("place", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
        schema=SCHEMA,
    )


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.Text, primary_key=True),
        _mission_of("runs"),
        sa.Column("task", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("has_conclusion", sa.Boolean, nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
        schema=SCHEMA,
    )
    op.create_index("ix_runs_mission_id_task_started_at", "runs", ["mission_id", "task", "started_at"], schema=SCHEMA)
    op.create_table(
        "leases",
        sa.Column("run_id", sa.Text, primary_key=True),
        sa.Column("mission_id", sa.Text, nullable=False),
        sa.Column("operation", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("seconds", sa.Integer, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("executions", sa.Integer, nullable=False),
        sa.Column("restarts", sa.Integer, nullable=False, comment="Executions after the process had died."),
        sa.Column(
            "beat_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When the owner last showed that it works.",
        ),
        sa.Column("working", sa.Interval, nullable=False, comment="Time at work, waits for people left out (R4.6)."),
        schema=SCHEMA,
    )
    op.create_index("ix_leases_mission_id", "leases", ["mission_id"], schema=SCHEMA)
    op.create_index("ix_leases_state", "leases", ["state"], schema=SCHEMA)
    op.create_table(
        "journal",
        sa.Column(
            "run_id",
            sa.Text,
            sa.ForeignKey(f"{SCHEMA}.leases.run_id", name="fk_journal_run_id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
        schema=SCHEMA,
    )
    _of_mission(
        "fires", sa.Column("run_id", sa.Text, primary_key=True), sa.Column("at", sa.DateTime(timezone=True), nullable=False)
    )


def _requests_and_messages() -> None:
    _of_mission(
        "requests",
        sa.Column("run_id", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deadline", sa.DateTime(timezone=True), nullable=False),
        sa.Column("spent_by", sa.Text, comment="Id of the call that spent the approval (R5.3)."),
    )
    op.create_index("ix_requests_state", "requests", ["state"], schema=SCHEMA)
    _of_mission(
        "messages",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_read", sa.Boolean, nullable=False),
    )
    op.create_index("ix_messages_at", "messages", ["at"], schema=SCHEMA)


def _mission_of(table: str, *, primary_key: bool = False) -> "sa.Column[str]":
    key = sa.ForeignKey(f"{SCHEMA}.missions.id", name=f"fk_{table}_mission_id", ondelete="CASCADE")
    return sa.Column("mission_id", sa.Text, key, primary_key=primary_key, nullable=False)


def _of_mission(table: str, *columns: "sa.Column[Any]") -> None:
    """A table whose rows may outlive, or precede, the row of their Mission: an index, no foreign key."""
    mission = sa.Column("mission_id", sa.Text, nullable=False)
    op.create_table(table, *columns, mission, sa.Column("document", sa.JSON, nullable=False), schema=SCHEMA)
    op.create_index(f"ix_{table}_mission_id", table, ["mission_id"], schema=SCHEMA)
