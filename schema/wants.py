"""What of the posts below a field will be asked for, so that it is read with them in two statements."""

from collections.abc import Sequence
from typing import Any

from core.ids import PostId
from core.paging import PostWant
from loaders.posts import look_ahead
from schema import nodes
from schema.context import Context
from schema.fields import Wanted


def post_want(wanted: Wanted, *places: str) -> PostWant:
    """What to read with posts that stand at these places below the field; no place is the field itself."""
    starts = [f"{place}." for place in places] or [""]

    def asks_for(*names: str) -> bool:
        return any(f"{start}{name}" in wanted for start in starts for name in names)

    return PostWant(
        media=asks_for("media", "cover"),
        counts=asks_for("likeCount"),
        flags=asks_for("viewerHasLiked"),
        previews=asks_for("commentPreview"),
        comment_counts=asks_for("commentCount"),
    )


async def read_posts(ctx: Context, ids: Sequence[PostId], wanted: Wanted, *places: str) -> None:
    """Read posts with what is asked for at these places; whoever loads them next finds it there."""
    await look_ahead(ctx.loaders, ids, post_want(wanted, *places))


async def load_page(ctx: Context, wanted: Wanted, ids: Sequence[PostId]) -> list[Any]:
    """The posts of a connection, read with what is asked for of its nodes."""
    await read_posts(ctx, ids, wanted, "nodes", "edges.node")
    return await nodes.load(ctx, ids)
