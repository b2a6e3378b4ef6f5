"""Create the first tables."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "8ec7b4f2fe3b"
down_revision: str | Sequence[str] | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("password_changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("accounts_pkey")),
        info={"sharding": "distributed", "column": "user_id", "group": "users"},
    )
    op.create_table(
        "comments",
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("post_id", sa.Uuid(), nullable=False),
        sa.Column("commenter_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("mentions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("author_id", "id", name=op.f("comments_pkey")),
        info={"sharding": "distributed", "column": "author_id", "group": "users"},
    )
    op.create_index(
        "comments_author_id_post_id_id",
        "comments",
        ["author_id", "post_id", "id"],
        unique=False,
        postgresql_where="deleted_at is null",
    )
    op.create_table(
        "counter_deltas",
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("delta", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("author_id", "id", name=op.f("counter_deltas_pkey")),
        info={"sharding": "distributed", "column": "author_id", "group": "users"},
    )
    op.create_index(
        op.f("counter_deltas_author_id_subject_id_name"),
        "counter_deltas",
        ["author_id", "subject_id", "name"],
        unique=False,
    )
    op.create_table(
        "counters",
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("author_id", "subject_id", "name", name=op.f("counters_pkey")),
        info={"sharding": "distributed", "column": "author_id", "group": "users"},
    )
    op.create_table(
        "emails",
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("email", name=op.f("emails_pkey")),
        info={"sharding": "distributed", "column": "email", "group": "emails"},
    )
    op.create_table(
        "epochs",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("epochs_pkey")),
        info={"sharding": "reference"},
    )
    op.create_table(
        "followers",
        sa.Column("followee_id", sa.Uuid(), nullable=False),
        sa.Column("follower_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("followee_id", "follower_id", name=op.f("followers_pkey")),
        info={"sharding": "distributed", "column": "followee_id", "group": "users"},
    )
    op.create_index(
        op.f("followers_followee_id_state_created_at_follower_id"),
        "followers",
        ["followee_id", "state", "created_at", "follower_id"],
        unique=False,
    )
    op.create_table(
        "follows",
        sa.Column("follower_id", sa.Uuid(), nullable=False),
        sa.Column("followee_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("follower_id", "followee_id", name=op.f("follows_pkey")),
        info={"sharding": "distributed", "column": "follower_id", "group": "users"},
    )
    op.create_index(
        op.f("follows_follower_id_state_created_at_followee_id"),
        "follows",
        ["follower_id", "state", "created_at", "followee_id"],
        unique=False,
    )
    op.create_table(
        "handles",
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("handle", name=op.f("handles_pkey")),
        info={"sharding": "distributed", "column": "handle", "group": "handles"},
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("input_hash", sa.LargeBinary(), nullable=False),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("repeats", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("scope", "key", name=op.f("idempotency_keys_pkey")),
        info={"sharding": "distributed", "column": "scope", "group": "idempotency"},
    )
    op.create_index(op.f("idempotency_keys_created_at"), "idempotency_keys", ["created_at"], unique=False)
    op.create_table(
        "media",
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("post_id", sa.Uuid(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("alt_text", sa.Text(), nullable=True),
        sa.Column("focal_x", sa.Double(), nullable=False),
        sa.Column("focal_y", sa.Double(), nullable=False),
        sa.Column("blurhash", sa.Text(), nullable=True),
        sa.Column("dominant_color", sa.Text(), nullable=True),
        sa.Column("placeholder", sa.Text(), nullable=True),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.Column("original_key", sa.Text(), nullable=True),
        sa.Column("renditions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("author_id", "id", name=op.f("media_pkey")),
        info={"sharding": "distributed", "column": "author_id", "group": "users"},
    )
    op.create_index("media_author_id_post_id_position", "media", ["author_id", "post_id", "position"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("relayed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("outbox_pkey")),
        info={"sharding": "local"},
    )
    op.create_index("outbox_open", "outbox", ["id"], unique=False, postgresql_where="relayed_at is null")
    op.create_index(
        "outbox_relayed_at", "outbox", ["relayed_at"], unique=False, postgresql_where="relayed_at is not null"
    )
    op.create_table(
        "periodic",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("periodic_pkey")),
        info={"sharding": "local"},
    )
    op.create_table(
        "places",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("latitude", sa.Double(), nullable=False),
        sa.Column("longitude", sa.Double(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("places_pkey")),
        sa.UniqueConstraint("name", "latitude", "longitude", name=op.f("places_name_latitude_longitude_key")),
        info={"sharding": "reference"},
    )
    op.create_table(
        "post_likes",
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("post_id", sa.Uuid(), nullable=False),
        sa.Column("liker_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("author_id", "post_id", "liker_id", name=op.f("post_likes_pkey")),
        info={"sharding": "distributed", "column": "author_id", "group": "users"},
    )
    op.create_index(
        op.f("post_likes_author_id_post_id_created_at_liker_id"),
        "post_likes",
        ["author_id", "post_id", "created_at", "liker_id"],
        unique=False,
    )
    op.create_table(
        "posts",
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("shortcode", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("caption", sa.Text(), nullable=True),
        sa.Column("caption_mentions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("media_count", sa.Integer(), nullable=False),
        sa.Column("place_id", sa.Uuid(), nullable=True),
        sa.Column("comment_audience", sa.Text(), nullable=False),
        sa.Column("hides_like_count", sa.Boolean(), nullable=False),
        sa.Column("is_sensitive", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("author_id", "id", name=op.f("posts_pkey")),
        info={"sharding": "distributed", "column": "author_id", "group": "users"},
    )
    op.create_index(
        "posts_deleted_at",
        "posts",
        ["deleted_at"],
        unique=False,
        postgresql_where="deleted_at is not null",
    )
    op.create_index(
        "posts_author_id_id_published",
        "posts",
        ["author_id", "id"],
        unique=False,
        postgresql_where="status = 'PUBLISHED' and deleted_at is null",
    )
    op.create_table(
        "sessions",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("device_name", sa.Text(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("app_version", sa.Text(), nullable=True),
        sa.Column("log_in_method", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("refresh_hash", sa.LargeBinary(), nullable=False),
        sa.Column("replay", sa.LargeBinary(), nullable=True),
        sa.Column("replay_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_active_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("sessions_pkey")),
        info={"sharding": "distributed", "column": "user_id", "group": "users"},
    )
    op.create_index(op.f("sessions_user_id_last_active_at"), "sessions", ["user_id", "last_active_at"], unique=False)
    op.create_table(
        "shortcodes",
        sa.Column("shortcode", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("post_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("shortcode", name=op.f("shortcodes_pkey")),
        info={"sharding": "distributed", "column": "shortcode", "group": "shortcodes"},
    )
    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("private_key", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kid", name=op.f("signing_keys_pkey")),
        info={"sharding": "reference"},
    )
    op.create_table(
        "tasks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("outbox_id", sa.Uuid(), nullable=False),
        sa.Column("consequence", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("position", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_token", sa.Uuid(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dead_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("tasks_pkey")),
        sa.UniqueConstraint("outbox_id", "consequence", name=op.f("tasks_outbox_id_consequence_key")),
        info={"sharding": "local"},
    )
    op.create_index("tasks_dead_at", "tasks", ["dead_at"], unique=False, postgresql_where="dead_at is not null")
    op.create_index("tasks_done_at", "tasks", ["done_at"], unique=False, postgresql_where="done_at is not null")
    op.create_index(
        "tasks_open",
        "tasks",
        ["consequence", "next_at"],
        unique=False,
        postgresql_where="done_at is null and dead_at is null",
    )
    op.create_table(
        "topic_events",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("outbox_id", sa.Uuid(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("ids", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("topic", "seq", name=op.f("topic_events_pkey")),
        sa.UniqueConstraint("topic", "outbox_id", name=op.f("topic_events_topic_outbox_id_key")),
        info={"sharding": "distributed", "column": "topic", "group": "topics"},
    )
    op.create_index(op.f("topic_events_at"), "topic_events", ["at"], unique=False)
    op.create_table(
        "topics",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("watched_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("topic", name=op.f("topics_pkey")),
        info={"sharding": "distributed", "column": "topic", "group": "topics"},
    )
    op.create_index(op.f("topics_watched_until"), "topics", ["watched_until"], unique=False)
    op.create_table(
        "uploads",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=True),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("byte_size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("storage_key", sa.Text(), nullable=False),
        sa.Column("received_bytes", sa.BigInteger(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=True),
        sa.Column("fraction", sa.Double(), nullable=False),
        sa.Column("failure_code", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("uploads_pkey")),
        info={"sharding": "distributed", "column": "user_id", "group": "users"},
    )
    op.create_index(
        "uploads_expires_at",
        "uploads",
        ["expires_at"],
        unique=False,
        postgresql_where="state in ('OPEN', 'PROCESSING') or state = 'READY' and used_at is null",
    )
    op.create_index(
        "uploads_user_id_id_unused", "uploads", ["user_id", "id"], unique=False, postgresql_where="used_at is null"
    )
    op.create_index(
        "uploads_user_id_sha256",
        "uploads",
        ["user_id", "sha256"],
        unique=False,
        postgresql_where="sha256 is not null",
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("pronouns", sa.Text(), nullable=True),
        sa.Column("bio", sa.Text(), nullable=True),
        sa.Column("bio_mentions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("links", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("avatar_id", sa.Uuid(), nullable=True),
        sa.Column("is_verified", sa.Boolean(), nullable=False),
        sa.Column("is_private", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("users_pkey")),
        info={"sharding": "distributed", "column": "id", "group": "users"},
    )


def downgrade() -> None:
    op.drop_table("users")
    op.drop_index("uploads_user_id_sha256", table_name="uploads", postgresql_where="sha256 is not null")
    op.drop_index("uploads_user_id_id_unused", table_name="uploads", postgresql_where="used_at is null")
    op.drop_index(
        "uploads_expires_at",
        table_name="uploads",
        postgresql_where="state in ('OPEN', 'PROCESSING') or state = 'READY' and used_at is null",
    )
    op.drop_table("uploads")
    op.drop_index(op.f("topics_watched_until"), table_name="topics")
    op.drop_table("topics")
    op.drop_index(op.f("topic_events_at"), table_name="topic_events")
    op.drop_table("topic_events")
    op.drop_index("tasks_open", table_name="tasks", postgresql_where="done_at is null and dead_at is null")
    op.drop_index("tasks_done_at", table_name="tasks", postgresql_where="done_at is not null")
    op.drop_index("tasks_dead_at", table_name="tasks", postgresql_where="dead_at is not null")
    op.drop_table("tasks")
    op.drop_table("signing_keys")
    op.drop_table("shortcodes")
    op.drop_index(op.f("sessions_user_id_last_active_at"), table_name="sessions")
    op.drop_table("sessions")
    op.drop_index("posts_deleted_at", table_name="posts", postgresql_where="deleted_at is not null")
    op.drop_index(
        "posts_author_id_id_published",
        table_name="posts",
        postgresql_where="status = 'PUBLISHED' and deleted_at is null",
    )
    op.drop_table("posts")
    op.drop_index(op.f("post_likes_author_id_post_id_created_at_liker_id"), table_name="post_likes")
    op.drop_table("post_likes")
    op.drop_table("places")
    op.drop_table("periodic")
    op.drop_index("outbox_relayed_at", table_name="outbox", postgresql_where="relayed_at is not null")
    op.drop_index("outbox_open", table_name="outbox", postgresql_where="relayed_at is null")
    op.drop_table("outbox")
    op.drop_index("media_author_id_post_id_position", table_name="media")
    op.drop_table("media")
    op.drop_index(op.f("idempotency_keys_created_at"), table_name="idempotency_keys")
    op.drop_table("idempotency_keys")
    op.drop_table("handles")
    op.drop_index(op.f("follows_follower_id_state_created_at_followee_id"), table_name="follows")
    op.drop_table("follows")
    op.drop_index(op.f("followers_followee_id_state_created_at_follower_id"), table_name="followers")
    op.drop_table("followers")
    op.drop_table("epochs")
    op.drop_table("emails")
    op.drop_table("counters")
    op.drop_index(op.f("counter_deltas_author_id_subject_id_name"), table_name="counter_deltas")
    op.drop_table("counter_deltas")
    op.drop_index("comments_author_id_post_id_id", table_name="comments", postgresql_where="deleted_at is null")
    op.drop_table("comments")
    op.drop_table("accounts")
