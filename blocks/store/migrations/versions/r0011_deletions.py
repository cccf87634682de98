"""Deletions of Missions: what is to be done, and the certificates of those that are over."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0009"

SCHEMA = "missions"


def upgrade() -> None:
    """Make the table of deletions."""
    op.create_table(
        "deletions",
        sa.Column("key", sa.Text, primary_key=True, comment="Hash of the Mission's id."),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
        schema=SCHEMA,
    )
