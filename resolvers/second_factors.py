"""Turning two-factor log-in on and off, and its recovery codes."""

import strawberry

from core.errors import unless_refused
from core.ids import AccountId
from schema import nodes
from schema.accounts import Account
from schema.context import Context
from schema.mutation import mutation
from schema.second_factors import (
    BeginTotpSetupInput,
    BeginTotpSetupPayload,
    ConfirmTotpSetupInput,
    ConfirmTotpSetupPayload,
    DisableTotpInput,
    DisableTotpPayload,
    RegenerateRecoveryCodesInput,
    RegenerateRecoveryCodesPayload,
    code_of,
)
from services.auth import authenticator_apps
from services.auth.second_factors import Code

_TOTP = ("input", "totp")


@strawberry.type
class SecondFactorMutations:
    @mutation
    async def begin_totp_setup(ctx: Context, *, input: BeginTotpSetupInput) -> BeginTotpSetupPayload:
        setup = await ctx.write(lambda tx: authenticator_apps.begin(tx, ctx.viewer, input.label or None))
        return BeginTotpSetupPayload(secret=setup.secret, otpauth_uri=setup.address, expires_at=setup.expires_at)

    @mutation
    async def confirm_totp_setup(ctx: Context, *, input: ConfirmTotpSetupInput) -> ConfirmTotpSetupPayload:
        outcome = await ctx.write(lambda tx: authenticator_apps.confirm(tx, ctx.viewer, input.totp, _TOTP))
        return ConfirmTotpSetupPayload(recovery_codes=unless_refused(outcome), account=await _account(ctx))

    @mutation
    async def disable_totp(ctx: Context, *, input: DisableTotpInput) -> DisableTotpPayload:
        code = code_of(input.code)
        unless_refused(await ctx.write(lambda tx: authenticator_apps.disable(tx, ctx.viewer, code)))
        return DisableTotpPayload(account=await _account(ctx))

    @mutation
    async def regenerate_recovery_codes(
        ctx: Context, *, input: RegenerateRecoveryCodesInput
    ) -> RegenerateRecoveryCodesPayload:
        code = Code("TOTP", input.totp, _TOTP)
        outcome = await ctx.write(lambda tx: authenticator_apps.renew_recovery_codes(tx, ctx.viewer, code))
        return RegenerateRecoveryCodesPayload(recovery_codes=unless_refused(outcome))


async def _account(ctx: Context) -> Account | None:
    return await nodes.one(ctx, AccountId(ctx.viewer.user_id), Account)
