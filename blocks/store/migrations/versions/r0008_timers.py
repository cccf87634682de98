"""Up to when the fires of each Task's timer are accounted for."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

SCHEMA = "missions"


def upgrade() -> None:
    """Make the table of timers."""
    mission = sa.ForeignKey(f"{SCHEMA}.missions.id", ondelete="CASCADE")
    op.create_table(
        "timers",
        sa.Column("mission_id", sa.Text, mission, primary_key=True),
        sa.Column("task", sa.Text, primary_key=True),
        sa.Column("document", sa.JSON, nullable=False),
        schema=SCHEMA,
    )
