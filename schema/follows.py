"""Who follows whom, and how the viewer and a person stand to each other."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from core.ids import RelationshipId, UserId
from core.paging import Filled, Page, Window
from loaders.profiles import known_follower_counts, relationships_by_id, user_counts
from schema import nodes
from schema.connections import EMPTY, Connection, Fetch, PageInfo, connection, fill_open, page_info
from schema.context import Context
from schema.fields import attribute, batched, personal
from schema.mutation import Payload
from schema.nodes import Node
from schema.stances import StancesOfRelationship
from services import follows, known_followers
from services.visibility.rows import VisibleUser

if TYPE_CHECKING:
    from core.db import Read
    from schema.accounts import Viewer
    from schema.profiles import User

LazyUser = Annotated["User", strawberry.lazy("schema.profiles")]


@strawberry.enum
class FollowState(Enum):
    NOT_FOLLOWING = "NOT_FOLLOWING"
    REQUESTED = "REQUESTED"
    FOLLOWING = "FOLLOWING"


@strawberry.type
class Relationship(StancesOfRelationship, Node):
    between: strawberry.Private[RelationshipId]

    def global_id(self) -> RelationshipId:
        return self.between

    @batched
    async def user(parents: list["Relationship"], ctx: Context) -> list[LazyUser]:
        return await nodes.present(ctx, [UserId(each.between.id) for each in parents])

    @attribute
    def follow_state(self) -> FollowState:
        if self.standing.follows:
            return FollowState.FOLLOWING
        return FollowState.REQUESTED if self.standing.has_requested else FollowState.NOT_FOLLOWING

    @attribute
    def followed_at(self) -> datetime | None:
        return self.standing.follows_since

    @attribute
    def follows_viewer(self) -> bool:
        return self.standing.followed_by

    @attribute
    def has_requested_viewer(self) -> bool:
        return self.standing.has_requested_viewer

    @personal
    @batched
    async def followers_you_know_count(parents: list["Relationship"], ctx: Context) -> list[int | None]:
        people = await nodes.load(ctx, [UserId(each.between.id) for each in parents])
        is_open = [person is not None and person.row.access == "FULL" for person in people]
        shown = [each.between.id for each, is_shown in zip(parents, is_open, strict=True) if is_shown]
        found = dict(zip(shown, await ctx.loaders.load(known_follower_counts, shown), strict=True))
        return [found.get(each.between.id, 0) for each in parents]


@strawberry.type
class FollowEdge:
    node: LazyUser
    cursor: str
    followed_at: datetime | None


@strawberry.type
class FollowConnection:
    edges: list[FollowEdge]
    nodes: list[LazyUser]
    page_info: PageInfo
    owner: strawberry.Private[VisibleUser]
    counter: strawberry.Private[str]

    @batched
    async def total_count(parents: list["FollowConnection"], ctx: Context) -> list[int | None]:
        found = await ctx.loaders.load(user_counts, [each.owner.id for each in parents])
        shown = zip(parents, found, strict=True)
        return [0 if each.owner.access == "UNAVAILABLE" else counts.get(each.counter, 0) for each, counts in shown]


@strawberry.type
class FollowsOfUser:
    @personal
    @batched
    async def relationship(parents: list["User"], ctx: Context) -> list[Relationship | None]:
        viewer = ctx.viewer.id
        return [
            Relationship(between=RelationshipId(viewer, person.row.id), standing=person.row.relationship)
            if viewer is not None and not person.row.relationship.is_self
            else None
            for person in parents
        ]

    @personal
    @batched
    async def followers(
        parents: list["User"],
        ctx: Context,
        *,
        first: int | None = 20,
        after: str | None = None,
        query: str | None = None,
    ) -> list[FollowConnection | None]:
        async def read(db: "Read", asked: Sequence[tuple[UserId, Window]]) -> list[Page[Any]]:
            return await follows.pages_of_followers(db, ctx.viewer, asked, _meant(query))

        return await _connections(parents, ctx, Window(first or 20, after), read, "followers")

    @personal
    @batched
    async def following(
        parents: list["User"],
        ctx: Context,
        *,
        first: int | None = 20,
        after: str | None = None,
        query: str | None = None,
    ) -> list[FollowConnection | None]:
        read = partial(follows.pages_of_following, query=_meant(query))
        return await _connections(parents, ctx, Window(first or 20, after), read, "following")

    @personal
    @batched
    async def followers_you_know(
        parents: list["User"], ctx: Context, *, first: int | None = 3, after: str | None = None
    ) -> list[Connection[LazyUser] | None]:
        async def fetch(db: "Read", asked: Sequence[tuple["User", Window]]) -> list[Page[UserId]]:
            return await known_followers.pages(db, ctx.viewer, _by_id(asked))

        if not ctx.viewer.is_signed_in:
            return [connection(EMPTY) for _ in parents]
        return [connection(each) for each in await fill_open(ctx, parents, Window(first or 3, after), fetch)]


def _meant(query: str | None) -> str:
    """What somebody looks for who typed this, perhaps with the sign that handles are written with."""
    return (query or "").strip().removeprefix("@")


async def _connections(
    parents: Sequence["User"], ctx: Context, window: Window, read: Fetch[UserId], counter: str
) -> list[FollowConnection | None]:
    since: dict[tuple[UserId, UserId], datetime] = {}

    async def fetch(db: "Read", asked: Sequence[tuple["User", Window]]) -> list[Page[UserId]]:
        pages = await read(db, _by_id(asked))
        for (owner, _), rows in zip(asked, pages, strict=True):
            since.update({(owner.global_id(), UserId(row.person_id)): row.created_at for row in rows.ids})
        return [rows.each(lambda row: UserId(row.person_id)) for rows in pages]

    pages = await fill_open(ctx, parents, window, fetch)
    return [_connection(ctx, person.row, filled, since, counter) for person, filled in zip(parents, pages, strict=True)]


def _by_id(asked: Sequence[tuple["User", Window]]) -> list[tuple[UserId, Window]]:
    return [(person.global_id(), window) for person, window in asked]


def _connection(
    ctx: Context, owner: VisibleUser, filled: Filled[Any], since: dict[tuple[UserId, UserId], datetime], counter: str
) -> FollowConnection:
    def edge(person: "User", cursor: str) -> FollowEdge:
        concerns_viewer = ctx.viewer.id in (owner.id, person.row.id)
        followed_at = since[UserId(owner.id), person.global_id()] if concerns_viewer else None
        return FollowEdge(node=person, cursor=cursor, followed_at=followed_at)

    edges = [edge(person, cursor) for person, cursor in zip(filled.items, filled.cursors, strict=True)]
    return FollowConnection(
        edges=edges, nodes=list(filled.items), page_info=page_info(filled), owner=owner, counter=counter
    )


async def load_relationships(ctx: Context, ids: Sequence[RelationshipId]) -> list[Relationship | None]:
    """The viewer's own relationships by id; those of others do not exist for the viewer."""
    own = [each for each in ids if each.user_id == ctx.viewer.id and each.id != ctx.viewer.id]
    people = dict(zip(own, await nodes.load(ctx, [UserId(each.id) for each in own]), strict=True))
    standing = dict(zip(own, await ctx.loaders.load(relationships_by_id, [each.id for each in own]), strict=True))
    return [Relationship(between=each, standing=standing[each]) if people.get(each) else None for each in ids]


nodes.refetchable(RelationshipId, load_relationships)


@strawberry.input
class FollowUserInput:
    user_id: strawberry.ID


@strawberry.input
class UnfollowUserInput:
    user_id: strawberry.ID


@strawberry.input
class RemoveFollowerInput:
    user_id: strawberry.ID


@strawberry.type
class FollowUserPayload(Payload):
    user: LazyUser | None = None
    relationship: Relationship | None = None
    viewer: Annotated["Viewer", strawberry.lazy("schema.accounts")] | None = None


@strawberry.type
class UnfollowUserPayload(Payload):
    user: LazyUser | None = None
    relationship: Relationship | None = None
    viewer: Annotated["Viewer", strawberry.lazy("schema.accounts")] | None = None


@strawberry.type
class RemoveFollowerPayload(Payload):
    removed_follower_id: strawberry.ID | None = None
    relationship: Relationship | None = None
    viewer: Annotated["Viewer", strawberry.lazy("schema.accounts")] | None = None
