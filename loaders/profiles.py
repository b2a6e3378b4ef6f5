"""Profiles, how the viewer stands to them, and their counts."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from loaders.base import Scope
from services import counters, known_followers
from services.visibility import profiles
from services.visibility.relationships import relationships
from services.visibility.rows import VisibleUser
from services.visibility.rules import Relationship


async def users_by_id(scope: Scope, ids: Sequence[UUID]) -> list[VisibleUser | None]:
    """Profiles as the viewer sees them; None where there is none."""
    async with scope.reading() as db:
        found = await profiles.users(db, scope.viewer, ids)
    return [found.get(user_id) for user_id in ids]


async def relationships_by_id(scope: Scope, ids: Sequence[UUID]) -> list[Relationship]:
    """How the viewer stands to each person."""
    async with scope.reading() as db:
        found = await relationships(db, scope.viewer, ids)
    return [found[user_id] for user_id in ids]


async def user_counts(scope: Scope, ids: Sequence[UUID]) -> list[Mapping[str, int]]:
    """Counts of followers, followed people and posts; a name that is missing stands for 0."""
    async with scope.reading() as db:
        found = await counters.read(db, [(user_id, user_id) for user_id in ids])
    return [found[user_id, user_id] for user_id in ids]


async def known_follower_counts(scope: Scope, ids: Sequence[UUID]) -> list[int]:
    """How many followers of each person the viewer follows."""
    async with scope.reading() as db:
        found = await known_followers.counts(db, scope.viewer, ids)
    return [found.get(user_id, 0) for user_id in ids]
