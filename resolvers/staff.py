"""What moderators and administrators see and do."""

import strawberry

from core.ids import ModerationId, RecordId, UserId
from schema import nodes
from schema.context import Context
from schema.fields import root
from schema.mutation import mutation
from schema.profiles import User
from schema.staff import (
    Moderation,
    SetAccountRoleInput,
    SetAccountRolePayload,
    SetVerifiedInput,
    SetVerifiedPayload,
    records,
)
from services import staff


@strawberry.type
class StaffQueries:
    @root
    async def moderation(ctx: Context) -> Moderation | None:
        await staff.require_now(ctx.backends, ctx.viewer, "MODERATOR")
        return await nodes.one(ctx, ModerationId(ctx.viewer.user_id), Moderation)


@strawberry.type
class StaffMutations:
    @mutation
    async def set_verified(ctx: Context, *, input: SetVerifiedInput) -> SetVerifiedPayload:
        user_id = UserId.parse(input.user_id)
        await ctx.write(
            lambda tx: staff.set_verified(tx, ctx.viewer, user_id.id, input.reason, is_verified=input.is_verified)
        )
        return SetVerifiedPayload(user=await nodes.one(ctx, user_id, User))

    @mutation
    async def set_account_role(ctx: Context, *, input: SetAccountRoleInput) -> SetAccountRolePayload:
        user_id = UserId.parse(input.user_id).id
        await ctx.write(lambda tx: staff.set_role(tx, ctx.viewer, user_id, input.role.value, input.reason))
        [record] = await records(ctx, [RecordId(user_id)])
        return SetAccountRolePayload(record=record)
