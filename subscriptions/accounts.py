"""What every device of an account must know: sessions that begin and end, and what changed."""

from collections.abc import AsyncGenerator
from uuid import UUID

import strawberry

from core.ids import SessionId, ViewerId
from schema import nodes
from schema.account_events import AccountChangedEvent, SessionsRevokedEvent, SessionStartedEvent
from schema.accounts import Viewer
from schema.auth import Session
from schema.context import Context
from schema.events import AccountEvent
from schema.fields import root
from services import event_log
from services.event_log import LoggedEvent
from subscriptions import base
from subscriptions.base import Stream


@strawberry.type
class AccountSubscriptions:
    @root
    async def account_events(ctx: Context, *, after: str | None = None) -> AsyncGenerator[AccountEvent | None, None]:
        stream = Stream("account", [event_log.account_topic(ctx.viewer.user_id)], _present)
        return await base.events(ctx, stream, after)


async def _present(ctx: Context, logged: LoggedEvent, cursor: str) -> AccountEvent | None:
    user_id = UUID(logged.ids["user_id"])
    if logged.event == "SessionStarted":
        session = await nodes.one(ctx, _session(user_id, logged), Session)
        return SessionStartedEvent(cursor=cursor, occurred_at=logged.at, session=session) if session else None
    if logged.event == "SessionEnded":
        ended = [strawberry.ID(str(_session(user_id, logged)))]
        return SessionsRevokedEvent(cursor=cursor, occurred_at=logged.at, revoked_session_ids=ended)
    viewer = await nodes.one(ctx, ViewerId(user_id), Viewer)
    return AccountChangedEvent(cursor=cursor, occurred_at=logged.at, viewer=viewer) if viewer else None


def _session(user_id: UUID, logged: LoggedEvent) -> SessionId:
    return SessionId(user_id, UUID(logged.ids["session_id"]))
