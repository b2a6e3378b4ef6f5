"""Putting an account to sleep, and having it deleted."""

from collections.abc import Iterable
from dataclasses import replace

import strawberry

from core.ids import AccountId, SessionId
from core.viewer import AccountStatus
from resolvers.auth import forget_session
from schema import nodes
from schema.account_life import (
    CancelAccountDeletionInput,
    CancelAccountDeletionPayload,
    DeactivateAccountInput,
    DeactivateAccountPayload,
    RequestAccountDeletionInput,
    RequestAccountDeletionPayload,
)
from schema.accounts import Account
from schema.context import Context
from schema.mutation import mutation
from services import account_life


@strawberry.type
class AccountLifeMutations:
    @mutation
    async def deactivate_account(ctx: Context, *, input: DeactivateAccountInput) -> DeactivateAccountPayload:
        ended = await ctx.write(lambda tx: account_life.deactivate(tx, ctx.viewer, input.reason or None))
        return DeactivateAccountPayload(account=await _account(ctx, "DEACTIVATED", ended))

    @mutation
    async def request_account_deletion(
        ctx: Context, *, input: RequestAccountDeletionInput
    ) -> RequestAccountDeletionPayload:
        await ctx.write(lambda tx: account_life.request_deletion(tx, ctx.viewer, input.reason or None))
        return RequestAccountDeletionPayload(account=await _account(ctx, "PENDING_DELETION"))

    @mutation
    async def cancel_account_deletion(
        ctx: Context, *, input: CancelAccountDeletionInput
    ) -> CancelAccountDeletionPayload:
        is_back = input.reactivate
        ended = await ctx.write(lambda tx: account_life.cancel_deletion(tx, ctx.viewer, reactivate=is_back))
        return CancelAccountDeletionPayload(account=await _account(ctx, "ACTIVE" if is_back else "DEACTIVATED", ended))


async def _account(ctx: Context, status: AccountStatus, ended: Iterable[SessionId] = ()) -> Account | None:
    """The account after the change; what else the operation asks, it asks in this state."""
    for session in ended:
        ctx.backends.tokens.forget(session)
    forget_session(ctx)
    if ctx.viewer.status != "SUSPENDED":
        await ctx.become(replace(ctx.viewer, status=status))
    return await nodes.one(ctx, AccountId(ctx.viewer.user_id), Account)
