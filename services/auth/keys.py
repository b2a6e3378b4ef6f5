"""The keys that sign access tokens: made once for all processes, read again by each of them from time to time."""

import time
from typing import Any, Final, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import insert, select, text, update

from core import clock
from core.backends import Backends
from core.db import Read, Write
from core.errors import Unavailable
from core.sealing import BrokenSeal, seal, unseal
from core.tokens import KeyRing, SigningKey, public_jwk
from models import auth as tables

FRESH_SECONDS: Final = 60
MISSING_SECONDS: Final = 5

Beginning = Literal["NEXT", "ACTIVE"]
"""How a key begins."""

_PURPOSE: Final = "signing keys"
# One number among the advisory locks of the database; it is held until the commit.
_LOCK: Final = text("select pg_advisory_xact_lock(7023941)")


async def signing_key(backends: Backends) -> SigningKey:
    """The active key; the first process that needs one makes it, others wait for that and read it."""
    keys = await key_ring(backends)
    if keys.signing is None:
        await backends.db.write(_create)
        keys = await _read_again(backends)
    if keys.signing is None:
        raise Unavailable
    return keys.signing


async def key_ring(backends: Backends, *, is_missing: bool = False) -> KeyRing:
    """The keys as read a minute ago at most; if one `is_missing`, 5 seconds ago at most.

    While the database is away, those read last stay good.
    """
    keys = backends.tokens.keys
    if keys is None:
        return await _read_again(backends)
    seconds = MISSING_SECONDS if is_missing else FRESH_SECONDS
    if time.monotonic() - keys.read_at < seconds:
        return keys
    try:
        return await _read_again(backends)
    except Unavailable:
        return keys


async def jwks(backends: Backends) -> dict[str, Any]:
    """The public keys as a JSON Web Key Set."""
    await signing_key(backends)
    keys = await key_ring(backends)
    return {"keys": [public_jwk(kid, key) for kid, key in keys.public.items()]}


async def _read_again(backends: Backends) -> KeyRing:
    async with backends.db.reading(fresh=True) as db:
        rows = await db.all(select(tables.SigningKey.kid, tables.SigningKey.public_key))
        signing = await _active(db)
    public = {row.kid: Ed25519PublicKey.from_public_bytes(row.public_key) for row in rows}
    keys, before = KeyRing(signing, public, time.monotonic()), backends.tokens.keys
    if before is not None and before.public.keys() - keys.public.keys():
        # What a key said that is gone may not be believed any longer.
        backends.tokens.claims.forget_those(lambda _: True)
    backends.tokens.keys = keys
    return keys


async def _active(db: Read) -> SigningKey | None:
    """The active key, unless the installation's secret has changed since it was made."""
    columns = select(tables.SigningKey.kid, tables.SigningKey.private_key)
    row = await db.first(columns.where(tables.SigningKey.state == "ACTIVE"))
    return opened(row.kid, row.private_key) if row else None


async def _create(tx: Write) -> None:
    """Make the active key; one that cannot be opened any more retires."""
    await lock(tx)
    if await _active(tx) is None:
        await retire(tx)
        await make(tx, "ACTIVE")


async def lock(tx: Write) -> None:
    """Let one transaction after the other change keys."""
    await tx.execute(_LOCK)


async def make(tx: Write, state: Beginning) -> str:
    """Make a key and return its id."""
    key, now = SigningKey.new(), clock.now()
    row = {
        "kid": key.kid,
        "state": state,
        "private_key": seal(_PURPOSE, key.kid.encode(), key.private.private_bytes_raw()),
        "public_key": key.public,
        "created_at": now,
        "changed_at": now,
    }
    await tx.execute(insert(tables.SigningKey).values(row))
    return key.kid


async def retire(tx: Write) -> None:
    """Let the active key sign no more, ever; what it has signed still counts."""
    active = tables.SigningKey.state == "ACTIVE"
    values = {"state": "RETIRED", "private_key": b"", "changed_at": clock.now()}
    await tx.execute(update(tables.SigningKey).where(active).values(values))


def opened(kid: str, sealed: bytes) -> SigningKey | None:
    """A key by its sealed private half; None if it was sealed with a secret that is not known any more."""
    try:
        raw = unseal(_PURPOSE, kid.encode(), sealed)
    except BrokenSeal:
        return None
    return SigningKey(Ed25519PrivateKey.from_private_bytes(raw))
