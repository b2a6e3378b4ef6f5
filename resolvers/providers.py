"""Log-in with other services, and the links between them and an account."""

import strawberry

from core.db import Write
from core.ids import AccountId, LinkedIdentityId, ViewerId
from resolvers.auth import challenge_of, device_of, enter, handed_out, require_delivery
from schema import nodes
from schema.accounts import Account, Viewer
from schema.auth import Session
from schema.context import Context
from schema.fields import root
from schema.mutation import mutation
from schema.providers import (
    BeginProviderLogInInput,
    BeginProviderLogInPayload,
    CompleteProviderLogInInput,
    CompleteProviderLogInPayload,
    IdentityProvider,
    UnlinkProviderInput,
    UnlinkProviderPayload,
)
from schema.scalars import URL
from services.auth import challenges, keys
from services.auth.challenges import Arrival, Challenge
from services.auth.sessions import AuthTokens
from services.joining import Joining
from services.providers import attempts, identities, log_in
from services.providers.log_in import Outcome


@strawberry.type
class ProviderQueries:
    @root
    async def identity_providers(ctx: Context) -> list[IdentityProvider] | None:
        return [IdentityProvider.of(each) for each in ctx.backends.settings.identity_providers]


@strawberry.type
class ProviderMutations:
    @mutation
    async def begin_provider_log_in(ctx: Context, *, input: BeginProviderLogInInput) -> BeginProviderLogInPayload:
        attempt = await attempts.prepare(ctx.backends, ctx.viewer, input.provider, input.redirect_uri)
        await ctx.write(lambda tx: attempts.keep(tx, ctx.viewer, attempt))
        return BeginProviderLogInPayload(
            authorization_url=URL(attempt.authorization_url),
            state=attempt.request.state,
            expires_at=attempt.expires_at,
        )

    @mutation
    async def complete_provider_log_in(
        ctx: Context, *, input: CompleteProviderLogInInput
    ) -> CompleteProviderLogInPayload:
        require_delivery(ctx, input.delivery)
        who, handle = ctx.viewer, input.handle or None
        joining = Joining(input.birth_date or None, input.accepted_terms or None)
        comeback, identity = await log_in.recognise(ctx.backends, who, input.state, input.authorization_code)
        key = await keys.signing_key(ctx.backends)
        device = device_of(ctx, input.device or None)

        async def arrive(tx: Write) -> tuple[Outcome, AuthTokens | Challenge | None]:
            outcome = await log_in.arrive(tx, who, comeback, identity, handle, joining)
            if not outcome.needs_session:
                return outcome, None
            return outcome, await challenges.proceed(tx, key, Arrival(outcome.user_id, device, who.address, "PROVIDER"))

        outcome, tokens = await ctx.write(arrive)
        if isinstance(tokens, Challenge):
            return CompleteProviderLogInPayload(challenge=challenge_of(tokens), is_new_account=False)
        if tokens is not None:
            await enter(ctx, tokens)
        viewer = await nodes.one(ctx, ViewerId(outcome.user_id), Viewer)
        return CompleteProviderLogInPayload(
            viewer=viewer,
            session=await nodes.one(ctx, viewer.session_id, Session) if viewer else None,
            tokens=handed_out(ctx, tokens, input.delivery) if tokens else None,
            is_new_account=outcome.is_new,
        )

    @mutation
    async def unlink_provider(ctx: Context, *, input: UnlinkProviderInput) -> UnlinkProviderPayload:
        who = ctx.viewer
        linked = LinkedIdentityId.parse(input.linked_identity_id)
        await ctx.write(lambda tx: identities.unlink(tx, who, linked))
        return UnlinkProviderPayload(
            account=await nodes.one(ctx, AccountId(who.user_id), Account),
            unlinked_identity_id=strawberry.ID(str(linked)),
        )
