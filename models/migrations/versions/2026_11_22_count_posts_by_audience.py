"""Count published posts by their audience, and find those for a reader in the index alone."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "5d18f0c6b2a4"
down_revision: str | Sequence[str] | None = "c81d4f06b29a"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_INDEX = "posts_author_id_id_published"
_THERE = sa.text("status = 'PUBLISHED' and deleted_at is null")
_FORGET = (
    "delete from counter_deltas where name = 'posts' or name like 'posts!_%' escape '!'",
    "delete from counters where name = 'posts' or name like 'posts!_%' escape '!'",
)
# unguarded: the system counts
_COUNT = """
    insert into counters (author_id, subject_id, name, value)
    select author_id, author_id, 'posts_' || lower(audience), count(*) from posts
    where published_at is not null and deleted_at is null group by author_id, audience
"""
_COUNT_ALL = """
    insert into counters (author_id, subject_id, name, value)
    select author_id, author_id, 'posts', count(*) from posts
    where published_at is not null and deleted_at is null group by author_id
"""


def upgrade() -> None:
    for statement in (*_FORGET, _COUNT):
        op.execute(statement)
    op.drop_index(_INDEX, table_name="posts")
    op.create_index(_INDEX, "posts", ["author_id", "id"], postgresql_include=["audience"], postgresql_where=_THERE)


def downgrade() -> None:
    for statement in (*_FORGET, _COUNT_ALL):
        op.execute(statement)
    op.drop_index(_INDEX, table_name="posts")
    op.create_index(_INDEX, "posts", ["author_id", "id"], postgresql_where=_THERE)
