"""Know second factors, recovery codes and log-ins that wait for them."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "8d1e63b7f205"
down_revision: str | Sequence[str] | None = "9d3b61c8e704"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "second_factors",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("confirmed_at", _MOMENT, nullable=True),
        sa.Column("last_step", sa.Integer(), nullable=True),
        sa.Column("pending", sa.LargeBinary(), nullable=True),
        sa.Column("pending_until", _MOMENT, nullable=True),
        sa.Column("pending_failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="second_factors_pkey"),
    )
    op.create_table(
        "second_factor_failures",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("is_known_network", sa.Boolean(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failed_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "is_known_network", name="second_factor_failures_pkey"),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("user_id", "digest", name="recovery_codes_pkey"),
    )
    op.create_table(
        "log_in_challenges",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("first_step", sa.Text(), nullable=False),
        sa.Column("device_name", sa.Text(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("app_version", sa.Text(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("ended_at", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("user_id", "id", name="log_in_challenges_pkey"),
    )
    op.create_index("log_in_challenges_expires_at", "log_in_challenges", ["expires_at"])


def downgrade() -> None:
    for table in ("log_in_challenges", "recovery_codes", "second_factor_failures", "second_factors"):
        op.drop_table(table)
