"""Find people by how their handle or name starts."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "e2a70c94d6b1"
down_revision: str | Sequence[str] | None = "5d18f0c6b2a4"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_STARTS = {"users_handle_start": "handle", "users_name_start": "display_name"}


def upgrade() -> None:
    for name, column in _STARTS.items():
        op.create_index(name, "users", [sa.text(f'(lower({column}) collate "C")'), "id"])


def downgrade() -> None:
    for name in _STARTS:
        op.drop_index(name, "users")
