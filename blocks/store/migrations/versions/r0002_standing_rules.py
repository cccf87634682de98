"""Standing rules and their uses; approvals are spent in two steps."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

SCHEMA = "missions"


def upgrade() -> None:
    """Make the tables of standing rules, and the column that says when an approval was spent for good."""
    op.add_column(
        "requests",
        sa.Column(
            "spent_at",
            sa.DateTime(timezone=True),
            comment="When that call came back: from here on it is spent for good.",
        ),
        schema=SCHEMA,
    )
    op.alter_column(
        "requests",
        "spent_by",
        comment="Id of the call that the approval is reserved for, before it is made (R5.3).",
        existing_comment="Id of the call that spent the approval (R5.3).",
        schema=SCHEMA,
    )
    _standing_rules()
    _uses()


def _standing_rules() -> None:
    mission = sa.ForeignKey(f"{SCHEMA}.missions.id", name="fk_standing_rules_mission_id", ondelete="CASCADE")
    op.create_table(
        "standing_rules",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("mission_id", sa.Text, mission, nullable=False),
        sa.Column("tool", sa.Text, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("document", sa.JSON, nullable=False),
        schema=SCHEMA,
    )
    op.create_index("ix_standing_rules_mission_id_tool", "standing_rules", ["mission_id", "tool"], schema=SCHEMA)


def _uses() -> None:
    rule = sa.ForeignKey(f"{SCHEMA}.standing_rules.id", name="fk_standing_rule_uses_rule_id", ondelete="CASCADE")
    op.create_table(
        "standing_rule_uses",
        sa.Column("rule_id", sa.Text, rule, primary_key=True),
        sa.Column("run_id", sa.Text, primary_key=True),
        sa.Column("call_id", sa.Text, primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_back", sa.Boolean, nullable=False, comment="Whether the call has come back."),
        schema=SCHEMA,
    )
    op.create_index("ix_standing_rule_uses_run_id_call_id", "standing_rule_uses", ["run_id", "call_id"], schema=SCHEMA)
