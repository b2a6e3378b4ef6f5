"""Keep who may mention and tag a person."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "3a9e5c71d06f"
down_revision: str | Sequence[str] | None = "b6f2a90e7d14"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_COLUMNS = ("mention_audience", "tag_audience")


def upgrade() -> None:
    for name in _COLUMNS:
        op.add_column("privacy_settings", sa.Column(name, sa.Text(), nullable=True))


def downgrade() -> None:
    for name in _COLUMNS:
        op.drop_column("privacy_settings", name)
