"""Publishing, changing, deleting and finding posts."""

from typing import Any

import strawberry
from strawberry import UNSET

from core.errors import Invalid, NotFound
from core.ids import PlaceId, PostId, UploadId, ViewerId, readable
from schema import nodes, wants
from schema.accounts import Viewer
from schema.connections import Edge
from schema.context import Context
from schema.fields import Wanted, root
from schema.lookups import PostLookup
from schema.media import MediaAttachmentInput
from schema.mutation import mutation
from schema.places import PlaceInput
from schema.posts import (
    CreatePostInput,
    CreatePostPayload,
    DeletePostInput,
    DeletePostPayload,
    Post,
    PostContentInput,
    UpdatePostInput,
    UpdatePostPayload,
)
from schema.tags import chosen_tags
from services import posts
from services.media import Attachment
from services.places import PlaceChoice
from services.posts import PostDraft


@strawberry.type
class PostQueries:
    @root
    async def post(ctx: Context, *, by: PostLookup, wanted: Wanted) -> Post | None:
        found = readable(PostId, [by.id.value]) if by.id else await _with_shortcode(ctx, by)
        await wants.read_posts(ctx, found, wanted)
        return await nodes.one(ctx, found[0], Post) if found else None


@strawberry.type
class PostMutations:
    @mutation
    async def create_post(ctx: Context, *, input: CreatePostInput, wanted: Wanted) -> CreatePostPayload:
        draft = _draft(input)
        post_id = await ctx.write_once(
            lambda tx: posts.create_post(tx, ctx.viewer, draft),
            key=input.idempotency_key or None,
            of=input,
            result=PostId,
        )
        await wants.read_posts(ctx, [post_id], wanted, "post", "postEdge.node")
        post, viewer = await nodes.load(ctx, [post_id, ViewerId(ctx.viewer.user_id)])
        if post is None:
            raise NotFound(id=str(post_id))
        return CreatePostPayload(post=post, post_edge=Edge(node=post, cursor=posts.cursor_of(post_id)), viewer=viewer)

    @mutation
    async def update_post(ctx: Context, *, input: UpdatePostInput, wanted: Wanted) -> UpdatePostPayload:
        post_id = PostId.parse(input.post_id)
        changes = _changes(input)
        await ctx.write(lambda tx: posts.update_post(tx, ctx.viewer, post_id, changes))
        await wants.read_posts(ctx, [post_id], wanted, "post")
        return UpdatePostPayload(post=await nodes.one(ctx, post_id, Post))

    @mutation
    async def delete_post(ctx: Context, *, input: DeletePostInput) -> DeletePostPayload:
        post_id = PostId.parse(input.post_id)
        await ctx.write(lambda tx: posts.delete_post(tx, ctx.viewer, post_id))
        viewer = await nodes.one(ctx, ViewerId(ctx.viewer.user_id), Viewer)
        return DeletePostPayload(deleted_post_id=strawberry.ID(str(post_id)), viewer=viewer)


async def _with_shortcode(ctx: Context, by: PostLookup) -> list[PostId]:
    async with ctx.loaders.scope.reading() as db:
        post_id = await posts.find_by_shortcode(db, by.shortcode.value if by.shortcode else "")
    return [post_id] if post_id else []


def _draft(input: CreatePostInput) -> PostDraft:
    kind, attachments = _content(input.content)
    return PostDraft(
        kind=kind,
        attachments=attachments,
        caption=input.caption or None,
        place=_place(input.place) if input.place else None,
        audience=input.audience.value,
        comment_audience=input.comment_audience.value if input.comment_audience else None,
        hides_like_count=None if input.hide_like_count is UNSET else input.hide_like_count,
        is_sensitive=input.is_sensitive,
    )


def _content(content: PostContentInput) -> tuple[str, list[Attachment]]:
    if content.carousel:
        path = ("input", "content", "carousel", "items")
        items = content.carousel.value.items
        return "CAROUSEL", [_attachment(item, (*path, str(place))) for place, item in enumerate(items)]
    photo = content.photo.value if content.photo else None
    return "PHOTO", [_attachment(photo, ("input", "content", "photo"))] if photo else []


def _attachment(item: MediaAttachmentInput, path: tuple[str, ...]) -> Attachment:
    focal = item.focal_point or None
    return Attachment(
        upload_id=UploadId.parse(item.upload_id),
        alt_text=item.alt_text or None,
        focal=(focal.x, focal.y) if focal else None,
        tags=chosen_tags(item.tags, path),
        path=path,
    )


def _place(place: PlaceInput) -> PlaceChoice:
    if place.place_id:
        return PlaceChoice(known=PlaceId.parse(place.place_id.value))
    spot = place.custom.value if place.custom else None
    if spot is None:
        raise NotFound(("input", "place"))
    return PlaceChoice(None, spot.name, spot.coordinates.latitude, spot.coordinates.longitude)


def _changes(input: UpdatePostInput) -> dict[str, Any]:
    """What the input names. Null clears, or goes back to the default; it never opens a post to a larger audience."""
    if input.audience is None:
        raise Invalid("REQUIRED", "Say who may see the post.", ("input", "audience"))
    given = {
        "caption": input.caption,
        "place": _place(input.place) if input.place else input.place,
        "audience": UNSET if input.audience is UNSET else input.audience.value,
        "comment_audience": input.comment_audience.value if input.comment_audience else input.comment_audience,
        "hides_like_count": input.hide_like_count,
        "is_sensitive": UNSET if input.is_sensitive is UNSET else bool(input.is_sensitive),
    }
    return {name: value for name, value in given.items() if value is not UNSET}
