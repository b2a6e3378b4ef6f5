"""The signed-in account and everything private to it."""

from collections.abc import Sequence
from datetime import date, datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from core.errors import ApiError
from core.ids import AccountId, SessionId, UserId, ViewerId
from loaders.accounts import accounts_by_id
from schema import nodes
from schema.auth import AuthTokens, DeviceInput, Session, SessionsOfAccount, TokenDelivery
from schema.context import Context
from schema.errors import UserErrorCode
from schema.feed import HomeFeedOfViewer
from schema.fields import attribute, batched
from schema.follow_requests import FollowRequestsOfViewer
from schema.mutation import Payload
from schema.nodes import Node
from schema.privacy import PrivacyOfViewer
from schema.providers import LinkedIdentitiesOfAccount
from schema.scalars import LanguageTag, TimeZone
from schema.second_factors import SecondFactorOfAccount
from schema.stances import StancesOfViewer
from schema.suggestions import SuggestionsOfViewer
from schema.uploads import UploadsOfViewer
from services.accounts import AccountRow

if TYPE_CHECKING:
    from schema.profiles import User


@strawberry.enum
class AccountStatus(Enum):
    ACTIVE = "ACTIVE"
    DEACTIVATED = "DEACTIVATED"
    PENDING_DELETION = "PENDING_DELETION"
    SUSPENDED = "SUSPENDED"


@strawberry.enum
class AccountRole(Enum):
    MEMBER = "MEMBER"
    MODERATOR = "MODERATOR"
    ADMIN = "ADMIN"


@strawberry.type
class Account(SecondFactorOfAccount, LinkedIdentitiesOfAccount, SessionsOfAccount, Node):
    row: strawberry.Private[AccountRow]

    def global_id(self) -> AccountId:
        return AccountId(self.row.user_id)

    @attribute
    def status(self) -> AccountStatus:
        return AccountStatus[self.row.status]

    @attribute
    def role(self) -> AccountRole:
        return AccountRole[self.row.role]

    @attribute
    def email(self) -> str:
        return self.row.email

    @attribute
    def is_email_verified(self) -> bool:
        return self.row.email_verified_at is not None

    @attribute
    def pending_email(self) -> str | None:
        return self.row.pending_email

    @attribute
    def has_password(self) -> bool:
        return self.row.has_password

    @attribute
    def password_changed_at(self) -> datetime | None:
        return self.row.password_changed_at

    @attribute
    def language(self) -> LanguageTag:
        return LanguageTag(self.row.language)

    @attribute
    def time_zone(self) -> TimeZone:
        return TimeZone(self.row.time_zone)

    @attribute
    def birth_date(self) -> date | None:
        return self.row.birth_date

    @attribute
    def created_at(self) -> datetime:
        return self.row.created_at

    @attribute
    def deletion_scheduled_for(self) -> datetime | None:
        return self.row.deletion_scheduled_for


@strawberry.type
class Viewer(
    HomeFeedOfViewer,
    FollowRequestsOfViewer,
    SuggestionsOfViewer,
    PrivacyOfViewer,
    UploadsOfViewer,
    StancesOfViewer,
    Node,
):
    user_id: strawberry.Private[UUID]
    session_id: strawberry.Private[SessionId]

    def global_id(self) -> ViewerId:
        return ViewerId(self.user_id)

    @batched
    async def user(
        parents: list["Viewer"], ctx: Context
    ) -> list[Annotated["User", strawberry.lazy("schema.profiles")] | ApiError]:
        found = await nodes.load(ctx, [UserId(viewer.user_id) for viewer in parents])
        return [person or _gone() for person in found]

    @batched
    async def account(parents: list["Viewer"], ctx: Context) -> list[Account | ApiError]:
        found = await nodes.load(ctx, [AccountId(viewer.user_id) for viewer in parents])
        return [account or _gone() for account in found]

    @batched
    async def session(parents: list["Viewer"], ctx: Context) -> list[Session | ApiError]:
        found = await nodes.load(ctx, [viewer.session_id for viewer in parents])
        return [session or _gone() for session in found]


def _gone() -> ApiError:
    """The session ended, or the account went, after the request was let in."""
    return ApiError("UNAUTHENTICATED", "The session has ended.")


async def load_accounts(ctx: Context, ids: Sequence[AccountId]) -> list[Account | None]:
    """The viewer's own account by id."""
    rows = await ctx.loaders.load(accounts_by_id, [each.id for each in ids])
    return [Account(row=row) if row else None for row in rows]


async def load_viewers(ctx: Context, ids: Sequence[ViewerId]) -> list[Viewer | None]:
    """The viewer by id; nobody sees another's."""
    who = ctx.viewer
    if who.id is None or who.session_id is None:
        return [None] * len(ids)
    own = Viewer(user_id=who.id, session_id=SessionId(who.id, who.session_id))
    return [own if each.id == who.id else None for each in ids]


nodes.refetchable(AccountId, load_accounts)
nodes.refetchable(ViewerId, load_viewers)


@strawberry.type
class HandleAvailability:
    handle: str
    is_available: bool
    problem: UserErrorCode | None
    suggestions: list[str]


@strawberry.input
class SignUpInput:
    idempotency_key: str | None = strawberry.UNSET
    email: str
    password: str
    handle: str
    display_name: str | None = strawberry.UNSET
    birth_date: date | None = strawberry.UNSET
    language: LanguageTag | None = LanguageTag("en")
    time_zone: TimeZone | None = TimeZone("UTC")
    accepted_terms: str | None = strawberry.UNSET
    device: DeviceInput | None = strawberry.UNSET
    delivery: TokenDelivery = TokenDelivery.BODY
    captcha_response: str | None = strawberry.UNSET


@strawberry.input
class UpdateAccountInput:
    language: LanguageTag | None = strawberry.UNSET
    time_zone: TimeZone | None = strawberry.UNSET


@strawberry.type
class UpdateAccountPayload(Payload):
    account: Account | None = None


@strawberry.type
class SignUpPayload(Payload):
    viewer: Viewer | None = None
    session: Session | None = None
    tokens: AuthTokens | None = None
