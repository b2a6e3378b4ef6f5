"""Keep whom people may want to follow, and find what they liked and wrote by when they did."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "7c41e08a5bd3"
down_revision: str | Sequence[str] | None = "3a9c5be07f18"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_BY_PERSON = ("suggestions", "dismissed_suggestions")
_IN_TIME = {"post_likes": ("liker_id", "created_at"), "comments": ("commenter_id", "id")}


def upgrade() -> None:
    op.create_table(
        "suggestions",
        *_pair(),
        sa.Column("score", sa.Float(53), nullable=False),
        sa.Column("kinds", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("known", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "person_id", name=op.f("suggestions_pkey")),
    )
    op.create_table(
        "dismissed_suggestions",
        *_pair(),
        sa.Column("dismissed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "person_id", name=op.f("dismissed_suggestions_pkey")),
    )
    for table in _BY_PERSON:
        op.create_index(op.f(f"{table}_person_id"), table, ["person_id"])
    op.create_table(
        "suggestion_turns",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("user_id", name=op.f("suggestion_turns_pkey")),
    )
    is_due = sa.text("due_at is not null")
    op.create_index("suggestion_turns_due_at", "suggestion_turns", ["due_at"], postgresql_where=is_due)
    op.create_table(
        "popular_people",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("score", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name=op.f("popular_people_pkey")),
    )
    op.create_index("followers_created_at", "followers", ["created_at"], postgresql_using="brin")
    for table, (person, moment) in _IN_TIME.items():
        op.create_index(op.f(f"{table}_{person}_{moment}"), table, [person, moment])
        op.drop_index(op.f(f"{table}_{person}"), table)


def downgrade() -> None:
    for table, (person, moment) in _IN_TIME.items():
        op.create_index(op.f(f"{table}_{person}"), table, [person])
        op.drop_index(op.f(f"{table}_{person}_{moment}"), table)
    op.drop_index("followers_created_at", "followers")
    for table in ("popular_people", "suggestion_turns", *_BY_PERSON):
        op.drop_table(table)


def _pair() -> list[sa.Column[object]]:
    return [sa.Column(name, sa.Uuid(), nullable=False) for name in ("user_id", "person_id")]
