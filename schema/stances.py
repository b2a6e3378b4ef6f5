"""What the viewer chose for other people: blocks, restrictions, mutes and close friends."""

from collections.abc import Awaitable, Callable, Sequence
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Annotated

import strawberry

from core.ids import UserId
from core.paging import Page, Window
from schema import nodes
from schema.connections import Connection, connection, fill_pages
from schema.context import Context
from schema.fields import attribute, batched
from schema.mutation import Payload
from services import close_friends, stances
from services.visibility.rules import Relationship as Standing

if TYPE_CHECKING:
    from core.db import Read
    from schema.accounts import Viewer
    from schema.follows import Relationship
    from schema.profiles import User

LazyUser = Annotated["User", strawberry.lazy("schema.profiles")]
LazyRelationship = Annotated["Relationship", strawberry.lazy("schema.follows")]

ReadPage = Callable[["Read", Window], Awaitable[Page[UserId]]]


@strawberry.enum
class MuteTarget(Enum):
    POSTS = "POSTS"
    STORIES = "STORIES"
    MESSAGES = "MESSAGES"


@strawberry.type
class StancesOfRelationship:
    standing: strawberry.Private[Standing]

    @attribute
    def is_close_friend(self) -> bool:
        return self.standing.is_close_friend

    @attribute
    def is_blocked(self) -> bool:
        return self.standing.blocks

    @attribute
    def is_restricted(self) -> bool:
        return self.standing.restricts

    @attribute
    def mutes(self) -> list[MuteTarget]:
        return [MuteTarget[each] for each in self.standing.mutes]


@strawberry.type
class StancesOfViewer:
    @batched
    async def close_friends(
        parents: list["Viewer"], ctx: Context, *, first: int | None = 50, after: str | None = None
    ) -> list[Connection[LazyUser] | None]:
        async def read(db: "Read", window: Window) -> Page[UserId]:
            return await close_friends.page(db, ctx.viewer, window)

        return await _people(parents, ctx, Window(first or 50, after), read)

    @batched
    async def blocked_users(
        parents: list["Viewer"], ctx: Context, *, first: int | None = 20, after: str | None = None
    ) -> list[Connection[LazyUser] | None]:
        return await _people(parents, ctx, Window(first or 20, after), _list_of(ctx, "blocks"))

    @batched
    async def restricted_users(
        parents: list["Viewer"], ctx: Context, *, first: int | None = 20, after: str | None = None
    ) -> list[Connection[LazyUser] | None]:
        return await _people(parents, ctx, Window(first or 20, after), _list_of(ctx, "restrictions"))

    @batched
    async def muted_users(
        parents: list["Viewer"], ctx: Context, *, first: int | None = 20, after: str | None = None
    ) -> list[Connection[LazyUser] | None]:
        return await _people(parents, ctx, Window(first or 20, after), _list_of(ctx, "mutes"))


def _list_of(ctx: Context, kind: stances.Listed) -> ReadPage:
    async def read(db: "Read", window: Window) -> Page[UserId]:
        return await stances.page(db, ctx.viewer, kind, window)

    return read


async def _people(
    parents: Sequence["Viewer"], ctx: Context, window: Window, read: ReadPage
) -> list[Connection[LazyUser] | None]:
    async def fetch(db: "Read", asked: Sequence[tuple["Viewer", Window]]) -> list[Page[UserId]]:
        return [await read(db, part) for _, part in asked]

    # The viewer's own lists have people in them whom the viewer blocks.
    filled = await fill_pages(ctx, parents, window, fetch, partial(nodes.load, ctx))
    return [connection(each) for each in filled]


@strawberry.input
class BlockUserInput:
    user_id: strawberry.ID


@strawberry.input
class UnblockUserInput:
    user_id: strawberry.ID


@strawberry.input
class RestrictUserInput:
    user_id: strawberry.ID


@strawberry.input
class UnrestrictUserInput:
    user_id: strawberry.ID


@strawberry.input
class MuteUserInput:
    user_id: strawberry.ID
    targets: list[MuteTarget]


@strawberry.input
class UpdateCloseFriendsInput:
    add: list[strawberry.ID] | None = strawberry.UNSET
    remove: list[strawberry.ID] | None = strawberry.UNSET


@strawberry.type
class BlockUserPayload(Payload):
    user: LazyUser | None = None
    relationship: LazyRelationship | None = None


@strawberry.type
class UnblockUserPayload(Payload):
    user: LazyUser | None = None
    relationship: LazyRelationship | None = None


@strawberry.type
class RestrictUserPayload(Payload):
    relationship: LazyRelationship | None = None


@strawberry.type
class UnrestrictUserPayload(Payload):
    relationship: LazyRelationship | None = None


@strawberry.type
class MuteUserPayload(Payload):
    relationship: LazyRelationship | None = None


@strawberry.type
class UpdateCloseFriendsPayload(Payload):
    relationships: list[LazyRelationship] | None = None
