"""Other services that people log in with, and those that an account is linked to."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Self

import strawberry

from core.ids import LinkedIdentityId
from core.providers import Provider
from loaders.providers import linked_identities, linked_identities_by_id
from schema import nodes
from schema.auth import AuthTokens, DeviceInput, LogInChallenge, Session, TokenDelivery
from schema.context import Context
from schema.fields import attribute, batched
from schema.mutation import Payload
from schema.nodes import Node
from schema.scalars import URL
from services.providers.identities import LinkedIdentityRow

if TYPE_CHECKING:
    from schema.accounts import Account, Viewer


@strawberry.type
class IdentityProvider:
    key: str
    name: str
    icon_url: URL | None

    @classmethod
    def of(cls, provider: Provider) -> Self:
        """The provider in the words of the graph."""
        return cls(key=provider.key, name=provider.name, icon_url=URL(provider.icon_url) if provider.icon_url else None)


@strawberry.type
class LinkedIdentity(Node):
    row: strawberry.Private[LinkedIdentityRow]

    def global_id(self) -> LinkedIdentityId:
        return self.row.id

    @attribute
    def provider(self) -> IdentityProvider:
        return IdentityProvider.of(self.row.provider)

    @attribute
    def account_name(self) -> str:
        return self.row.account_name

    @attribute
    def linked_at(self) -> datetime:
        return self.row.linked_at

    @attribute
    def can_unlink(self) -> bool:
        return self.row.can_unlink


async def load_linked_identities(ctx: Context, ids: Sequence[LinkedIdentityId]) -> list[LinkedIdentity | None]:
    """The viewer's own links by id."""
    rows = await ctx.loaders.load(linked_identities_by_id, ids)
    return [LinkedIdentity(row=row) if row else None for row in rows]


nodes.refetchable(LinkedIdentityId, load_linked_identities)


@strawberry.type
class LinkedIdentitiesOfAccount:
    @batched
    async def linked_identities(parents: list["Account"], ctx: Context) -> list[list[LinkedIdentity]]:
        found = await ctx.loaders.load(linked_identities, [account.row.user_id for account in parents])
        return [[LinkedIdentity(row=row) for row in rows] for rows in found]


@strawberry.input
class BeginProviderLogInInput:
    provider: str
    redirect_uri: URL


@strawberry.input
class CompleteProviderLogInInput:
    state: str
    authorization_code: str
    handle: str | None = strawberry.UNSET
    birth_date: date | None = strawberry.UNSET
    accepted_terms: str | None = strawberry.UNSET
    device: DeviceInput | None = strawberry.UNSET
    delivery: TokenDelivery = TokenDelivery.BODY


@strawberry.input
class UnlinkProviderInput:
    linked_identity_id: strawberry.ID


@strawberry.type
class BeginProviderLogInPayload(Payload):
    authorization_url: URL | None = None
    state: str | None = None
    expires_at: datetime | None = None


@strawberry.type
class CompleteProviderLogInPayload(Payload):
    viewer: Annotated["Viewer", strawberry.lazy("schema.accounts")] | None = None
    session: Session | None = None
    tokens: AuthTokens | None = None
    challenge: LogInChallenge | None = None
    is_new_account: bool | None = None


@strawberry.type
class UnlinkProviderPayload(Payload):
    account: Annotated["Account", strawberry.lazy("schema.accounts")] | None = None
    unlinked_identity_id: strawberry.ID | None = None
