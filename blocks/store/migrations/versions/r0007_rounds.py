"""The order in which runs end, and the rounds of Tasks that run after others."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

SCHEMA = "missions"


def upgrade() -> None:
    """Make the places of ends, the books of the rounds, and the rounds that closed."""
    op.execute(sa.schema.CreateSequence(sa.Sequence("ends", schema=SCHEMA)))
    op.add_column("runs", sa.Column("end_place", sa.BigInteger, comment="Where its end stands among all."), schema=SCHEMA)
    op.create_index("ix_runs_end_place", "runs", ["end_place"], schema=SCHEMA)
    op.create_index("ix_runs_mission_id_task_end_place", "runs", ["mission_id", "task", "end_place"], schema=SCHEMA)
    op.create_table(
        "round_books",
        _mission(),
        sa.Column("task", sa.Text, primary_key=True),
        sa.Column("document", sa.JSON, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "rounds",
        _mission(),
        sa.Column("task", sa.Text, primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("place", sa.BigInteger, nullable=False, comment="That of the end with which it closed."),
        sa.Column("settled_at", sa.DateTime(timezone=True), comment="When its run was started, or its refusal recorded."),
        sa.Column("document", sa.JSON, nullable=False),
        schema=SCHEMA,
    )
    unsettled = sa.text("settled_at IS NULL")
    op.create_index("ix_rounds_unsettled", "rounds", ["place"], schema=SCHEMA, postgresql_where=unsettled)


def _mission() -> sa.Column[str]:
    return sa.Column("mission_id", sa.Text, sa.ForeignKey(f"{SCHEMA}.missions.id", ondelete="CASCADE"), primary_key=True)
