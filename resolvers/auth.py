"""Logging in and out, and keeping a session alive."""

from dataclasses import replace

import strawberry

from core.errors import Invalid, unless_refused
from core.ids import SessionId, ViewerId, readable
from core.viewer import Viewer
from schema import nodes
from schema.auth import (
    AuthTokens,
    CompleteLogInInput,
    CompleteLogInPayload,
    DeviceInput,
    LogInChallenge,
    LogInInput,
    LogInPayload,
    LogOutInput,
    LogOutPayload,
    ReauthenticateInput,
    ReauthenticatePayload,
    RefreshSessionInput,
    RefreshSessionPayload,
    RevokeSessionsInput,
    RevokeSessionsPayload,
    Session,
    TokenDelivery,
    TwoFactorMethod,
)
from schema.context import Context
from schema.mutation import mutation
from schema.second_factors import code_of
from services.auth import challenges, gate, keys, log_in, proofs, sessions
from services.auth.challenges import Arrival, Challenge
from services.auth.devices import Device, guess
from services.auth.second_factors import Code
from services.providers import log_in as provider_log_in

_TOKEN = ("input", "refreshToken")


@strawberry.type
class AuthMutations:
    @mutation
    async def log_in(ctx: Context, *, input: LogInInput) -> LogInPayload:
        require_delivery(ctx, input.delivery)
        address = ctx.viewer.address
        user_id = await log_in.recognise(ctx.backends, input.identifier, input.password, address)
        key = await keys.signing_key(ctx.backends)
        arrival = Arrival(user_id, device_of(ctx, input.device or None), address, "PASSWORD")
        outcome = await ctx.write(lambda tx: challenges.proceed(tx, key, arrival))
        if isinstance(outcome, Challenge):
            return LogInPayload(challenge=challenge_of(outcome))
        await enter(ctx, outcome)
        viewer, session = await nodes.load(ctx, [ViewerId(user_id), outcome.session])
        return LogInPayload(viewer=viewer, session=session, tokens=handed_out(ctx, outcome, input.delivery))

    @mutation
    async def complete_log_in(ctx: Context, *, input: CompleteLogInInput) -> CompleteLogInPayload:
        require_delivery(ctx, input.delivery)
        token, code, address = input.challenge_token, code_of(input.code), ctx.viewer.address
        key = await keys.signing_key(ctx.backends)
        tokens = unless_refused(await ctx.write(lambda tx: challenges.complete(tx, key, token, code, address)))
        await enter(ctx, tokens)
        viewer, session = await nodes.load(ctx, [ViewerId(tokens.session.user_id), tokens.session])
        return CompleteLogInPayload(viewer=viewer, session=session, tokens=handed_out(ctx, tokens, input.delivery))

    @mutation
    async def refresh_session(ctx: Context, *, input: RefreshSessionInput) -> RefreshSessionPayload:
        text, delivery = _refresh_token(ctx, input)
        token = sessions.presented(text, _TOKEN)
        key = await keys.signing_key(ctx.backends)
        tokens = await ctx.write(lambda tx: sessions.refresh(tx, key, token, input.idempotency_key or None))
        ctx.backends.tokens.forget(token.session)
        if tokens is None:
            if ctx.jar is not None and delivery is TokenDelivery.COOKIE:
                ctx.jar.clear()
            raise sessions.spent(_TOKEN)
        await enter(ctx, tokens)
        session = await nodes.one(ctx, tokens.session, Session)
        return RefreshSessionPayload(tokens=handed_out(ctx, tokens, delivery), session=session)

    @mutation
    async def log_out(ctx: Context, *, input: LogOutInput) -> LogOutPayload:
        who = ctx.viewer
        ended = await ctx.write(lambda tx: sessions.log_out(tx, who, all_devices=input.all_devices))
        for session in ended:
            ctx.backends.tokens.forget(session)
        if ctx.jar is not None:
            ctx.jar.clear()
        await ctx.become(Viewer(address=who.address, user_agent=who.user_agent))
        return LogOutPayload(ended_session_ids=[strawberry.ID(str(session)) for session in ended])

    @mutation
    async def revoke_sessions(ctx: Context, *, input: RevokeSessionsInput) -> RevokeSessionsPayload:
        chosen = readable(SessionId, input.session_ids) if input.session_ids else None
        ended = await ctx.write(lambda tx: sessions.revoke(tx, ctx.viewer, chosen))
        for session in ended:
            ctx.backends.tokens.forget(session)
        return RevokeSessionsPayload(revoked_session_ids=[strawberry.ID(str(session)) for session in ended])

    @mutation
    async def reauthenticate(ctx: Context, *, input: ReauthenticateInput) -> ReauthenticatePayload:
        who = ctx.viewer
        if input.proof.password is not None:
            await proofs.by_password(ctx.backends, who, input.proof.password.value, ("input", "proof", "password"))
        elif input.proof.totp is not None:
            code = Code("TOTP", input.proof.totp.value, ("input", "proof", "totp"))
            unless_refused(await ctx.write(lambda tx: proofs.by_totp(tx, who, code)))
        elif input.proof.provider_state is not None:
            state = input.proof.provider_state.value
            await ctx.write(lambda tx: provider_log_in.prove(tx, who, state))
        else:
            raise Invalid("REQUIRED", "A proof is needed.", ("input", "proof"))
        until = await ctx.write(lambda tx: proofs.note(tx, who))
        forget_session(ctx)
        return ReauthenticatePayload(valid_until=until)


