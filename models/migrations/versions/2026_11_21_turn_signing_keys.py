"""Know since when a signing key is what it is."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "b46f0d9a31c8"
down_revision: str | Sequence[str] | None = "8e15d3a90c72"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("signing_keys", sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("signing_keys", "changed_at")
