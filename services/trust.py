"""How far an account is trusted before anybody has looked at it."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select

from core import clock
from core.db import Read
from models.accounts import Account
from models.second_factors import SecondFactor

LOW: Final = 0.3
"""Below this, calls that are limited per viewer are limited to half as many."""

_GROWN_UP: Final = timedelta(days=30)


def score(created_at: datetime, *, is_verified: bool, has_second_factor: bool) -> float:
    """From 0 to 1: up to 0.5 for 30 days of age, 0.3 for a confirmed address, 0.2 for a second factor.

    So an account is trusted little for 18 days, or until its address is confirmed.
    """
    age = min(1.0, max(0.0, (clock.now() - created_at) / _GROWN_UP))
    return round(0.5 * age + 0.3 * is_verified + 0.2 * has_second_factor, 3)


async def of(db: Read, user_id: UUID) -> tuple[datetime, float] | None:
    """Since when there is an account, and how far it is trusted; None without one."""
    facts = select(
        Account.created_at,
        Account.email_verified_at.is_not(None).label("is_verified"),
        SecondFactor.confirmed_at.is_not(None).label("has_second_factor"),
    ).outerjoin(SecondFactor, SecondFactor.user_id == Account.user_id)
    row = await db.first(facts.where(Account.user_id == user_id))
    if row is None:
        return None
    known = score(row.created_at, is_verified=row.is_verified, has_second_factor=row.has_second_factor)
    return row.created_at, known
