"""Log in with outside providers: what is linked to whom, and attempts on their way."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "8e15d3a90c72"
down_revision: str | Sequence[str] | None = "e1a7c05d92bf"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "linked_identities",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("account_name", sa.Text(), nullable=False),
        sa.Column("subject_digest", sa.LargeBinary(), nullable=False),
        sa.Column("linked_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("linked_identities_pkey")),
    )
    op.create_index(
        op.f("linked_identities_user_id_provider"), "linked_identities", ["user_id", "provider"], unique=True
    )
    op.create_table(
        "provider_subjects",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("identity_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("provider_subjects_pkey")),
    )
    op.create_table(
        "provider_log_ins",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("secrets", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("begun_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("code_digest", sa.LargeBinary(), nullable=True),
        sa.Column("used_at", _MOMENT, nullable=True),
        sa.Column("identity", sa.LargeBinary(), nullable=True),
        sa.Column("completed_at", _MOMENT, nullable=True),
        sa.Column("proves", sa.Uuid(), nullable=True),
        sa.Column("spent_at", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("digest", name=op.f("provider_log_ins_pkey")),
    )
    op.create_index(op.f("provider_log_ins_expires_at"), "provider_log_ins", ["expires_at"])


def downgrade() -> None:
    op.drop_table("provider_log_ins")
    op.drop_table("provider_subjects")
    op.drop_table("linked_identities")
