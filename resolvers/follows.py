"""Following and unfollowing people."""

from uuid import UUID

import strawberry

from core.ids import RelationshipId, UserId, ViewerId
from schema import nodes
from schema.context import Context
from schema.follows import FollowUserInput, FollowUserPayload, UnfollowUserInput, UnfollowUserPayload
from schema.mutation import mutation
from services import follows


@strawberry.type
class FollowMutations:
    @mutation
    async def follow_user(ctx: Context, *, input: FollowUserInput) -> FollowUserPayload:
        user_id = UserId.parse(input.user_id).id
        await ctx.write(lambda tx: follows.follow_user(tx, ctx.viewer, user_id))
        user, relationship, viewer = await nodes.load(ctx, _changed(ctx, user_id))
        return FollowUserPayload(user=user, relationship=relationship, viewer=viewer)

    @mutation
    async def unfollow_user(ctx: Context, *, input: UnfollowUserInput) -> UnfollowUserPayload:
        user_id = UserId.parse(input.user_id).id
        await ctx.write(lambda tx: follows.unfollow_user(tx, ctx.viewer, user_id))
        user, relationship, viewer = await nodes.load(ctx, _changed(ctx, user_id))
        return UnfollowUserPayload(user=user, relationship=relationship, viewer=viewer)


def _changed(ctx: Context, user_id: UUID) -> list[UserId | RelationshipId | ViewerId]:
    viewer = ctx.viewer.user_id
    return [UserId(user_id), RelationshipId(viewer, user_id), ViewerId(viewer)]
