"""Idempotency keys: a write happens once, and a repeat within a day gets the first result."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, null, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from core import clock
from core.db import Write
from core.errors import IdempotencyMismatch
from core.sealing import is_mac, mac
from core.viewer import Viewer
from models.idempotency import IdempotencyKey

KEPT_FOR: Final = timedelta(hours=24)

_PURPOSE: Final = "idempotency"
# A repeat brings the same key, and a captcha solved anew.
_LEFT_OUT: Final = frozenset(["idempotency_key", "captcha_response"])


def scope_of(viewer: Viewer, operation: str, key: str) -> str:
    """Whose key it is: the person's, or when signed out that of one key of one operation alone."""
    if viewer.id is not None:
        return str(viewer.id)
    return sha256(f"{operation}\0{key}".encode("utf-8", "surrogatepass")).hexdigest()


async def claim(tx: Write, scope: str, key: str, operation: str, of: object) -> Mapping[str, Any] | None:
    """Take the key and return None, or return the result stored by the first call with it.

    A repeat that comes at the same time waits for the first to end. Every repeat writes, so that its commit waits for
    a standby as the first one did. The same key with another operation or input is refused.
    """
    row = {"scope": scope, "key": key, **_first_use(operation, of)}
    table = IdempotencyKey
    statement = insert(table).values(row)
    claimed = await tx.execute(
        statement.on_conflict_do_update(
            index_elements=[table.scope, table.key], set_={"repeats": table.repeats + 1}
        ).returning(table.repeats, table.operation, table.input_hash, table.result, table.created_at)
    )
    found = claimed.one()
    if found.repeats == 0:
        return None
    if found.created_at <= clock.now() - KEPT_FOR:
        await tx.execute(update(table).where(*_is(scope, key)).values(_first_use(operation, of)))
        return None
    if found.operation != operation or not is_mac(_PURPOSE, _written(of), found.input_hash):
        raise IdempotencyMismatch
    stored: Mapping[str, Any] = found.result
    return stored


async def store(tx: Write, scope: str, key: str, result: Mapping[str, Any]) -> None:
    """Keep the result of a claimed key, in the transaction that claimed it: ids alone, never content or tokens."""
    await tx.execute(update(IdempotencyKey).where(*_is(scope, key)).values(result=dict(result)))


async def purge(tx: Write, before: datetime, limit: int = 5000) -> int:
    """Forget keys claimed before a moment, at most `limit` of them; returns how many."""
    table = IdempotencyKey
    old = await tx.all(select(table.scope, table.key).where(table.created_at < before).limit(limit))
    if old:
        among = tuple_(table.scope, table.key).in_([tuple(row) for row in old])
        # Asked again, since a key may have been claimed anew between the two statements.
        await tx.execute(delete(table).where(among, table.created_at < before))
    return len(old)


def _is(scope: str, key: str) -> tuple[Any, ...]:
    return IdempotencyKey.scope == scope, IdempotencyKey.key == key


def _first_use(operation: str, of: object) -> dict[str, Any]:
    return {
        "operation": operation,
        "input_hash": _digest(of),
        "result": null(),
        "repeats": 0,
        "created_at": clock.now(),
    }


def _digest(of: object) -> bytes:
    """A keyed digest of the input: it can hold a password, which a plain digest would give away to guessing."""
    return mac(_PURPOSE, _written(of))


def _written(of: object) -> bytes:
    return json.dumps(_plain(of), sort_keys=True).encode()


def _plain(value: object) -> Any:
    """The input as JSON in one form. What was left out is absent, which is not the same as an explicit null."""
    if is_dataclass(value):
        pairs = ((each.name, getattr(value, each.name)) for each in fields(value) if each.name not in _LEFT_OUT)
        return {name: _plain(item) for name, item in pairs if not _is_unset(item)}
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, date | UUID):
        return str(value)
    if value is None or isinstance(value, str | int | float):
        return value
    if hasattr(value, "value"):
        # Given and possibly null; where it was left out there is a bare None.
        return [_plain(value.value)]
    raise TypeError(f"an input cannot hold a {type(value).__name__}")


def _is_unset(value: object) -> bool:
    # The marker belongs to the GraphQL library, which this room does not know.
    return type(value).__name__ == "UnsetType"
