"""All tables in one place, for migrations and for tests that look at every table."""

from models import (
    accounts,
    audit,
    auth,
    comments,
    counters,
    epochs,
    follows,
    idempotency,
    likes,
    mail_codes,
    media,
    outbox,
    periodic,
    posts,
    privacy,
    profiles,
    providers,
    second_factors,
    stances,
    tasks,
    topic_events,
)
from models.base import Base

__all__ = [
    "accounts",
    "audit",
    "auth",
    "comments",
    "counters",
    "epochs",
    "follows",
    "idempotency",
    "likes",
    "mail_codes",
    "media",
    "metadata",
    "outbox",
    "periodic",
    "posts",
    "privacy",
    "profiles",
    "providers",
    "second_factors",
    "stances",
    "tasks",
    "topic_events",
]

metadata = Base.metadata
