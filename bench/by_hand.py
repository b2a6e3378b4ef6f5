"""The home feed as an endpoint written for it alone: the same token, limits, statements and metrics, and no GraphQL."""

import time
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.screen import POSTS
from core import metrics, telemetry, tracing
from core.backends import Backends
from core.buckets import Claim
from core.ids import UserId
from core.paging import PostWant, Window
from core.statements import counted
from core.viewer import Viewer
from schema.scalars import write_moment
from services.auth import gate
from services.feed import reading
from services.visibility.posts import posts
from services.visibility.rows import SeenPosts, VisibleComment, VisibleMedia, VisiblePost, VisibleUser

PATH = "/feed"

_WANT = PostWant(media=True, counts=True, flags=True, previews=True)


def route(backends: Backends) -> Route:
    """The endpoint, to stand behind the same edge as the graph."""

    async def feed(request: Request) -> Response:
        await request.body()
        _, _, token = request.headers["authorization"].partition(" ")
        viewer = await gate.authenticate(backends, token, request.client.host if request.client else "")
        telemetry.note(user=str(viewer.id), kind="query", operation="Feed")
        began = time.perf_counter()
        with counted() as statements, tracing.span("operation", "server"):
            await _charge(backends, viewer)
            body = orjson.dumps({"data": {"viewer": {"homeFeed": await _page(backends, viewer)}}})
        metrics.OPERATIONS.labels("Feed", "query", "OK").inc()
        metrics.OPERATION_SECONDS.labels("Feed", "query").observe(time.perf_counter() - began)
        metrics.OPERATION_STATEMENTS.labels("query").observe(len(statements))
        return Response(body, media_type="application/json", headers={"cache-control": "private, no-store"})

    return Route(PATH, feed, methods=["POST"])


async def _charge(backends: Backends, viewer: Viewer) -> None:
    """Points of the operation and calls of the field."""
    subject, factor = f"viewer:{viewer.user_id}", backends.settings.rate_limit_factor
    points = Claim(f"{subject}/operation:60", 60_000 * factor, 60, 150)
    calls = Claim(f"{subject}/Viewer.homeFeed:60", 30 * factor, 60)
    if await backends.buckets.take([points, calls]):
        raise PermissionError


async def _page(backends: Backends, viewer: Viewer) -> dict[str, Any]:
    look = reading.look(viewer, None)
    page = await reading.page(backends.db, backends.cache, look, Window(POSTS))
    async with backends.db.reading() as db:
        seen = await posts(db, viewer, page.ids, _WANT)
    pairs = [(seen.posts.get(each), cursor) for each, cursor in zip(page.ids, page.cursors, strict=True)]
    edges = [{"cursor": cursor, "node": _post(row, seen)} for row, cursor in pairs if row and row.relationship.follows]
    return {"pageInfo": {"hasNextPage": page.has_next, "endCursor": edges[-1]["cursor"]}, "edges": edges}


def _post(row: VisiblePost, seen: SeenPosts) -> dict[str, Any]:
    counts = seen.counts[row.id]
    hides = row.hides_like_count and not row.relationship.is_self
    return {
        "id": str(row.id),
        "caption": {"text": row.caption} if row.caption is not None else None,
        "createdAt": write_moment(row.created_at),
        "likeCount": None if hides else counts.get("likes", 0),
        "commentCount": counts.get("comments", 0),
        "viewerHasLiked": seen.liked[row.id],
        "author": _author(seen.users[row.id.author_id]),
        "media": [_image(each) for each in seen.media[row.id]],
        "commentPreview": [_comment(each, seen.users[each.writer_id]) for each in seen.previews[row.id]],
    }


def _author(row: VisibleUser) -> dict[str, Any]:
    names = {"handle": row.handle, "displayName": row.display_name, "isVerified": row.is_verified}
    return {"id": str(UserId(row.id)), **names}


def _image(row: VisibleMedia) -> dict[str, Any]:
    return {"id": str(row.id), "width": row.width, "height": row.height, "blurhash": row.blurhash}


def _comment(row: VisibleComment, writer: VisibleUser) -> dict[str, Any]:
    author = {"id": str(UserId(writer.id)), "handle": writer.handle}
    return {"id": str(row.id), "body": {"text": row.text}, "author": author}
