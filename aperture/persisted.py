"""Documents known by an id instead of their text: those of a manifest, and those that clients register by hash."""

import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal

import orjson
from cachetools import LRUCache

from core import telemetry
from core.errors import ApiError
from core.redis import Cache, CacheUnavailable
from core.viewer import Viewer

Mode = Literal["open", "known", "locked"]

# Both bounds are for texts of at most 20,000 characters: 4 MB in a process, 80 MB in Redis.
REMEMBERED_CHARACTERS: Final = 4_000_000
SLOTS: Final = 4_096
TTL_SECONDS: Final = 86_400

_HASH: Final = re.compile(r"[0-9a-f]{64}")
_OPERATION: Final = re.compile(r"^\s*(?:query|mutation|subscription)\s+(\w+)", re.MULTILINE)

log = telemetry.logger(__name__)


class BadManifest(Exception):
    """A manifest that cannot be trusted."""


def hash_of(text: str) -> str:
    """SHA-256 of a text in UTF-8, in hexadecimal."""
    return sha256(text.encode()).hexdigest()


def document_id(value: Mapping[str, Any]) -> str | None:
    """The id in a request: `documentId`, or the hash of Apollo's `persistedQuery`; ApiError for a malformed one."""
    given = value.get("documentId")
    if given is not None:
        if not isinstance(given, str) or not given:
            raise ApiError("BAD_USER_INPUT", "documentId must be a string or null.")
        return _bare(given)
    extensions = value.get("extensions")
    wanted = extensions.get("persistedQuery") if isinstance(extensions, dict) else None
    if wanted is None:
        return None
    if not isinstance(wanted, dict) or wanted.get("version") != 1:
        raise ApiError("BAD_USER_INPUT", "persistedQuery must be an object of version 1.")
    name = wanted.get("sha256Hash")
    if not isinstance(name, str) or not _HASH.fullmatch(name):
        raise ApiError("BAD_USER_INPUT", "sha256Hash must be 64 hexadecimal digits in lower case.")
    return name


class Manifest:
    """Documents somebody has read before: by their ids, by their hashes and by their exact texts."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = {_bare(name): text for name, text in texts.items()}
        for name, text in self._texts.items():
            if _HASH.fullmatch(name) and hash_of(text) != name:
                raise BadManifest(f"{name} is not the hash of its document")
        self._texts |= {hash_of(text): text for text in texts.values()}

    @classmethod
    def read(cls, path: Path) -> "Manifest":
        """A JSON object of ids and texts; raises BadManifest."""
        try:
            texts = orjson.loads(path.read_bytes())
        except (OSError, orjson.JSONDecodeError) as error:
            raise BadManifest(f"{path} cannot be read") from error
        if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
            raise BadManifest(f"{path} must be one JSON object of ids and texts")
        return cls(texts)

    @property
    def operation_names(self) -> set[str]:
        """What the operations in it are called."""
        return {name for text in self._texts.values() for name in _OPERATION.findall(text)}

    def get(self, name: str) -> str | None:
        """The text of an id or hash."""
        return self._texts.get(name)

    def has(self, text: str) -> bool:
        """Whether this very text is listed."""
        return hash_of(text) in self._texts


class Registered:
    """Texts that clients sent with their hashes: in this process, behind it in Redis; bounded in both, and forgotten.

    In Redis a hash leads to one of a fixed number of places, where a later document replaces an earlier one. What is
    read there is believed only if it has the hash that was asked for.
    """

    def __init__(self, cache: Cache | None) -> None:
        self._cache = cache
        self._texts: LRUCache[str, str] = LRUCache(REMEMBERED_CHARACTERS, getsizeof=len)

    async def get(self, name: str) -> str | None:
        """The text of a hash; None also when Redis is away and this process does not know it."""
        if name in self._texts:
            return self._texts[name]
        if self._cache is None or not _HASH.fullmatch(name):
            return None
        try:
            found: Any = await self._cache.run(lambda redis: redis.getex(_place(name), ex=TTL_SECONDS))
        except CacheUnavailable:
            return None
        if found is None or sha256(found).hexdigest() != name:
            return None
        self._texts[name] = found.decode()
        return self._texts[name]

    async def add(self, name: str, text: str) -> None:
        """Remember a text that has been found valid."""
        if name in self._texts:
            return
        self._texts[name] = text
        if self._cache is not None:
            try:
                await self._cache.run(lambda redis: redis.set(_place(name), text, ex=TTL_SECONDS))
            except CacheUnavailable:
                log.debug("document not shared")


class Persisted:
    """Which document a request means, and whether it may run.

    In every mode the documents of the manifest run, by id and by text. `open` runs all others too, and lets clients
    register them. `known` runs others for people who are signed in, and registers nothing. `locked` runs no others.
    """

    def __init__(self, mode: Mode = "open", manifest: Manifest | None = None, cache: Cache | None = None) -> None:
        if mode != "open" and manifest is None:
            raise BadManifest(f"{mode} mode needs a manifest of the documents that may run")
        self._mode = mode
        self._manifest = manifest or Manifest({})
        self._registered = Registered(cache)

    @property
    def registers(self) -> bool:
        """Whether clients may register documents."""
        return self._mode == "open"

    @property
    def operation_names(self) -> set[str]:
        """What the operations of the manifest are called."""
        return self._manifest.operation_names

    def allowed(self, text: str, viewer: Viewer) -> str:
        """A text that came without a name; ApiError if it is not allowed."""
        if self._mode == "open" or self._manifest.has(text) or (self._mode == "known" and viewer.is_signed_in):
            return text
        raise ApiError("FORBIDDEN", "This server runs known documents alone.")

    async def text(self, name: str, text: str, viewer: Viewer) -> str:
        """The text to run; ApiError if it is unknown or not allowed, or does not have the hash it came with."""
        if text:
            if hash_of(text) != name and self._manifest.get(name) != text:
                raise ApiError("BAD_USER_INPUT", "The document does not have this hash.")
            return self.allowed(text, viewer)
        found = self._manifest.get(name)
        if found is None and self.registers:
            found = await self._registered.get(name)
        if found is None:
            # The words that Apollo's and urql's clients wait for before they send the text.
            raise ApiError("PERSISTED_OPERATION_NOT_FOUND", "PersistedQueryNotFound")
        return found

    async def register(self, name: str, text: str) -> None:
        """Remember a valid text by the hash it came with, where that is allowed and it is not listed anyway."""
        if self.registers and self._manifest.get(name) is None:
            await self._registered.add(name, text)


def _bare(name: str) -> str:
    return name.removeprefix("sha256:")


def _place(name: str) -> str:
    return f"documents/{int(name[:8], 16) % SLOTS}"
