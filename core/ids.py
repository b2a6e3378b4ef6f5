"""Typed ids: a UUIDv7 each, with the owner's id in front wherever a row lives with its owner."""

from base64 import urlsafe_b64decode
from binascii import Error as BadBase64
from binascii import b2a_base64
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import randbits
from typing import ClassVar, Protocol, Self, TypeVar
from uuid import UUID

from uuid_utils.compat import uuid7

from core import clock
from core.errors import NotFound


class GlobalId(Protocol):
    """What every typed id can do: be read from its global form, and be written in it by `str()`."""

    prefix: ClassVar[str]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a global id; garbage and ids of another type raise `NotFound`."""


Id = TypeVar("Id", bound=GlobalId)


_RANDOM_BITS = 80
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_last = UUID(int=0)


def new_uuid() -> UUID:
    """A fresh UUIDv7 of the clock's moment; ids that one process makes later sort later, also within a millisecond.

    Within a millisecond the id before is raised by a random step: RFC 9562, section 6.2, method 2.
    """
    global _last  # noqa: PLW0603 - one order per process
    fresh = uuid7(nanoseconds=round(clock.now().timestamp() * 1000) * 1_000_000)
    is_same_moment = fresh.int >> _RANDOM_BITS == _last.int >> _RANDOM_BITS
    if is_same_moment and fresh <= _last:
        fresh = UUID(int=_last.int + 1 + randbits(32))
    _last = fresh
    return fresh


def moment_of(id: UUID) -> datetime:
    """When a UUIDv7 was made, to the millisecond."""
    return datetime.fromtimestamp((id.int >> _RANDOM_BITS) / 1000, UTC)


def age(id: UUID) -> float:
    """Seconds since a UUIDv7 was made."""
    return max(0.0, (clock.now() - moment_of(id)).total_seconds())


def _encode(prefix: str, *parts: UUID) -> str:
    raw = b"".join([part.bytes for part in parts])
    return f"{prefix}_{b2a_base64(raw, newline=False).translate(_URL_SAFE).rstrip(b'=').decode()}"


def _decode(prefix: str, text: str, count: int) -> tuple[UUID, ...]:
    head, _, tail = text.partition("_")
    if head != prefix or len(tail) != -(-count * 16 * 4 // 3):
        raise NotFound(id=text)
    try:
        raw = urlsafe_b64decode(tail + "=" * (-len(tail) % 4))
    except (BadBase64, ValueError):
        raise NotFound(id=text) from None
    if len(raw) != count * 16:
        raise NotFound(id=text)
    parts = tuple(UUID(bytes=raw[at : at + 16]) for at in range(0, count * 16, 16))
    if _encode(prefix, *parts) != text:
        raise NotFound(id=text)
    return parts


@dataclass(frozen=True, slots=True)
class _Single:
    """An id that routes by itself."""

    prefix: ClassVar[str]
    id: UUID

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a global id; garbage and ids of another type are refused as `NotFound`, like anything unknown."""
        return cls(*_decode(cls.prefix, text, 1))

    def __str__(self) -> str:
        return _encode(self.prefix, self.id)


class UserId(_Single):
    prefix = "usr"


class ViewerId(_Single):
    prefix = "vwr"


class AccountId(_Single):
    prefix = "acc"


class ModerationId(_Single):
    """The desk of one moderator."""

    prefix = "mod"


class RecordId(_Single):
    """What moderators know of a person."""

    prefix = "rcd"


class AuditEntryId(_Single):
    prefix = "adt"


class PrivacySettingsId(_Single):
    prefix = "prv"


class PlaceId(_Single):
    prefix = "plc"


@dataclass(frozen=True, slots=True)
class _Authored:
    """An id of something that lives with the author of the post it belongs to."""

    prefix: ClassVar[str]
    author_id: UUID
    id: UUID

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a global id; garbage and ids of another type are refused as `NotFound`, like anything unknown."""
        return cls(*_decode(cls.prefix, text, 2))

    def __hash__(self) -> int:
        # Ids are unique without their owners, and pages look them up by the hundred.
        return hash(self.id)

    def __str__(self) -> str:
        return _encode(self.prefix, self.author_id, self.id)


class PostId(_Authored):
    prefix = "pst"


class CommentId(_Authored):
    prefix = "cmt"


class MediaId(_Authored):
    prefix = "img"


@dataclass(frozen=True, slots=True)
class _Personal:
    """An id of something private to one person."""

    prefix: ClassVar[str]
    user_id: UUID
    id: UUID

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a global id; garbage and ids of another type are refused as `NotFound`, like anything unknown."""
        return cls(*_decode(cls.prefix, text, 2))

    def __str__(self) -> str:
        return _encode(self.prefix, self.user_id, self.id)


class UploadId(_Personal):
    prefix = "upl"


class SessionId(_Personal):
    prefix = "ses"


class LinkedIdentityId(_Personal):
    prefix = "lnk"


class RelationshipId(_Personal):
    """How the person `user_id` stands to the person `id`."""

    prefix = "rel"


class FollowRequestId(_Personal):
    """The request of the person `user_id` to follow the person `id`."""

    prefix = "frq"


def readable(id_type: type[Id], texts: Iterable[str]) -> list[Id]:
    """The ids of one type among texts that clients sent, each once; everything else is passed over."""
    found: dict[Id, None] = {}
    for text in texts:
        with suppress(NotFound):
            found[id_type.parse(text)] = None
    return list(found)
