"""Hold handles that were left, and protect those that others could pass for."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "9d3b61c8e704"
down_revision: str | Sequence[str] | None = "c27f40b1d6aa"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("handles", sa.Column("released_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "protected_handles",
        sa.Column("skeleton", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("skeleton", "user_id", name=op.f("protected_handles_pkey")),
    )


def downgrade() -> None:
    op.drop_table("protected_handles")
    op.drop_column("handles", "released_at")
