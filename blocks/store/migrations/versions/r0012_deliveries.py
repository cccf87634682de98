"""Which message goes to which notification channel, how the channels do, and Mission Reports."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

SCHEMA = "missions"


def upgrade() -> None:
    """Make the tables. Messages of before are in the inbox and count as routed: they are nobody's news."""
    op.add_column(
        "messages",
        sa.Column("place", sa.BigInteger, sa.Identity(), nullable=False, comment="The order in which they came."),
        schema=SCHEMA,
    )
    op.add_column(
        "messages",
        sa.Column("routed_at", sa.DateTime(timezone=True), comment="When it was decided which channels get it."),
        schema=SCHEMA,
    )
    op.execute(f"UPDATE {SCHEMA}.messages SET routed_at = now()")
    unrouted = sa.text("routed_at IS NULL")
    op.create_index("ix_messages_unrouted", "messages", ["place"], schema=SCHEMA, postgresql_where=unrouted)
    _make_deliveries()
    _make_mission_reports()
    op.create_table(
        "channel_states",
        sa.Column("channel", sa.Text, primary_key=True),
        sa.Column("document", sa.JSON, nullable=False),
        schema=SCHEMA,
    )


def _make_deliveries() -> None:
    message = sa.ForeignKey(f"{SCHEMA}.messages.id", ondelete="CASCADE")
    tried = "Id of the notification that was tried last; empty: it can't have arrived."
    op.create_table(
        "deliveries",
        sa.Column("message_id", sa.Text, message, primary_key=True),
        sa.Column("channel", sa.Text, primary_key=True),
        sa.Column("attempts", sa.Integer, nullable=False, comment="How often it was sent, or about to be."),
        sa.Column("bundle", sa.Text, nullable=False, comment=tried),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False, comment="Nobody sends it before."),
        sa.Column("settled_at", sa.DateTime(timezone=True), comment="When the channel took it, or it was given up."),
        sa.Column("reason", sa.Text, nullable=False, comment="Why it was not taken; empty when it was."),
        schema=SCHEMA,
    )
    unsettled = sa.text("settled_at IS NULL")
    columns = ["channel", "next_at"]
    op.create_index("ix_deliveries_unsettled", "deliveries", columns, schema=SCHEMA, postgresql_where=unsettled)


def _make_mission_reports() -> None:
    op.create_table(
        "mission_reports",
        sa.Column("id", sa.Text, primary_key=True, comment="The flow run that made it."),
        sa.Column("mission_id", sa.Text, sa.ForeignKey(f"{SCHEMA}.missions.id", ondelete="CASCADE"), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_scheduled", sa.Boolean, nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
        schema=SCHEMA,
    )
    op.create_index("ix_mission_reports_mission_id_until", "mission_reports", ["mission_id", "until"], schema=SCHEMA)
