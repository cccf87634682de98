"""Fires that wait for their turn, and what made a run start."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

SCHEMA = "missions"


def upgrade() -> None:
    """Make the queue; runs get the id of the event, or round, that started them."""
    op.create_table(
        "queue",
        sa.Column("run_id", sa.Text, primary_key=True),
        sa.Column("mission_id", sa.Text, sa.ForeignKey(f"{SCHEMA}.missions.id", ondelete="CASCADE"), nullable=False),
        sa.Column("task", sa.Text, nullable=False),
        sa.Column("place", sa.BigInteger, sa.Identity(), nullable=False, comment="The order in which they came."),
        sa.Column("document", sa.JSON, nullable=False),
        schema=SCHEMA,
    )
    op.create_index("ix_queue_mission_id_task", "queue", ["mission_id", "task"], schema=SCHEMA)
    occasion = sa.Column("occasion", sa.Text, comment="Id of the event, or of the round, that started it.")
    op.add_column("runs", occasion, schema=SCHEMA)
    op.create_index("ix_runs_mission_id_task_occasion", "runs", ["mission_id", "task", "occasion"], schema=SCHEMA)
