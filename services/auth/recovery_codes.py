"""Recovery codes: ten, each good once, for when the authenticator app is lost."""

import secrets
from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update

from core import clock
from core.db import Read, Write
from core.sealing import macs
from models.second_factors import RecoveryCode

COUNT: Final = 10

_PURPOSE: Final = "recovery codes"
# Neither vowels, which make words, nor characters that look like others: 50 random bits in eleven of them.
_ALPHABET: Final = "23456789bcdfghjkmnpqrstvwxz"
_GROUPS: Final = (4, 4, 3)


async def renew(tx: Write, user_id: UUID) -> list[str]:
    """Ten fresh codes in place of all that were; nobody can read them again."""
    codes = [_new_code() for _ in range(COUNT)]
    await forget(tx, user_id)
    rows = [{"user_id": user_id, "digest": _digests(user_id, code)[0], "used_at": None} for code in codes]
    await tx.execute(insert(RecoveryCode), rows)
    return codes


async def forget(tx: Write, user_id: UUID) -> None:
    """Let none of the codes work any more."""
    await tx.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))


async def use(tx: Write, user_id: UUID, code: str) -> bool:
    """Use a code up; False if it is none of the person's, or was used. Case, spaces and dashes do not matter."""
    own = RecoveryCode.user_id == user_id, RecoveryCode.digest.in_(_digests(user_id, code))
    statement = update(RecoveryCode).where(*own, RecoveryCode.used_at.is_(None)).values(used_at=clock.now())
    return await tx.scalar(statement.returning(RecoveryCode.user_id)) is not None


async def remaining(db: Read, user_ids: Iterable[UUID]) -> Mapping[UUID, int]:
    """How many codes each of these people has left; those with none are left out."""
    left = RecoveryCode.user_id.in_(list(user_ids)), RecoveryCode.used_at.is_(None)
    statement = select(RecoveryCode.user_id, func.count().label("left")).where(*left).group_by(RecoveryCode.user_id)
    return {row.user_id: row.left for row in await db.all(statement)}


def _new_code() -> str:
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(length)) for length in _GROUPS)


def _digests(user_id: UUID, code: str) -> tuple[bytes, ...]:
    """How a code is stored, and how it was before the installation's secret changed."""
    plain = "".join(code.split()).replace("-", "").lower()
    return macs(_PURPOSE, user_id.bytes + plain.encode("utf-8", "surrogatepass"))
