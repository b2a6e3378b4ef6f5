"""Let people hold back comments with words of their choice."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0c5e7a92b4fd"
down_revision: str | Sequence[str] | None = "f3b90c6e21d8"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("privacy_settings", sa.Column("filtered_words", sa.ARRAY(sa.Text()), nullable=True))


def downgrade() -> None:
    op.drop_column("privacy_settings", "filtered_words")
