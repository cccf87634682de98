"""The audit record, and the format of journal entries."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

SCHEMA = "missions"

_REFUSE = f"""
CREATE FUNCTION {SCHEMA}.refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.mission_id = current_setting('missions.deleting', true) THEN
            RETURN OLD;
        END IF;
    ELSIF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'audit_heads' THEN
        IF NEW.mission_id = OLD.mission_id AND NEW.count = OLD.count + 1 THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'The audit record is append-only: % on % is refused.', TG_OP, TG_TABLE_NAME;
END $$
"""
"""Nothing is changed, and a Mission's entries go only in a transaction that says so: SET LOCAL missions.deleting = its id."""


def upgrade() -> None:
    """Make the record, guarded by triggers, and give each Mission that there is the head of an empty one."""
    op.add_column(
        "journal",
        sa.Column(
            "format", sa.Integer, nullable=False, server_default="1", comment="How the event is written, see JOURNAL_FORMAT."
        ),
        schema=SCHEMA,
    )
    op.create_table(
        "audit_entries",
        sa.Column("mission_id", sa.Text, primary_key=True),
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("document", sa.Text, nullable=False, comment="Canonical JSON: exactly the text that is hashed."),
        sa.Column("hash", sa.Text, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "audit_heads",
        sa.Column("mission_id", sa.Text, primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("hash", sa.Text, nullable=False, comment="Of the last entry; empty before the first."),
        schema=SCHEMA,
    )
    op.execute(f"INSERT INTO {SCHEMA}.audit_heads SELECT id, 0, '' FROM {SCHEMA}.missions")
    op.execute(_REFUSE)
    for table in ("audit_entries", "audit_heads"):
        _guard(table, "UPDATE OR DELETE", "ROW")
        _guard(table, "TRUNCATE", "STATEMENT")


def _guard(table: str, what: str, each: str) -> None:
    op.execute(
        f"CREATE TRIGGER {table}_append_only_{each.lower()} BEFORE {what} ON {SCHEMA}.{table} "
        f"FOR EACH {each} EXECUTE FUNCTION {SCHEMA}.refuse_audit_change()"
    )
