"""Log-ins whose first step was right and that wait for the second factor."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, Executable, delete, insert, or_, select, tuple_, update

from core import clock
from core.db import Write
from core.errors import BadCredentials, Refusal
from core.ids import new_uuid
from core.sealing import BrokenSeal, seal, unseal
from core.tokens import SigningKey
from models.accounts import Account
from models.profiles import User
from models.second_factors import LogInChallenge, SecondFactor
from services.auth import second_factors, sessions, waking
from services.auth.devices import Device
from services.auth.second_factors import TRIES, Code, Kind
from services.auth.sessions import AuthTokens, LogInMethod

OPEN_FOR: Final = timedelta(minutes=10)

_PURPOSE: Final = "log-in challenges"
_PREFIX: Final = "chl_"
_PATH: Final = ("input", "challengeToken")

FirstStep = Literal["PASSWORD", "PROVIDER"]
Own: TypeAlias = tuple[ColumnElement[bool], ...]

_METHODS: Final[dict[tuple[FirstStep, Kind], LogInMethod]] = {
    ("PASSWORD", "TOTP"): "PASSWORD_AND_TOTP",
    ("PASSWORD", "SMS"): "PASSWORD_AND_SMS",
    ("PASSWORD", "RECOVERY_CODE"): "PASSWORD_AND_RECOVERY_CODE",
    ("PROVIDER", "TOTP"): "PROVIDER",
    ("PROVIDER", "SMS"): "PROVIDER",
    ("PROVIDER", "RECOVERY_CODE"): "PROVIDER",
}


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody who has taken the first step of a log-in: a password, or a log-in at another service."""

    user_id: UUID
    device: Device
    address: str
    first_step: FirstStep


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a log-in gets in place of a session: the token to come back with, and the factors it can bring."""

    token: str
    methods: list[Kind]
    expires_at: datetime


async def proceed(tx: Write, key: SigningKey, arrival: Arrival) -> AuthTokens | Challenge:
    """Go on behind a right first step: a session and its tokens, or a challenge if the person has a second factor.

    Every way in comes through here, other services' too. A session wakes an account that its owner put to sleep.
    """
    methods = await second_factors.methods(tx, arrival.user_id)
    if methods:
        return await _open(tx, arrival, methods)
    return await _enter(tx, key, arrival, arrival.first_step)


async def complete(tx: Write, key: SigningKey, token: str, code: Code, address: str) -> AuthTokens | Refusal:
    """Begin the session of a challenge with a second factor; a refusal is to be raised after the commit.

    A challenge works once, for ten minutes and five wrong codes, and no longer than password, second factor and account
    are as they were when it began. It leads to nothing but this session, on the device that logged in.
    """
    user_id, challenge_id = _read(token)
    own = LogInChallenge.user_id == user_id, LogInChallenge.id == challenge_id
    row = await tx.first(_waiting(*own))
    if row is None:
        return _over("CODE_EXPIRED")
    refusal = await second_factors.judge(tx, user_id, code, address)
    if isinstance(refusal, BadCredentials):
        return await _count(tx, own, row.failures + 1, refusal)
    if refusal is not None:
        return refusal
    await tx.execute(update(LogInChallenge).where(*own).values(ended_at=clock.now()))
    device = Device(row.device_name, row.platform, row.app_version)
    arrival = Arrival(user_id, device, address, row.first_step)
    return await _enter(tx, key, arrival, _METHODS[arrival.first_step, code.kind])


async def person_of(tx: Write, token: str) -> UUID:
    """Whose log-in waits with this token; refused if it is over."""
    user_id, challenge_id = _read(token)
    if await tx.first(_waiting(LogInChallenge.user_id == user_id, LogInChallenge.id == challenge_id)) is None:
        raise _over("CODE_EXPIRED")
    return user_id


async def purge(tx: Write, limit: int = 5000) -> int:
    """Forget challenges that are over, at most `limit` of them; returns how many."""
    key = tuple_(LogInChallenge.user_id, LogInChallenge.id)
    columns = select(LogInChallenge.user_id, LogInChallenge.id)
    old = await tx.all(columns.where(LogInChallenge.expires_at < clock.now()).limit(limit))
    if old:
        await tx.execute(delete(LogInChallenge).where(key.in_([tuple(row) for row in old])))
    return len(old)


async def _open(tx: Write, arrival: Arrival, methods: list[Kind]) -> Challenge:
    challenge_id, now = new_uuid(), clock.now()
    row = {
        "user_id": arrival.user_id,
        "id": challenge_id,
        "first_step": arrival.first_step,
        "device_name": arrival.device.name,
        "platform": arrival.device.platform,
        "app_version": arrival.device.app_version,
        "failures": 0,
        "created_at": now,
        "expires_at": now + OPEN_FOR,
    }
    await tx.execute(insert(LogInChallenge).values(row))
    sealed = seal(_PURPOSE, b"", arrival.user_id.bytes + challenge_id.bytes)
    return Challenge(_PREFIX + urlsafe_b64encode(sealed).decode(), methods, now + OPEN_FOR)


async def _enter(tx: Write, key: SigningKey, arrival: Arrival, method: LogInMethod) -> AuthTokens:
    await waking.wake(tx, arrival.user_id)
    return await sessions.log_in(tx, key, arrival.user_id, arrival.device, arrival.address, method)


async def _count(tx: Write, own: Own, failures: int, refusal: BadCredentials) -> BadCredentials:
    """Count a wrong code, which the last one allowed ends the challenge with; told is the smaller of both counts."""
    ended_at = clock.now() if failures == TRIES else None
    await tx.execute(update(LogInChallenge).where(*own).values(failures=failures, ended_at=ended_at))
    left = TRIES - failures
    refusal.remaining_attempts = left if refusal.remaining_attempts is None else min(left, refusal.remaining_attempts)
    return refusal


def _waiting(*which: ColumnElement[bool]) -> Executable:
    """The row of an open challenge, locked; none if what it was opened for has changed since."""
    table = LogInChallenge
    columns = (table.first_step, table.device_name, table.platform, table.app_version, table.failures)
    begun_with = (
        or_(Account.password_changed_at.is_(None), Account.password_changed_at <= table.created_at),
        SecondFactor.confirmed_at <= table.created_at,
        User.status != "DELETED",
    )
    return (
        select(*columns)
        .join(Account, Account.user_id == table.user_id)
        .join(User, User.id == table.user_id)
        .join(SecondFactor, SecondFactor.user_id == table.user_id)
        .where(*which, table.ended_at.is_(None), table.expires_at > clock.now(), *begun_with)
        .with_for_update(of=table)
    )


def _read(token: str) -> tuple[UUID, UUID]:
    """The person and the challenge of a token; one that was not made here is refused."""
    try:
        ids = unseal(_PURPOSE, b"", urlsafe_b64decode(token.removeprefix(_PREFIX)))
    except (ValueError, BrokenSeal):
        raise _over("INVALID_CREDENTIALS") from None
    return UUID(bytes=ids[:16]), UUID(bytes=ids[16:])


def _over(code: str) -> BadCredentials:
    return BadCredentials("This log-in is over. Begin again with the password.", _PATH, code=code)