def forget_session(ctx: Context) -> None:
    """Ask the database about the viewer's session at its next request."""
    if ctx.viewer.session_id is not None:
        ctx.backends.tokens.forget(SessionId(ctx.viewer.user_id, ctx.viewer.session_id))


async def enter(ctx: Context, tokens: sessions.AuthTokens) -> None:
    """Go on with the operation as the person who has just got these tokens."""
    before = ctx.viewer
    until = tokens.access_token_expires_at
    await ctx.become(await gate.admit(ctx.backends, tokens.session, until, before.address, before.user_agent))


def challenge_of(challenge: Challenge) -> LogInChallenge:
    """A challenge in the words of the graph."""
    methods = [TwoFactorMethod(each) for each in challenge.methods]
    return LogInChallenge(token=challenge.token, methods=methods, expires_at=challenge.expires_at)


def device_of(ctx: Context, given: DeviceInput | None) -> Device:
    """The device as the client says; what it does not say is guessed."""
    guessed = guess(ctx.viewer.user_agent)
    if given is None:
        return guessed
    return Device(given.name or guessed.name, given.platform.value, given.app_version or None)


def require_delivery(ctx: Context, delivery: TokenDelivery) -> None:
    """Refuse `COOKIE` where the answer cannot set cookies, before anything is done."""
    if delivery is TokenDelivery.COOKIE and ctx.jar is None:
        reason = "Cookies are for pages of allowed websites, by POST, where the operator has switched them on."
        raise Invalid("INVALID", reason, ("input", "delivery"))


def handed_out(ctx: Context, tokens: sessions.AuthTokens, delivery: TokenDelivery) -> AuthTokens:
    """The tokens as the client wants them; cookies are set by the answer and left out of it."""
    told = tokens_of(tokens)
    if delivery is TokenDelivery.BODY or ctx.jar is None:
        return told
    return replace(told, access_token=None, refresh_token=None, csrf_token=ctx.jar.keep(tokens))


def _refresh_token(ctx: Context, input: RefreshSessionInput) -> tuple[str, TokenDelivery]:
    """The refresh token of the input, else that of the cookies; its successor goes the same way."""
    if input.refresh_token:
        return input.refresh_token, TokenDelivery.BODY
    kept = ctx.jar.refresh_token if ctx.jar else None
    if kept is None:
        raise Invalid("REQUIRED", "A refresh token is needed.", _TOKEN)
    return kept, TokenDelivery.COOKIE


def tokens_of(tokens: sessions.AuthTokens) -> AuthTokens:
    """The tokens in the words of the graph."""
    return AuthTokens(
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token,
        access_token_expires_at=tokens.access_token_expires_at,
        refresh_token_expires_at=tokens.refresh_token_expires_at,
    )
