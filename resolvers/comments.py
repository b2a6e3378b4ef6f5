"""Writing and deleting comments, and reading one."""

import strawberry

from core.errors import NotFound
from core.ids import CommentId, PostId
from schema import nodes, wants
from schema.comments import (
    AddCommentInput,
    AddCommentPayload,
    ApproveCommentsInput,
    ApproveCommentsPayload,
    Comment,
    DeleteCommentInput,
    DeleteCommentPayload,
    HideCommentsInput,
    HideCommentsPayload,
)
from schema.connections import Edge
from schema.context import Context
from schema.fields import Wanted, root
from schema.mutation import mutation
from schema.posts import Post
from services import comments


@strawberry.type
class CommentQueries:
    @root
    async def comment(ctx: Context, *, id: strawberry.ID) -> Comment | None:
        return await nodes.one_of(ctx, id, Comment)


@strawberry.type
class CommentMutations:
    @mutation
    async def add_comment(ctx: Context, *, input: AddCommentInput, wanted: Wanted) -> AddCommentPayload:
        post_id = PostId.parse(input.post_id)
        key = input.idempotency_key or None
        comment_id = await ctx.write_once(
            lambda tx: comments.add_comment(tx, ctx.viewer, post_id, input.text, key),
            key=key,
            of=input,
            result=CommentId,
        )
        await wants.read_posts(ctx, [post_id], wanted, "post")
        comment, post = await nodes.load(ctx, [comment_id, post_id])
        if comment is None:
            raise NotFound(id=str(comment_id))
        edge = Edge(node=comment, cursor=comments.newest_cursor(post_id, comment_id))
        return AddCommentPayload(comment=comment, comment_edge=edge, post=post)

    @mutation
    async def delete_comment(ctx: Context, *, input: DeleteCommentInput, wanted: Wanted) -> DeleteCommentPayload:
        comment_id = CommentId.parse(input.comment_id)
        post_id = await ctx.write(lambda tx: comments.delete_comment(tx, ctx.viewer, comment_id))
        await wants.read_posts(ctx, [post_id], wanted, "post")
        return DeleteCommentPayload(
            deleted_comment_id=strawberry.ID(str(comment_id)), post=await nodes.one(ctx, post_id, Post)
        )

    @mutation
    async def hide_comments(ctx: Context, *, input: HideCommentsInput) -> HideCommentsPayload:
        ids = [CommentId.parse(each) for each in input.comment_ids]
        await ctx.write(lambda tx: comments.hide_comments(tx, ctx.viewer, ids))
        return HideCommentsPayload(comments=[each for each in await nodes.load(ctx, ids) if each])

    @mutation
    async def approve_comments(ctx: Context, *, input: ApproveCommentsInput) -> ApproveCommentsPayload:
        ids = [CommentId.parse(each) for each in input.comment_ids]
        await ctx.write(lambda tx: comments.approve_comments(tx, ctx.viewer, ids))
        return ApproveCommentsPayload(comments=[each for each in await nodes.load(ctx, ids) if each])
