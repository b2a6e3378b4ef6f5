"""People as others see them."""

from collections.abc import Sequence
from datetime import date
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Annotated

import strawberry

from core.ids import PostId, UserId
from core.paging import Page, Window
from core.settings import settings
from loaders.profiles import user_counts, users_by_id
from schema import nodes, wants
from schema.connections import Connection, connection, fill_open
from schema.context import Context
from schema.fields import Wanted, attribute, batched
from schema.follows import FollowsOfUser
from schema.media import Image
from schema.mutation import Payload
from schema.nodes import Node
from schema.scalars import URL
from schema.suggestions import SimilarOfUser
from schema.tags import TagsOfUser
from schema.text import RichText, rich_text
from services import posts
from services.visibility.rows import VisibleUser

if TYPE_CHECKING:
    from core.db import Read
    from schema.posts import Post, PostKind


@strawberry.enum
class UserStatus(Enum):
    ACTIVE = "ACTIVE"
    DEACTIVATED = "DEACTIVATED"
    SUSPENDED = "SUSPENDED"
    DELETED = "DELETED"


@strawberry.enum
class ProfileAccess(Enum):
    FULL = "FULL"
    PRIVATE = "PRIVATE"
    BLOCKED_BY_VIEWER = "BLOCKED_BY_VIEWER"
    UNAVAILABLE = "UNAVAILABLE"


@strawberry.type
class ProfileLink:
    title: str | None
    url: URL


@strawberry.type
class User(FollowsOfUser, TagsOfUser, SimilarOfUser, Node):
    row: strawberry.Private[VisibleUser]

    def global_id(self) -> UserId:
        return UserId(self.row.id)

    def is_listed(self) -> bool:
        return self.row.is_listed

    @attribute
    def handle(self) -> str:
        return self.row.handle

    @attribute
    def display_name(self) -> str:
        return self.row.display_name

    @attribute
    def pronouns(self) -> str | None:
        return self.row.pronouns

    @attribute
    def bio(self) -> RichText | None:
        return rich_text(self.row.bio, self.row.bio_mentions)

    @attribute
    def avatar(self) -> Image | None:
        return Image(row=self.row.avatar) if self.row.avatar else None

    @attribute
    def links(self) -> list[ProfileLink]:
        return [ProfileLink(title=link["title"], url=URL(link["url"])) for link in self.row.links or ()]

    @attribute
    def url(self) -> URL:
        return URL(f"{settings().public_url}/{self.row.handle}")

    @attribute
    def is_verified(self) -> bool:
        return self.row.is_verified

    @attribute
    def is_private(self) -> bool:
        return self.row.is_private

    @attribute
    def status(self) -> UserStatus:
        return UserStatus[self.row.status]

    @attribute
    def joined_at(self) -> date:
        return self.row.created_at.date()

    @attribute
    def is_viewer(self) -> bool:
        return self.row.relationship.is_self

    @attribute
    def viewer_access(self) -> ProfileAccess:
        return ProfileAccess[self.row.access]

    @batched
    async def follower_count(parents: list["User"], ctx: Context) -> list[int | None]:
        return await _counts(parents, ctx, "followers")

    @batched
    async def following_count(parents: list["User"], ctx: Context) -> list[int | None]:
        return await _counts(parents, ctx, "following")

    @batched
    async def post_count(parents: list["User"], ctx: Context) -> list[int | None]:
        found = await ctx.loaders.load(user_counts, [person.row.id for person in parents])
        return [posts.count_for_viewer(person.row, counts) for person, counts in zip(parents, found, strict=True)]

    @batched
    async def posts(
        parents: list["User"],
        ctx: Context,
        *,
        first: int | None = 12,
        after: str | None = None,
        kinds: list[Annotated["PostKind", strawberry.lazy("schema.posts")]] | None = None,
        wanted: Wanted,
    ) -> list[Connection[Annotated["Post", strawberry.lazy("schema.posts")]] | None]:
        names = [kind.value for kind in kinds] if kinds else None

        async def fetch(db: "Read", asked: Sequence[tuple[User, Window]]) -> list[Page[PostId]]:
            return await posts.pages_for_authors(db, [(person.row, part) for person, part in asked], names)

        load = partial(wants.load_page, ctx, wanted)
        return [connection(each) for each in await fill_open(ctx, parents, Window(first or 12, after), fetch, load)]


async def _counts(parents: Sequence[User], ctx: Context, name: str) -> list[int | None]:
    found = await ctx.loaders.load(user_counts, [person.row.id for person in parents])
    shown = zip(parents, found, strict=True)
    return [0 if person.row.access == "UNAVAILABLE" else counts.get(name, 0) for person, counts in shown]


async def load_users(ctx: Context, ids: Sequence[UserId]) -> list[User | None]:
    """People by id, as the viewer sees them."""
    rows = await ctx.loaders.load(users_by_id, [each.id for each in ids])
    return [User(row=row) if row else None for row in rows]


nodes.refetchable(UserId, load_users)


@strawberry.input
class ProfileLinkInput:
    title: str | None = strawberry.UNSET
    url: URL


@strawberry.input
class UpdateProfileInput:
    display_name: str | None = strawberry.UNSET
    bio: str | None = strawberry.UNSET
    pronouns: str | None = strawberry.UNSET
    links: list[ProfileLinkInput] | None = strawberry.UNSET
    avatar_upload_id: strawberry.ID | None = strawberry.UNSET


@strawberry.type
class UpdateProfilePayload(Payload):
    user: User | None = None


@strawberry.input
class ChangeHandleInput:
    handle: str


@strawberry.type
class ChangeHandlePayload(Payload):
    user: User | None = None
