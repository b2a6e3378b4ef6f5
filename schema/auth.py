"""Sessions of devices and their tokens."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry

from core.ids import SessionId
from core.paging import Page, Window
from loaders.accounts import sessions_by_id
from schema import nodes
from schema.connections import Connection, connection, fill_pages
from schema.context import Context
from schema.fields import attribute, batched
from schema.mutation import Payload
from schema.nodes import Node
from services.auth import own
from services.auth.own import SessionRow

if TYPE_CHECKING:
    from core.db import Read
    from schema.accounts import Account, Viewer


@strawberry.enum
class Platform(Enum):
    WEB = "WEB"
    IOS = "IOS"
    ANDROID = "ANDROID"
    DESKTOP = "DESKTOP"
    OTHER = "OTHER"


@strawberry.enum
class LogInMethod(Enum):
    PASSWORD = "PASSWORD"  # noqa: S105 - the name of a way in
    PASSWORD_AND_TOTP = "PASSWORD_AND_TOTP"  # noqa: S105 - another one
    PASSWORD_AND_SMS = "PASSWORD_AND_SMS"  # noqa: S105 - another one
    PASSWORD_AND_RECOVERY_CODE = "PASSWORD_AND_RECOVERY_CODE"  # noqa: S105 - another one
    PROVIDER = "PROVIDER"
    SIGN_UP = "SIGN_UP"


@strawberry.enum
class TwoFactorMethod(Enum):
    TOTP = "TOTP"
    SMS = "SMS"
    RECOVERY_CODE = "RECOVERY_CODE"


@strawberry.type
class Session(Node):
    row: strawberry.Private[SessionRow]
    is_current: bool

    def global_id(self) -> SessionId:
        return self.row.id

    @attribute
    def device_name(self) -> str:
        return self.row.device_name

    @attribute
    def platform(self) -> Platform:
        return Platform[self.row.platform]

    @attribute
    def app_version(self) -> str | None:
        return self.row.app_version

    @attribute
    def approximate_location(self) -> str | None:
        return self.row.place

    @attribute
    def ip_address(self) -> str | None:
        return self.row.address or None

    @attribute
    def log_in_method(self) -> LogInMethod:
        return LogInMethod[self.row.log_in_method]

    @attribute
    def created_at(self) -> datetime:
        return self.row.created_at

    @attribute
    def last_active_at(self) -> datetime:
        return self.row.last_active_at

    @attribute
    def expires_at(self) -> datetime:
        return self.row.expires_at


async def load_sessions(ctx: Context, ids: Sequence[SessionId]) -> list[Session | None]:
    """The viewer's own open sessions by id."""
    rows = await ctx.loaders.load(sessions_by_id, ids)
    return [Session(row=row, is_current=row.id.id == ctx.viewer.session_id) if row else None for row in rows]


nodes.refetchable(SessionId, load_sessions)


@strawberry.type
class SessionsOfAccount:
    @batched
    async def sessions(
        parents: list["Account"], ctx: Context, *, first: int | None = 20, after: str | None = None
    ) -> list[Connection[Session] | None]:
        async def fetch(db: "Read", asked: Sequence[tuple[object, Window]]) -> list[Page[SessionId]]:
            return [await own.page_of_sessions(db, ctx.viewer, window) for _, window in asked]

        return [connection(filled) for filled in await fill_pages(ctx, parents, Window(first or 20, after), fetch)]


@strawberry.enum
class TokenDelivery(Enum):
    BODY = "BODY"
    COOKIE = "COOKIE"


@strawberry.type
class AuthTokens:
    access_token: str | None
    refresh_token: str | None
    access_token_expires_at: datetime
    refresh_token_expires_at: datetime
    csrf_token: str | None = None


@strawberry.type
class LogInChallenge:
    token: str
    methods: list[TwoFactorMethod]
    expires_at: datetime


@strawberry.input
class DeviceInput:
    name: str | None = strawberry.UNSET
    platform: Platform
    app_version: str | None = strawberry.UNSET


@strawberry.input
class LogInInput:
    identifier: str
    password: str
    device: DeviceInput | None = strawberry.UNSET
    delivery: TokenDelivery = TokenDelivery.BODY


@strawberry.input
class RefreshSessionInput:
    refresh_token: str | None = strawberry.UNSET
    idempotency_key: str | None = strawberry.UNSET


@strawberry.input(one_of=True)
class IdentityProofInput:
    password: strawberry.Maybe[str]
    totp: strawberry.Maybe[str]
    provider_state: strawberry.Maybe[str]


@strawberry.input(one_of=True)
class TwoFactorCodeInput:
    totp: strawberry.Maybe[str]
    sms: strawberry.Maybe[str]
    recovery_code: strawberry.Maybe[str]


@strawberry.input
class CompleteLogInInput:
    challenge_token: str
    code: TwoFactorCodeInput
    delivery: TokenDelivery = TokenDelivery.BODY


@strawberry.input
class ReauthenticateInput:
    proof: IdentityProofInput


@strawberry.input
class LogOutInput:
    all_devices: bool = False


@strawberry.input
class RevokeSessionsInput:
    session_ids: list[strawberry.ID] | None = strawberry.UNSET


@strawberry.type
class LogInPayload(Payload):
    viewer: Annotated["Viewer", strawberry.lazy("schema.accounts")] | None = None
    session: Session | None = None
    tokens: AuthTokens | None = None
    challenge: LogInChallenge | None = None


@strawberry.type
class CompleteLogInPayload(Payload):
    viewer: Annotated["Viewer", strawberry.lazy("schema.accounts")] | None = None
    session: Session | None = None
    tokens: AuthTokens | None = None


@strawberry.type
class RefreshSessionPayload(Payload):
    tokens: AuthTokens | None = None
    session: Session | None = None


@strawberry.type
class LogOutPayload(Payload):
    ended_session_ids: list[strawberry.ID] | None = None


@strawberry.type
class RevokeSessionsPayload(Payload):
    revoked_session_ids: list[strawberry.ID] | None = None


@strawberry.type
class ReauthenticatePayload(Payload):
    valid_until: datetime | None = None
