"""Accounts at providers that people have linked: found, linked, shown to their owner, unlinked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from core import clock
from core.db import Read, Write
from core.errors import Conflict, NotFound, Refusal
from core.events import ProviderLinked, ProviderUnlinked
from core.ids import LinkedIdentityId, new_uuid
from core.openid import Identity
from core.providers import Provider
from core.settings import settings
from core.viewer import Viewer
from models.accounts import Account
from models.providers import LinkedIdentity, ProviderSubject
from services import kinship, outbox

_STATE: Final = ("input", "state")


@dataclass(frozen=True, slots=True)
class LinkedIdentityRow:
    """A linked identity as its owner sees it."""

    id: LinkedIdentityId
    provider: Provider
    account_name: str
    linked_at: datetime
    can_unlink: bool


async def holder(db: Read, identity: Identity) -> tuple[UUID, UUID] | None:
    """Whose identity it is, and the id of the link."""
    columns = select(ProviderSubject.user_id, ProviderSubject.identity_id)
    row = await db.first(columns.where(ProviderSubject.digest == _digest(identity)))
    return (row.user_id, row.identity_id) if row else None


async def link(tx: Write, user_id: UUID, provider: Provider, identity: Identity) -> LinkedIdentityId:
    """Link an identity to an account; refused if it is somebody's already, or the account has one of this provider."""
    linked = LinkedIdentityId(user_id, new_uuid())
    subject = {"digest": _digest(identity), "user_id": user_id, "identity_id": linked.id}
    claimed = insert(ProviderSubject).values(subject).on_conflict_do_nothing().returning(ProviderSubject.user_id)
    if await tx.scalar(claimed) is None:
        raise taken(provider)
    row = {
        "user_id": user_id,
        "id": linked.id,
        "provider": provider.key,
        "account_name": identity.username or identity.email or identity.name or identity.subject,
        "subject_digest": subject["digest"],
        "linked_at": clock.now(),
    }
    added = insert(LinkedIdentity).values(row).on_conflict_do_nothing().returning(LinkedIdentity.id)
    if await tx.scalar(added) is None:
        raise Conflict("CONFLICT", f"Another account at {provider.name} is linked. Unlink that one first.", _STATE)
    await kinship.mark(tx, user_id, "provider", f"{identity.issuer}:{identity.subject}")
    return linked


async def tell_linked(tx: Write, linked: LinkedIdentityId) -> None:
    """Let the person know of a link that was added to an account in use."""
    outbox.emit(tx, ProviderLinked(user_id=linked.user_id, identity_id=linked.id))


async def unlink(tx: Write, viewer: Viewer, linked: LinkedIdentityId) -> None:
    """Remove a link of the viewer's; refused if it is the only way left to log in."""
    # Two removals at once would each find the other link.
    locked = select(Account.password_hash.is_not(None)).where(Account.user_id == viewer.user_id).with_for_update()
    has_password = await tx.scalar(locked)
    ways = set(await _usable(tx, viewer.user_id))
    if linked.user_id != viewer.user_id or linked.id not in ways:
        raise NotFound(id=str(linked))
    if not has_password and len(ways) == 1:
        message = "This is the only way to log in to your account. Set a password first, or link another service."
        raise Refusal("CONFLICT", message, ("input", "linkedIdentityId"))
    await _remove(tx, viewer.user_id, linked.id)
    outbox.emit(tx, ProviderUnlinked(user_id=viewer.user_id, identity_id=linked.id))


async def unlink_all(tx: Write, user_id: UUID) -> None:
    """Remove every link of a person who gets their account back by mail, and let them know."""
    for identity_id in await tx.scalars(select(LinkedIdentity.id).where(LinkedIdentity.user_id == user_id)):
        await _remove(tx, user_id, identity_id)
        outbox.emit(tx, ProviderUnlinked(user_id=user_id, identity_id=identity_id))


async def erase(tx: Write, user_id: UUID) -> None:
    """Forget every link of a person who is erased, so that the identities are free again."""
    for identity_id in await tx.scalars(select(LinkedIdentity.id).where(LinkedIdentity.user_id == user_id)):
        await _remove(tx, user_id, identity_id)


async def own(db: Read, viewer: Viewer, ids: Iterable[LinkedIdentityId] | None = None) -> list[LinkedIdentityRow]:
    """The viewer's links by provider, or those of `ids` among them; providers the operator has removed show none."""
    if viewer.id is None:
        return []
    wanted = None if ids is None else {each.id for each in ids if each.user_id == viewer.id}
    if wanted is not None and not wanted:
        return []
    # unguarded: the links are the viewer's own
    columns = (LinkedIdentity.id, LinkedIdentity.provider, LinkedIdentity.account_name, LinkedIdentity.linked_at)
    statement = select(*columns, Account.password_hash.is_not(None).label("has_password"))
    joined = statement.join(Account, Account.user_id == LinkedIdentity.user_id)
    rows = await db.all(joined.where(LinkedIdentity.user_id == viewer.id).order_by(LinkedIdentity.id))
    known = _known()
    usable = [row for row in rows if row.provider in known]
    return [
        LinkedIdentityRow(
            LinkedIdentityId(viewer.id, row.id),
            known[row.provider],
            row.account_name,
            row.linked_at,
            row.has_password or len(usable) > 1,
        )
        for row in usable
        if wanted is None or row.id in wanted
    ]


def taken(provider: Provider) -> Conflict:
    """The refusal of an identity that somebody else has linked."""
    return Conflict("CONFLICT", f"This account at {provider.name} is linked to somebody else here.", _STATE)


async def _usable(db: Read, user_id: UUID) -> list[UUID]:
    """Links that lead in: those of providers that the operator still names."""
    # unguarded: the names of the services are compared and go nowhere
    rows = await db.all(select(LinkedIdentity.id, LinkedIdentity.provider).where(LinkedIdentity.user_id == user_id))
    return [row.id for row in rows if row.provider in _known()]


async def _remove(tx: Write, user_id: UUID, identity_id: UUID) -> None:
    own_link = LinkedIdentity.user_id == user_id, LinkedIdentity.id == identity_id
    # unguarded: the identity goes with its link
    digest = await tx.scalar(delete(LinkedIdentity).where(*own_link).returning(LinkedIdentity.subject_digest))
    await tx.execute(delete(ProviderSubject).where(ProviderSubject.digest == digest))


def _known() -> Mapping[str, Provider]:
    return {each.key: each for each in settings().identity_providers}


def _digest(identity: Identity) -> bytes:
    return sha256(f"{identity.issuer}\0{identity.subject}".encode("utf-8", "surrogatepass")).digest()
