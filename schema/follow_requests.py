"""Requests to follow a private account, for the two people each of them concerns."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated

import strawberry

from core.ids import FollowRequestId, UserId
from core.paging import Filled, Page, Window
from loaders.follow_requests import follow_request_counts, follow_requests_by_id
from loaders.profiles import users_by_id
from schema import nodes
from schema.connections import PageInfo, fill_pages, page_info
from schema.context import Context
from schema.fields import attribute, batched
from schema.follows import Relationship
from schema.mutation import Payload
from schema.nodes import Node
from services import follow_requests
from services.follow_requests import Direction
from services.visibility.rows import VisibleFollowRequest

if TYPE_CHECKING:
    from core.db import Read
    from schema.accounts import Viewer
    from schema.profiles import User

LazyUser = Annotated["User", strawberry.lazy("schema.profiles")]
LazyViewer = Annotated["Viewer", strawberry.lazy("schema.accounts")]


@strawberry.type
class FollowRequest(Node):
    row: strawberry.Private[VisibleFollowRequest]

    def global_id(self) -> FollowRequestId:
        return self.row.id

    @batched
    async def requester(parents: list["FollowRequest"], ctx: Context) -> list[LazyUser]:
        return await nodes.present(ctx, [UserId(each.row.requester.id) for each in parents])

    @batched
    async def recipient(parents: list["FollowRequest"], ctx: Context) -> list[LazyUser]:
        return await nodes.present(ctx, [UserId(each.row.recipient.id) for each in parents])

    @attribute
    def created_at(self) -> datetime:
        return self.row.created_at


@strawberry.type
class FollowRequestEdge:
    node: FollowRequest
    cursor: str


@strawberry.type
class FollowRequestConnection:
    edges: list[FollowRequestEdge]
    nodes: list[FollowRequest]
    page_info: PageInfo
    direction: strawberry.Private[Direction]

    @batched
    async def total_count(parents: list["FollowRequestConnection"], ctx: Context) -> list[int | None]:
        return [*await ctx.loaders.load(follow_request_counts, [each.direction for each in parents])]


@strawberry.type
class FollowRequestsOfViewer:
    @batched
    async def follow_requests(
        parents: list["Viewer"], ctx: Context, *, first: int | None = 20, after: str | None = None
    ) -> list[FollowRequestConnection | None]:
        return await _connections(parents, ctx, Window(first or 20, after), "received")

    @batched
    async def sent_follow_requests(
        parents: list["Viewer"], ctx: Context, *, first: int | None = 20, after: str | None = None
    ) -> list[FollowRequestConnection | None]:
        return await _connections(parents, ctx, Window(first or 20, after), "sent")


async def _connections(
    parents: Sequence["Viewer"], ctx: Context, window: Window, direction: Direction
) -> list[FollowRequestConnection | None]:
    async def fetch(db: "Read", asked: Sequence[tuple["Viewer", Window]]) -> list[Page[FollowRequestId]]:
        return [await follow_requests.page(db, ctx.viewer, direction, window) for _, window in asked]

    filled = await fill_pages(ctx, parents, window, fetch, partial(load_follow_requests, ctx))
    return [_connection(each, direction) for each in filled]


def _connection(filled: Filled[FollowRequest], direction: Direction) -> FollowRequestConnection:
    edges = [FollowRequestEdge(node=each, cursor=at) for each, at in zip(filled.items, filled.cursors, strict=True)]
    return FollowRequestConnection(
        edges=edges, nodes=list(filled.items), page_info=page_info(filled), direction=direction
    )


async def load_follow_requests(ctx: Context, ids: Sequence[FollowRequestId]) -> list[FollowRequest | None]:
    """The requests that wait and concern the viewer by id; those of others do not exist for the viewer."""
    rows = await ctx.loaders.load(follow_requests_by_id, ids)
    people = {person.id: person for row in rows if row for person in (row.requester, row.recipient)}
    ctx.loaders.prime(users_by_id, people)
    return [FollowRequest(row=row) if row else None for row in rows]


nodes.refetchable(FollowRequestId, load_follow_requests)


@strawberry.input
class ApproveFollowRequestInput:
    requester_id: strawberry.ID


@strawberry.input
class DenyFollowRequestInput:
    requester_id: strawberry.ID


@strawberry.type
class ApproveFollowRequestPayload(Payload):
    approved_request_id: strawberry.ID | None = None
    relationship: Relationship | None = None
    viewer: LazyViewer | None = None


@strawberry.type
class DenyFollowRequestPayload(Payload):
    denied_request_id: strawberry.ID | None = None
    relationship: Relationship | None = None
