"""Send codes of the second factor to phones."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "b6f2a90e7d14"
down_revision: str | Sequence[str] | None = "6fd2c9e0417a"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_COLUMNS = (
    ("phone", sa.LargeBinary()),
    ("code_id", sa.Uuid()),
    ("code_until", sa.DateTime(timezone=True)),
    ("pending_phone", sa.LargeBinary()),
)


def upgrade() -> None:
    for name, kind in _COLUMNS:
        op.add_column("second_factors", sa.Column(name, kind, nullable=True))


def downgrade() -> None:
    for name, _ in _COLUMNS:
        op.drop_column("second_factors", name)
