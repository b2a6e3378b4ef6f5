"""Changing a password, and setting a new one by a mailed code."""

import strawberry

from core.ids import AccountId
from core.passwords import hash_password
from schema import nodes
from schema.accounts import Account
from schema.context import Context
from schema.mutation import mutation
from schema.passwords import (
    ChangePasswordInput,
    ChangePasswordPayload,
    RequestPasswordResetInput,
    RequestPasswordResetPayload,
    ResetPasswordInput,
    ResetPasswordPayload,
)
from services import passwords
from services.mail_codes import MailCode


@strawberry.type
class PasswordMutations:
    @mutation
    async def change_password(ctx: Context, *, input: ChangePasswordInput) -> ChangePasswordPayload:
        who = ctx.viewer
        stored = await passwords.prove(ctx.backends, who, input.current_password, input.new_password)
        password_hash = await hash_password(input.new_password)
        revokes = input.revoke_other_sessions
        ended = await ctx.write(lambda tx: passwords.change(tx, who, stored, password_hash, revokes_others=revokes))
        for session in ended:
            ctx.backends.tokens.forget(session)
        account = await nodes.one(ctx, AccountId(who.user_id), Account)
        return ChangePasswordPayload(account=account, revoked_session_ids=[strawberry.ID(str(each)) for each in ended])

    @mutation
    async def request_password_reset(ctx: Context, *, input: RequestPasswordResetInput) -> RequestPasswordResetPayload:
        next_request_at = await ctx.write(lambda tx: passwords.request_reset(tx, input.identifier))
        return RequestPasswordResetPayload(next_request_at=next_request_at)

    @mutation
    async def reset_password(ctx: Context, *, input: ResetPasswordInput) -> ResetPasswordPayload:
        code = MailCode.parse(input.code, passwords.CODES, ("input", "code"))
        await passwords.require_resettable(ctx.backends, code, input.new_password)
        password_hash = await hash_password(input.new_password)
        for session in await ctx.write(lambda tx: passwords.reset(tx, code, password_hash)):
            ctx.backends.tokens.forget(session)
        return ResetPasswordPayload(was_reset=True)
