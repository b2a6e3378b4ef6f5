"""Let accounts go: why, and what is found by the person whose it is."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "e1a7c05d92bf"
down_revision: str | Sequence[str] | None = "8d1e63b7f205"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_INDEXES = (("post_likes", "liker_id"), ("comments", "commenter_id"))
_PARTIAL = (("accounts", "deletion_scheduled_for"), ("handles", "released_at"))


def upgrade() -> None:
    op.add_column("accounts", sa.Column("leaving_reason", sa.Text(), nullable=True))
    for table, column in _INDEXES:
        op.create_index(op.f(f"{table}_{column}"), table, [column])
    for table, column in _PARTIAL:
        op.create_index(f"{table}_{column}", table, [column], postgresql_where=sa.text(f"{column} is not null"))


def downgrade() -> None:
    for table, column in (*_INDEXES, *_PARTIAL):
        op.drop_index(f"{table}_{column}", table_name=table)
    op.drop_column("accounts", "leaving_reason")
