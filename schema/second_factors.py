"""Two-factor log-in: an authenticator app, its recovery codes, and what the account tells of them."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from core.errors import Path
from loaders.second_factors import own_second_factors
from schema.auth import TwoFactorCodeInput
from schema.context import Context
from schema.fields import batched
from schema.mutation import Payload
from services.auth.second_factors import Code

if TYPE_CHECKING:
    from schema.accounts import Account


@strawberry.type
class SecondFactorOfAccount:
    @batched
    async def is_two_factor_enabled(parents: list["Account"], ctx: Context) -> list[bool]:
        found = await ctx.loaders.load(own_second_factors, [account.row.user_id for account in parents])
        return [each is not None and each.is_enabled for each in found]

    @batched
    async def remaining_recovery_codes(parents: list["Account"], ctx: Context) -> list[int]:
        found = await ctx.loaders.load(own_second_factors, [account.row.user_id for account in parents])
        return [each.remaining_recovery_codes if each else 0 for each in found]

    @batched
    async def phone_number(parents: list["Account"], ctx: Context) -> list[str | None]:
        found = await ctx.loaders.load(own_second_factors, [account.row.user_id for account in parents])
        return [each.phone_number if each else None for each in found]


@strawberry.input
class BeginTotpSetupInput:
    label: str | None = strawberry.UNSET


@strawberry.input
class ConfirmTotpSetupInput:
    totp: str


@strawberry.input
class DisableTotpInput:
    code: TwoFactorCodeInput


@strawberry.input
class RegenerateRecoveryCodesInput:
    totp: str


@strawberry.input
class BeginSmsSetupInput:
    phone_number: str


@strawberry.input
class ConfirmSmsSetupInput:
    sms: str


@strawberry.input
class RequestSmsCodeInput:
    challenge_token: str | None = strawberry.UNSET


@strawberry.input
class DisableSmsInput:
    code: TwoFactorCodeInput


@strawberry.type
class BeginTotpSetupPayload(Payload):
    secret: str | None = None
    otpauth_uri: str | None = None
    expires_at: datetime | None = None


@strawberry.type
class ConfirmTotpSetupPayload(Payload):
    account: Annotated["Account", strawberry.lazy("schema.accounts")] | None = None
    recovery_codes: list[str] | None = None


@strawberry.type
class DisableTotpPayload(Payload):
    account: Annotated["Account", strawberry.lazy("schema.accounts")] | None = None


@strawberry.type
class RegenerateRecoveryCodesPayload(Payload):
    recovery_codes: list[str] | None = None


@strawberry.type
class BeginSmsSetupPayload(Payload):
    phone_number: str | None = None
    expires_at: datetime | None = None


@strawberry.type
class ConfirmSmsSetupPayload(Payload):
    account: Annotated["Account", strawberry.lazy("schema.accounts")] | None = None
    recovery_codes: list[str] | None = None


@strawberry.type
class RequestSmsCodePayload(Payload):
    phone_number: str | None = None
    expires_at: datetime | None = None


@strawberry.type
class DisableSmsPayload(Payload):
    account: Annotated["Account", strawberry.lazy("schema.accounts")] | None = None


def code_of(given: TwoFactorCodeInput) -> Code:
    """The second factor that was given, and its place in the input."""
    path: Path = ("input", "code")
    if given.totp:
        return Code("TOTP", given.totp.value, (*path, "totp"))
    if given.sms:
        return Code("SMS", given.sms.value, (*path, "sms"))
    return Code("RECOVERY_CODE", given.recovery_code.value if given.recovery_code else "", (*path, "recoveryCode"))
