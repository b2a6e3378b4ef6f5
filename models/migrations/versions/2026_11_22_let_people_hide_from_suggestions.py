"""Let people choose not to be suggested to others."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "d05b7c3e91f4"
down_revision: str | Sequence[str] | None = "3a9e5c71d06f"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("privacy_settings", sa.Column("is_discoverable", sa.Boolean(), nullable=True))


def downgrade() -> None:
    op.drop_column("privacy_settings", "is_discoverable")
