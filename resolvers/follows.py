"""Following and unfollowing people."""

from uuid import UUID

import strawberry

from core.ids import FollowRequestId, RelationshipId, UserId, ViewerId
from schema import nodes
from schema.context import Context
from schema.follow_requests import (
    ApproveFollowRequestInput,
    ApproveFollowRequestPayload,
    DenyFollowRequestInput,
    DenyFollowRequestPayload,
)
from schema.follows import (
    FollowUserInput,
    FollowUserPayload,
    Relationship,
    RemoveFollowerInput,
    RemoveFollowerPayload,
    UnfollowUserInput,
    UnfollowUserPayload,
)
from schema.mutation import mutation
from services import follow_requests, follows


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

    @mutation
    async def approve_follow_request(ctx: Context, *, input: ApproveFollowRequestInput) -> ApproveFollowRequestPayload:
        requester_id = UserId.parse(input.requester_id).id
        await ctx.write(lambda tx: follow_requests.approve(tx, ctx.viewer, requester_id))
        _, relationship, viewer = await nodes.load(ctx, _changed(ctx, requester_id))
        return ApproveFollowRequestPayload(
            approved_request_id=_request_id(ctx, requester_id), relationship=relationship, viewer=viewer
        )

    @mutation
    async def deny_follow_request(ctx: Context, *, input: DenyFollowRequestInput) -> DenyFollowRequestPayload:
        requester_id = UserId.parse(input.requester_id).id
        await ctx.write(lambda tx: follow_requests.deny(tx, ctx.viewer, requester_id))
        relationship = await nodes.one(ctx, RelationshipId(ctx.viewer.user_id, requester_id), Relationship)
        return DenyFollowRequestPayload(denied_request_id=_request_id(ctx, requester_id), relationship=relationship)

    @mutation
    async def remove_follower(ctx: Context, *, input: RemoveFollowerInput) -> RemoveFollowerPayload:
        follower = UserId.parse(input.user_id)
        await ctx.write(lambda tx: follows.remove_follower(tx, ctx.viewer, follower.id))
        _, relationship, viewer = await nodes.load(ctx, _changed(ctx, follower.id))
        return RemoveFollowerPayload(
            removed_follower_id=strawberry.ID(str(follower)), relationship=relationship, viewer=viewer
        )


def _request_id(ctx: Context, requester_id: UUID) -> strawberry.ID:
    return strawberry.ID(str(FollowRequestId(requester_id, ctx.viewer.user_id)))


def _changed(ctx: Context, user_id: UUID) -> list[UserId | RelationshipId | ViewerId]:
    viewer = ctx.viewer.user_id
    return [UserId(user_id), RelationshipId(viewer, user_id), ViewerId(viewer)]
