"""Write down what moderators and administrators do."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "6fd2c9e0417a"
down_revision: str | Sequence[str] | None = "b47f02ac93de"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_INDEXED = ("actor_id", "subject")


def upgrade() -> None:
    op.create_table(
        "audit_log",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("changes", postgresql.JSONB(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("audit_log_pkey")),
    )
    for column in _INDEXED:
        op.create_index(op.f(f"audit_log_{column}_id"), "audit_log", [column, "id"])
    op.create_index("accounts_role", "accounts", ["role"], postgresql_where=sa.text("role <> 'MEMBER'"))


def downgrade() -> None:
    op.drop_index("accounts_role", table_name="accounts")
    op.drop_table("audit_log")
