"""Know more of accounts and sessions: confirmed addresses, proofs of identity, planned deletion."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "c27f40b1d6aa"
down_revision: str | Sequence[str] | None = "5d0c1f7a9e42"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_COLUMNS = {
    "accounts": (
        ("email_verified_at", sa.DateTime(timezone=True)),
        ("pending_email", sa.Text()),
        ("birth_date", sa.Date()),
        ("accepted_terms", sa.Text()),
        ("deletion_scheduled_for", sa.DateTime(timezone=True)),
    ),
    "sessions": (
        ("proved_at", sa.DateTime(timezone=True)),
        ("place", sa.Text()),
        ("fingerprint", sa.LargeBinary()),
    ),
}
_PASSWORD = ("password_hash", "password_changed_at")


def upgrade() -> None:
    for table, columns in _COLUMNS.items():
        for name, kind in columns:
            op.add_column(table, sa.Column(name, kind, nullable=True))
    for name in _PASSWORD:
        op.alter_column("accounts", name, nullable=True)


def downgrade() -> None:
    for name in _PASSWORD:
        op.alter_column("accounts", name, nullable=False)
    for table, columns in _COLUMNS.items():
        for name, _ in columns:
            op.drop_column(table, name)
