"""What planning has used for each Mission, beside its runs."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

SCHEMA = "missions"


def upgrade() -> None:
    """Make the table of sums."""
    op.create_table(
        "planning_usage",
        sa.Column("mission_id", sa.Text, sa.ForeignKey(f"{SCHEMA}.missions.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("input_tokens", sa.BigInteger, nullable=False),
        sa.Column("output_tokens", sa.BigInteger, nullable=False),
        sa.Column("cost", sa.Float(53), nullable=False),
        schema=SCHEMA,
    )
