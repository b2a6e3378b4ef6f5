"""Turning two-factor log-in on and off, and its recovery codes."""

import strawberry

from core.errors import unless_refused
from core.ids import AccountId
from schema import nodes
from schema.accounts import Account
from schema.context import Context
from schema.mutation import mutation
from schema.second_factors import (
    BeginSmsSetupInput,
    BeginSmsSetupPayload,
    BeginTotpSetupInput,
    BeginTotpSetupPayload,
    ConfirmSmsSetupInput,
    ConfirmSmsSetupPayload,
    ConfirmTotpSetupInput,
    ConfirmTotpSetupPayload,
    DisableSmsInput,
    DisableSmsPayload,
    DisableTotpInput,
    DisableTotpPayload,
    RegenerateRecoveryCodesInput,
    RegenerateRecoveryCodesPayload,
    RequestSmsCodeInput,
    RequestSmsCodePayload,
    code_of,
)
from services.auth import authenticator_apps, phones, second_factors
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
        unless_refused(await ctx.write(lambda tx: second_factors.disable(tx, ctx.viewer, code)))
        return DisableTotpPayload(account=await _account(ctx))

    @mutation
    async def regenerate_recovery_codes(
        ctx: Context, *, input: RegenerateRecoveryCodesInput
    ) -> RegenerateRecoveryCodesPayload:
        code = Code("TOTP", input.totp, _TOTP)
        outcome = await ctx.write(lambda tx: authenticator_apps.renew_recovery_codes(tx, ctx.viewer, code))
        return RegenerateRecoveryCodesPayload(recovery_codes=unless_refused(outcome))


@strawberry.type
class PhoneMutations:
    @mutation
    async def begin_sms_setup(ctx: Context, *, input: BeginSmsSetupInput) -> BeginSmsSetupPayload:
        number = phones.checked(input.phone_number, ("input", "phoneNumber"))
        await phones.require_budget(ctx.backends, ctx.viewer.user_id, number, ctx.viewer.address)
        sent = await ctx.write(lambda tx: phones.begin(tx, ctx.viewer, number))
        return BeginSmsSetupPayload(phone_number=sent.masked, expires_at=sent.expires_at)

    @mutation
    async def confirm_sms_setup(ctx: Context, *, input: ConfirmSmsSetupInput) -> ConfirmSmsSetupPayload:
        outcome = await ctx.write(lambda tx: phones.confirm(tx, ctx.viewer, input.sms, ("input", "sms")))
        return ConfirmSmsSetupPayload(recovery_codes=unless_refused(outcome), account=await _account(ctx))

    @mutation
    async def request_sms_code(ctx: Context, *, input: RequestSmsCodeInput) -> RequestSmsCodePayload:
        who = ctx.viewer
        user_id, number = await ctx.write(lambda tx: phones.recipient(tx, who, input.challenge_token or None))
        await phones.require_budget(ctx.backends, user_id, number, who.address)
        sent = await ctx.write(lambda tx: phones.issue(tx, user_id, number))
        return RequestSmsCodePayload(phone_number=sent.masked, expires_at=sent.expires_at)

    @mutation
    async def disable_sms(ctx: Context, *, input: DisableSmsInput) -> DisableSmsPayload:
        code = code_of(input.code)
        unless_refused(await ctx.write(lambda tx: second_factors.disable(tx, ctx.viewer, code)))
        return DisableSmsPayload(account=await _account(ctx))


async def _account(ctx: Context) -> Account | None:
    return await nodes.one(ctx, AccountId(ctx.viewer.user_id), Account)
