"""What every object store can do, and what may go wrong with it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

FOREVER = "public, max-age=31536000, immutable"
"""How long a public object may be kept by anybody: its key says its content."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What the store knows of an object; the checksum is None where the store was never told one it could check."""

    key: str
    byte_size: int
    content_type: str
    sha256: str | None


@dataclass(frozen=True, slots=True)
class ListedObject:
    """One object of a listing."""

    key: str
    byte_size: int
    stored_at: datetime


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request that whoever holds it may send until it expires, with these headers as they are."""

    method: str
    url: str
    headers: Mapping[str, str]
    expires_at: datetime


class MissingObject(Exception):
    """There is no object under this key."""


class ObjectStore(Protocol):
    """Objects by key. A key that is not one raises `ValueError`; a store that is away raises `core.errors.Unavailable`.

    An object is there whole or not at all, and durable when `put` or `copy` returns.
    """

    async def put(self, key: str, source: bytes | Path, content_type: str) -> StoredObject:
        """Store bytes or a file, in place of what was there."""

    async def get_to(self, key: str, path: Path) -> StoredObject:
        """Write the object to a file; the checksum of the answer is that of the bytes that arrived. `MissingObject`."""

    async def head(self, key: str) -> StoredObject | None:
        """What is known of an object; None if there is none."""

    async def copy(self, source: str, target: str) -> None:
        """Store the same bytes and type under another key as well. `MissingObject`."""

    async def delete(self, keys: Iterable[str]) -> None:
        """Remove objects; one that is not there is removed already."""

    async def list_objects(self, prefix: str, after: str = "", limit: int = 1000) -> list[ListedObject]:
        """The next objects whose keys begin with `prefix` and come after `after`, in order of their keys."""

    def sign_put(
        self, key: str, content_type: str, byte_size: int, sha256: str | None, expires_in: timedelta
    ) -> SignedRequest:
        """A request that stores exactly so many bytes of this type, and of this checksum if there is one."""

    def sign_get(self, key: str, expires_in: timedelta) -> SignedRequest:
        """A request that fetches an object."""

    def url(self, key: str) -> str:
        """The lasting address of an object of the public area; another area raises `ValueError`."""

    async def aclose(self) -> None:
        """Let go of connections and threads."""
