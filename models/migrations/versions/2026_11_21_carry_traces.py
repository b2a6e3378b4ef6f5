"""Carry traces from a call to what follows from it."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "5d0c1f7a9e42"
down_revision: str | Sequence[str] | None = "8ec7b4f2fe3b"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_TABLES = ("outbox", "tasks", "topic_events")


def upgrade() -> None:
    for table in _TABLES:
        op.add_column(table, sa.Column("traceparent", sa.Text(), nullable=True))


def downgrade() -> None:
    for table in _TABLES:
        op.drop_column(table, "traceparent")
