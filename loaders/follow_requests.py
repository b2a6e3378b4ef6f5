"""Requests to follow that concern the viewer, and how many there are."""

from collections.abc import Sequence

from core.ids import FollowRequestId
from loaders.base import Scope
from services import follow_requests
from services.follow_requests import Direction
from services.visibility.follow_requests import requests
from services.visibility.rows import VisibleFollowRequest


async def follow_requests_by_id(scope: Scope, ids: Sequence[FollowRequestId]) -> list[VisibleFollowRequest | None]:
    """Requests that wait; those of others, and those answered, are None."""
    async with scope.reading() as db:
        found = await requests(db, scope.viewer, ids)
    return [found.get(each) for each in ids]


async def follow_request_counts(scope: Scope, directions: Sequence[Direction]) -> list[int]:
    """How many requests the viewer was sent, or sent."""
    async with scope.reading() as db:
        return [await follow_requests.count(db, scope.viewer, each) for each in directions]
