"""Keep what people choose for all they publish."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "b47f02ac93de"
down_revision: str | Sequence[str] | None = "41f6a0c8d2e7"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "privacy_settings",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("hides_like_counts", sa.Boolean(), nullable=False),
        sa.Column("comment_audience", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("privacy_settings_pkey")),
    )


def downgrade() -> None:
    op.drop_table("privacy_settings")
