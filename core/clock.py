"""The one clock: database time, so that all processes agree, plus the shift an operator sets for tests."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta

from core.settings import settings

_frozen: ContextVar[datetime | None] = ContextVar("frozen", default=None)
_database_offset: float | None = None
# A slower answer leaves too much doubt about the moment it was made at.
_SLOW = timedelta(milliseconds=100)


def now() -> datetime:
    """The present moment in UTC, cut to milliseconds; it is passed to SQL as a parameter."""
    moment = _frozen.get()
    if moment is None:
        seconds = time.time() + settings().clock_shift_seconds + (_database_offset or 0.0)
        return datetime.fromtimestamp(int(seconds * 1000) / 1000, UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def machine_time() -> datetime:
    """What this machine's own clock says, for comparison with the database's."""
    return datetime.fromtimestamp(time.time(), UTC)


def follow(database_time: datetime, asked_at: datetime, answered_at: datetime) -> None:
    """Keep the distance between the database's clock and this machine's, measured at connect and once a minute.

    The database looked at its clock some time between question and answer. An answer that took long tells nothing new
    to who has measured before: one stalled statement must not put the clock forward.
    """
    global _database_offset  # noqa: PLW0603 - one clock per process
    doubt = answered_at - asked_at
    if _database_offset is None or doubt <= _SLOW:
        _database_offset = (database_time - (asked_at + doubt / 2)).total_seconds()


@contextmanager
def frozen(at: datetime) -> Iterator[None]:
    """Stop the clock at a moment for everything run inside: seeding writes the past, tests fix time."""
    token = _frozen.set(at)
    try:
        yield
    finally:
        _frozen.reset(token)
