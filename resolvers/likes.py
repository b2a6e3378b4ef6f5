"""Liking and unliking posts."""

import strawberry

from core.ids import PostId
from schema import nodes, wants
from schema.context import Context
from schema.fields import Wanted
from schema.likes import LikePostInput, LikePostPayload, UnlikePostInput, UnlikePostPayload
from schema.mutation import mutation
from schema.posts import Post
from services import likes


@strawberry.type
class LikeMutations:
    @mutation
    async def like_post(ctx: Context, *, input: LikePostInput, wanted: Wanted) -> LikePostPayload:
        post_id = PostId.parse(input.post_id)
        await ctx.write(lambda tx: likes.like_post(tx, ctx.viewer, post_id))
        await wants.read_posts(ctx, [post_id], wanted, "post")
        return LikePostPayload(post=await nodes.one(ctx, post_id, Post))

    @mutation
    async def unlike_post(ctx: Context, *, input: UnlikePostInput, wanted: Wanted) -> UnlikePostPayload:
        post_id = PostId.parse(input.post_id)
        await ctx.write(lambda tx: likes.unlike_post(tx, ctx.viewer, post_id))
        await wants.read_posts(ctx, [post_id], wanted, "post")
        return UnlikePostPayload(post=await nodes.one(ctx, post_id, Post))
