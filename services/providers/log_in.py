"""Coming back from a provider: into an account, into a new one, or with a link for the one that is open."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final
from uuid import UUID

from core.backends import Backends
from core.db import Write
from core.errors import BadCredentials, Conflict, Invalid, Refusal, Refusals
from core.id_tokens import CLOCK_TOLERANCE, BadIdToken
from core.openid import BadCode, Identity
from core.outbound import Unreachable
from core.telemetry import logger
from core.viewer import Viewer
from services import accounts, emails, handles, joining
from services.accounts import NewAccount
from services.auth import proofs
from services.joining import Joining
from services.providers import attempts, identities, naming
from services.providers.attempts import Comeback

_CODE: Final = ("input", "authorizationCode")
_EMAIL: Final = ("input", "email")
_HANDLE: Final = ("input", "handle")
_STATE: Final = ("input", "state")

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt: who it is, and whether the account is new. A session is for those who have none."""

    user_id: UUID
    is_new: bool
    needs_session: bool


async def recognise(backends: Backends, viewer: Viewer, state: str, code: str) -> tuple[Comeback, Identity]:
    """Who the provider says has logged in. It is asked once, with no transaction open."""
    bring_back = partial(attempts.bring_back, backends=backends, viewer=viewer, state=state, code=code)
    comeback = await backends.db.write(bring_back)
    if comeback.identity is not None:
        return comeback, comeback.identity
    identity = await _ask(backends, comeback)
    await backends.db.write(partial(attempts.note, comeback=comeback, identity=identity))
    return comeback, identity


async def arrive(
    tx: Write,
    viewer: Viewer,
    comeback: Comeback,
    identity: Identity,
    handle: str | None = None,
    who: Joining | None = None,
) -> Outcome:
    """Make use of an identity: link it to the open account, find the account it leads to, or create one.

    It never leads to an account by its email address alone. Nothing has happened if this refuses, and the attempt
    can be brought back again.
    """
    found = await identities.holder(tx, identity)
    if viewer.is_signed_in:
        return await _arrive_signed_in(tx, viewer, comeback, identity, found)
    await attempts.complete(tx, comeback.digest)
    if found is not None:
        return Outcome(found[0], is_new=False, needs_session=True)
    user_id = await _create(tx, viewer, comeback, identity, handle, who or Joining())
    return Outcome(user_id, is_new=True, needs_session=True)


async def _arrive_signed_in(
    tx: Write, viewer: Viewer, comeback: Comeback, identity: Identity, found: tuple[UUID, UUID] | None
) -> Outcome:
    """Link, or prove who is at the device, if the link is there already and the log-in over there a fresh one."""
    if found is None:
        await _may_link(tx, viewer)
        await identities.tell_linked(tx, await identities.link(tx, viewer.user_id, comeback.provider, identity))
        await attempts.complete(tx, comeback.digest)
    elif found[0] != viewer.user_id:
        raise identities.taken(comeback.provider)
    else:
        at = identity.authenticated_at
        is_fresh = at is None or at >= comeback.back.begun_at - CLOCK_TOLERANCE
        await attempts.complete(tx, comeback.digest, proves=found[1] if is_fresh else None)
    return Outcome(viewer.user_id, is_new=False, needs_session=False)


async def _may_link(tx: Write, viewer: Viewer) -> None:
    """Whoever found an open session shall not make a key of their own to the account."""
    if viewer.is_restricted:
        raise Refusal("ACCOUNT_RESTRICTED", "This account cannot be linked to other services now.")
    await proofs.require_recent_of(tx, viewer)


async def _create(
    tx: Write, viewer: Viewer, comeback: Comeback, identity: Identity, handle: str | None, who: Joining
) -> UUID:
    """An account without a password, whose email address the provider has confirmed."""
    email = _confirmed(identity)
    if email is None:
        message = f"{comeback.provider.name} has no confirmed email address of yours. Sign up here, then link it."
        raise Invalid("INVALID", message, _STATE)
    joining.check(who)
    if handle is not None:
        handles.check(handle, _HANDLE)
    chosen = handle or await naming.choose(tx, viewer, identity)
    name = (identity.name or chosen)[: accounts.MAX_NAME].strip()
    new = NewAccount(email, chosen, name, birth_date=who.birth_date, accepted_terms=who.accepted_terms)
    try:
        user_id = await accounts.create_account(tx, new, None, is_confirmed=True)
    except Refusals as taken:
        raise Refusals(_explained(taken.reasons)) from None
    await identities.link(tx, user_id, comeback.provider, identity)
    return user_id


def _confirmed(identity: Identity) -> str | None:
    """The address that the provider has confirmed in its normal form, if it is one at all."""
    try:
        return emails.check(identity.email or "", _EMAIL)
    except Invalid:
        return None


def _explained(reasons: Sequence[Refusal]) -> list[Refusal]:
    """An address that has an account says how the two come together: its owner logs in there first."""
    message = "There is an account with your email address already. Log in to it, then link this service."
    return [Conflict("CONFLICT", message, _STATE) if each.path == _EMAIL else each for each in reasons]


async def _ask(backends: Backends, comeback: Comeback) -> Identity:
    try:
        return await backends.openid.identity(comeback.provider, comeback.back)
    except Unreachable as reason:
        raise attempts.unreachable(comeback.provider, reason) from None
    except BadIdToken as reason:
        log.warning("identity provider is not to be believed", provider=comeback.provider.key, reason=str(reason))
        raise BadCredentials("What the service said cannot be believed. Begin the log-in again.", _CODE) from None
    except BadCode:
        raise BadCredentials("The service does not know this code. Begin the log-in again.", _CODE) from None


async def prove(tx: Write, viewer: Viewer, state: str) -> None:
    """Take an attempt of this session for a proof of who is at the device, once, if its identity is still linked."""
    proved = await attempts.spend(tx, viewer, state)
    if proved is None or proved not in {row.id.id for row in await identities.own(tx, viewer)}:
        message = "This log-in at another service proves nothing. Begin it again."
        raise BadCredentials(message, ("input", "proof", "providerState"))
