"""Tag people in pictures."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "c81d4f06b29a"
down_revision: str | Sequence[str] | None = "7c41e08a5bd3"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "media_tags",
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("media_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("post_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("x", sa.Float(), nullable=False),
        sa.Column("y", sa.Float(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("author_id", "media_id", "person_id", name=op.f("media_tags_pkey")),
    )
    op.create_index(op.f("media_tags_author_id_post_id_person_id"), "media_tags", ["author_id", "post_id", "person_id"])
    op.create_table(
        "tagged_posts",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("post_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", "post_id", name=op.f("tagged_posts_pkey")),
    )
    op.create_index(op.f("tagged_posts_person_id_author_id"), "tagged_posts", ["person_id", "author_id"])


def downgrade() -> None:
    op.drop_table("tagged_posts")
    op.drop_table("media_tags")
