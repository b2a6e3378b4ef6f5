"""Find the comments that a viewer does not see, and those that wait for the author of a post."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "e07a4b91d3c6"
down_revision: str | Sequence[str] | None = "e2a70c94d6b1"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_BY_WRITER = "comments_author_id_post_id_commenter_id"


def upgrade() -> None:
    there = sa.text("deleted_at is null")
    op.create_index(_BY_WRITER, "comments", ["author_id", "post_id", "commenter_id"], postgresql_where=there)
    blocked = sa.text("blocked_at is not null")
    columns = ["person_id", "blocked_at"]
    op.create_index("received_stances_blocked_at", "received_stances", columns, postgresql_where=blocked)


def downgrade() -> None:
    op.drop_index("received_stances_blocked_at", table_name="received_stances")
    op.drop_index(_BY_WRITER, table_name="comments")
