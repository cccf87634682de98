"""Events that the gateway took in and passes on."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0003"

SCHEMA = "missions"


def upgrade() -> None:
    """Make the table of events."""
    op.create_table(
        "events",
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("place", sa.BigInteger, sa.Identity(), nullable=False, comment="The order in which they came."),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen", sa.Integer, nullable=False, comment="How often it was delivered."),
        sa.Column("passed_at", sa.DateTime(timezone=True), comment="When Prefect took it last."),
        sa.Column("attempts", sa.Integer, nullable=False, comment="How often it was passed on."),
        sa.Column("settled_at", sa.DateTime(timezone=True), comment="When Prefect had it for sure, or refused it for good."),
        sa.Column(
            "refusal",
            sa.Text,
            nullable=False,
            comment="Why Prefect did not take it; empty: it did, or it is not known yet.",
        ),
        sa.Column("document", sa.JSON, nullable=False),
        schema=SCHEMA,
    )
    unsettled = sa.text("settled_at IS NULL")
    op.create_index("ix_events_unsettled", "events", ["place"], schema=SCHEMA, postgresql_where=unsettled)
    op.create_index("ix_events_last_seen_at", "events", ["last_seen_at"], schema=SCHEMA)
