"""Saying who is in pictures, and taking oneself out of them."""

import strawberry
from strawberry import UNSET

from core.ids import MediaId, PostId
from schema import nodes
from schema.context import Context
from schema.media import Image, UpdateMediaInput, UpdateMediaPayload
from schema.mutation import mutation
from schema.posts import Post
from schema.tags import RemoveTagOfViewerInput, RemoveTagOfViewerPayload, chosen_tags
from services import tags
from services.media import describing


@strawberry.type
class TagMutations:
    @mutation
    async def update_media(ctx: Context, *, input: UpdateMediaInput) -> UpdateMediaPayload:
        media_id = MediaId.parse(input.media_id)
        given = {
            "alt_text": input.alt_text,
            "tags": chosen_tags(input.tags, ("input",)) if input.tags is not UNSET else UNSET,
        }
        changes = {name: value for name, value in given.items() if value is not UNSET}
        await ctx.write(lambda tx: describing.update_media(tx, ctx.viewer, media_id, changes))
        return UpdateMediaPayload(media=await nodes.one(ctx, media_id, Image))

    @mutation
    async def remove_tag_of_viewer(ctx: Context, *, input: RemoveTagOfViewerInput) -> RemoveTagOfViewerPayload:
        post_id = PostId.parse(input.post_id)
        await ctx.write(lambda tx: tags.remove_own(tx, ctx.viewer, post_id))
        return RemoveTagOfViewerPayload(post=await nodes.one(ctx, post_id, Post))
