"""Mail codes to people."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "41f6a0c8d2e7"
down_revision: str | Sequence[str] | None = "b46f0d9a31c8"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "mail_codes",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("used_at", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("mail_codes_pkey")),
        info={"sharding": "distributed", "column": "user_id", "group": "users"},
    )
    op.create_index(op.f("mail_codes_expires_at"), "mail_codes", ["expires_at"])


def downgrade() -> None:
    op.drop_table("mail_codes")
