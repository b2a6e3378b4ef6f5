"""Liking and unliking posts."""

import strawberry

from core.ids import PostId
from schema import nodes
from schema.context import Context
from schema.likes import LikePostInput, LikePostPayload, UnlikePostInput, UnlikePostPayload
from schema.mutation import mutation
from schema.posts import Post
from services import likes


@strawberry.type
class LikeMutations:
    @mutation
    async def like_post(ctx: Context, *, input: LikePostInput) -> LikePostPayload:
        post_id = PostId.parse(input.post_id)
        await ctx.write(lambda tx: likes.like_post(tx, ctx.viewer, post_id))
        return LikePostPayload(post=await nodes.one(ctx, post_id, Post))

    @mutation
    async def unlike_post(ctx: Context, *, input: UnlikePostInput) -> UnlikePostPayload:
        post_id = PostId.parse(input.post_id)
        await ctx.write(lambda tx: likes.unlike_post(tx, ctx.viewer, post_id))
        return UnlikePostPayload(post=await nodes.one(ctx, post_id, Post))
