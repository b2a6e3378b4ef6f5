"""Confirming the address of an account, and changing it."""

import strawberry

from core.ids import AccountId
from schema import nodes
from schema.accounts import Account
from schema.context import Context
from schema.emails import (
    RequestEmailVerificationInput,
    RequestEmailVerificationPayload,
    VerifyEmailInput,
    VerifyEmailPayload,
)
from schema.mutation import mutation
from services import verification
from services.mail_codes import MailCode


@strawberry.type
class EmailMutations:
    @mutation
    async def request_email_verification(
        ctx: Context, *, input: RequestEmailVerificationInput
    ) -> RequestEmailVerificationPayload:
        who = ctx.viewer
        next_request_at = await ctx.write(lambda tx: verification.request(tx, who, input.email or None))
        account = await nodes.one(ctx, AccountId(who.user_id), Account)
        return RequestEmailVerificationPayload(account=account, next_request_at=next_request_at)

    @mutation
    async def verify_email(ctx: Context, *, input: VerifyEmailInput) -> VerifyEmailPayload:
        code = MailCode.parse(input.code, verification.CODES, ("input", "code"))
        verified = await ctx.write(lambda tx: verification.verify(tx, code))
        for session in verified.ended:
            ctx.backends.tokens.forget(session)
        return VerifyEmailPayload(verified_email=verified.email)
