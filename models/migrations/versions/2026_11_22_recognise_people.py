"""Keep what proves that accounts belong to one human being."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "4b8d20f7e95a"
down_revision: str | Sequence[str] | None = "e07a4b91d3c6"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "identity_marks",
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("mark", "user_id", name=op.f("identity_marks_pkey")),
    )
    op.create_index(op.f("identity_marks_user_id"), "identity_marks", ["user_id"])


def downgrade() -> None:
    op.drop_table("identity_marks")
