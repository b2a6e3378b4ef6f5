"""Signing up, and the signed-in account."""

import strawberry

from core.ids import AccountId, SessionId, ViewerId
from core.passwords import hash_password
from loaders.accounts import availability_of_handles
from resolvers.auth import device_of, enter, handed_out, require_delivery
from schema import nodes
from schema.accounts import (
    Account,
    HandleAvailability,
    SignUpInput,
    SignUpPayload,
    UpdateAccountInput,
    UpdateAccountPayload,
    Viewer,
)
from schema.context import Context
from schema.errors import UserErrorCode
from schema.fields import root
from schema.mutation import mutation
from services import accounts
from services.accounts import NewAccount
from services.auth import keys, sessions, suspicion

_CAPTCHA = ("input", "captchaResponse")


@strawberry.type
class AccountQueries:
    @root
    async def viewer(ctx: Context) -> Viewer | None:
        return await nodes.one(ctx, ViewerId(ctx.viewer.id), Viewer) if ctx.viewer.id else None

    @root
    async def handle_availability(ctx: Context, *, handle: str) -> HandleAvailability | None:
        found = await ctx.loaders.one(availability_of_handles, handle)
        return HandleAvailability(
            handle=found.handle,
            is_available=found.problem is None,
            problem=UserErrorCode[found.problem] if found.problem else None,
            suggestions=list(found.suggestions),
        )


@strawberry.type
class AccountMutations:
    @mutation
    async def sign_up(ctx: Context, *, input: SignUpInput) -> SignUpPayload:
        require_delivery(ctx, input.delivery)
        new = accounts.checked(_new_account(input), input.password)
        await suspicion.require_human(
            ctx.backends, "signUp", ctx.viewer.address, input.captcha_response or None, _CAPTCHA, free=accounts.FREE
        )
        password_hash = await hash_password(input.password)
        device = device_of(ctx, input.device or None)
        session_id = await ctx.write_once(
            lambda tx: accounts.sign_up(tx, new, password_hash, device, ctx.viewer.address),
            key=input.idempotency_key or None,
            of=input,
            result=SessionId,
        )
        key = await keys.signing_key(ctx.backends)
        # A repeat of the call gets the same session with tokens of its own, since tokens are not kept.
        tokens = await ctx.write(lambda tx: sessions.grant(tx, key, session_id))
        await enter(ctx, tokens)
        viewer, session = await nodes.load(ctx, [ViewerId(session_id.user_id), session_id])
        return SignUpPayload(viewer=viewer, session=session, tokens=handed_out(ctx, tokens, input.delivery))

    @mutation
    async def update_account(ctx: Context, *, input: UpdateAccountInput) -> UpdateAccountPayload:
        given = {"language": input.language, "time_zone": input.time_zone}
        changes = {name: value for name, value in given.items() if value}
        await ctx.write(lambda tx: accounts.update_account(tx, ctx.viewer, changes))
        return UpdateAccountPayload(account=await nodes.one(ctx, AccountId(ctx.viewer.user_id), Account))


def _new_account(input: SignUpInput) -> NewAccount:
    return NewAccount(
        email=input.email,
        handle=input.handle,
        display_name=input.display_name or None,
        language=input.language or "en",
        time_zone=input.time_zone or "UTC",
        birth_date=input.birth_date or None,
        accepted_terms=input.accepted_terms or None,
    )
