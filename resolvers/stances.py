"""Choosing how to deal with people: blocks, restrictions, mutes and close friends."""

from typing import Any
from uuid import UUID

import strawberry
from strawberry import UNSET

from core.ids import RelationshipId, UserId
from schema import nodes
from schema.context import Context
from schema.follows import Relationship
from schema.mutation import mutation
from schema.stances import (
    BlockUserInput,
    BlockUserPayload,
    MuteUserInput,
    MuteUserPayload,
    RestrictUserInput,
    RestrictUserPayload,
    UnblockUserInput,
    UnblockUserPayload,
    UnrestrictUserInput,
    UnrestrictUserPayload,
    UpdateCloseFriendsInput,
    UpdateCloseFriendsPayload,
)
from services import blocks, close_friends, mutes, restrictions


@strawberry.type
class StanceMutations:
    @mutation
    async def block_user(ctx: Context, *, input: BlockUserInput) -> BlockUserPayload:
        user_id = UserId.parse(input.user_id).id
        await ctx.write(lambda tx: blocks.block_user(tx, ctx.viewer, user_id))
        user, relationship = await nodes.load(ctx, [UserId(user_id), _between(ctx, user_id)])
        return BlockUserPayload(user=user, relationship=relationship)

    @mutation
    async def unblock_user(ctx: Context, *, input: UnblockUserInput) -> UnblockUserPayload:
        user_id = UserId.parse(input.user_id).id
        await ctx.write(lambda tx: blocks.unblock_user(tx, ctx.viewer, user_id))
        user, relationship = await nodes.load(ctx, [UserId(user_id), _between(ctx, user_id)])
        return UnblockUserPayload(user=user, relationship=relationship)

    @mutation
    async def restrict_user(ctx: Context, *, input: RestrictUserInput) -> RestrictUserPayload:
        user_id = UserId.parse(input.user_id).id
        await ctx.write(lambda tx: restrictions.restrict_user(tx, ctx.viewer, user_id))
        return RestrictUserPayload(relationship=await nodes.one(ctx, _between(ctx, user_id), Relationship))

    @mutation
    async def unrestrict_user(ctx: Context, *, input: UnrestrictUserInput) -> UnrestrictUserPayload:
        user_id = UserId.parse(input.user_id).id
        await ctx.write(lambda tx: restrictions.unrestrict_user(tx, ctx.viewer, user_id))
        return UnrestrictUserPayload(relationship=await nodes.one(ctx, _between(ctx, user_id), Relationship))

    @mutation
    async def mute_user(ctx: Context, *, input: MuteUserInput) -> MuteUserPayload:
        user_id = UserId.parse(input.user_id).id
        targets = {each.value for each in input.targets}
        await ctx.write(lambda tx: mutes.mute_user(tx, ctx.viewer, user_id, targets))
        return MuteUserPayload(relationship=await nodes.one(ctx, _between(ctx, user_id), Relationship))

    @mutation
    async def update_close_friends(ctx: Context, *, input: UpdateCloseFriendsInput) -> UpdateCloseFriendsPayload:
        add, remove = _people(input.add), _people(input.remove)
        await ctx.write(lambda tx: close_friends.update(tx, ctx.viewer, add, remove))
        changed = dict.fromkeys([*add, *remove])
        found = await nodes.load(ctx, [_between(ctx, each.id) for each in changed])
        return UpdateCloseFriendsPayload(relationships=[each for each in found if each])


def _people(texts: Any) -> list[UserId]:
    return [UserId.parse(each) for each in texts] if texts not in (None, UNSET) else []


def _between(ctx: Context, user_id: UUID) -> RelationshipId:
    return RelationshipId(ctx.viewer.user_id, user_id)
