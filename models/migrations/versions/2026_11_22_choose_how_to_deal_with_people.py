"""Keep how people chose to deal with each other."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "3a9c5be07f18"
down_revision: str | Sequence[str] | None = "d05b7c3e91f4"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_LISTS = ("blocked_at", "restricted_at", "close_friend_since", "muted_at")


def upgrade() -> None:
    op.create_table(
        "stances",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("blocked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("blocked_via", sa.Uuid(), nullable=True),
        sa.Column("restricted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("close_friend_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("muted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mutes", sa.ARRAY(sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("owner_id", "person_id", name=op.f("stances_pkey")),
    )
    for column in _LISTS:
        there = sa.text(f"{column} is not null")
        op.create_index(f"stances_{column}", "stances", ["owner_id", column], postgresql_where=there)
    op.create_table(
        "received_stances",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("blocked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("restricted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("close_friend_since", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("person_id", "owner_id", name=op.f("received_stances_pkey")),
    )


def downgrade() -> None:
    op.drop_table("received_stances")
    op.drop_table("stances")
