"""Count those comments alone whose writers' accounts are in use."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "f3b90c6e21d8"
down_revision: str | Sequence[str] | None = "4b8d20f7e95a"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_COUNTER = "case when state = 'VISIBLE' then 'comments' else 'comments_held' end"
_CEASE = f"""
    with left_behind as (
        update comments set is_counted = false where deleted_at is null
        and commenter_id in (select id from users where status <> 'ACTIVE') returning author_id, post_id, state
    )
    insert into counter_deltas (author_id, id, subject_id, name, delta)
    select author_id, gen_random_uuid(), post_id, {_COUNTER}, -1 from left_behind
"""  # noqa: S608 - constants
_COUNT = f"""
    insert into counter_deltas (author_id, id, subject_id, name, delta)
    select author_id, gen_random_uuid(), post_id, {_COUNTER}, 1 from comments
    where deleted_at is null and not is_counted
"""  # noqa: S608 - constants


def upgrade() -> None:
    op.add_column("comments", sa.Column("is_counted", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.execute(_CEASE)


def downgrade() -> None:
    op.execute(_COUNT)
    op.drop_column("comments", "is_counted")
