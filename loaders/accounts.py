"""The viewer's own account and sessions, and which handles are free."""

from collections.abc import Sequence
from uuid import UUID

from core.ids import SessionId
from loaders.base import Scope
from services import accounts, handles
from services.accounts import AccountRow
from services.auth import own
from services.auth.own import SessionRow
from services.handles import Availability


async def accounts_by_id(scope: Scope, user_ids: Sequence[UUID]) -> list[AccountRow | None]:
    """The viewer's own account; those of others are None."""
    async with scope.reading() as db:
        found = await accounts.own_accounts(db, scope.viewer, user_ids)
    return [found.get(user_id) for user_id in user_ids]


async def sessions_by_id(scope: Scope, ids: Sequence[SessionId]) -> list[SessionRow | None]:
    """The viewer's own open sessions; others are None."""
    async with scope.reading() as db:
        found = await own.own_sessions(db, scope.viewer, ids)
    return [found.get(session) for session in ids]


async def availability_of_handles(scope: Scope, asked: Sequence[str]) -> list[Availability]:
    """Whether each handle can be taken now."""
    async with scope.reading() as db:
        return [await handles.availability(db, scope.viewer, handle) for handle in asked]
