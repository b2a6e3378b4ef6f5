"""Objects in a local folder, for development and small installations; `aperture.storage_routes` serves them."""

import asyncio
import hashlib
import json
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

from core.errors import Unavailable
from core.storage.grants import Grants, ReadGrant, UploadGrant, expiry
from core.storage.keys import Area, area_of, require_key, require_prefix
from core.storage.partial import Partial, forget_broken_off
from core.storage.port import ListedObject, MissingObject, SignedRequest, StoredObject

T = TypeVar("T")

_BLOCK = 1 << 20


class TooManyBytes(Exception):
    """More came than were announced."""


class TooFewBytes(Exception):
    """Fewer came than were announced."""


class WrongChecksum(Exception):
    """The bytes are not those that were announced."""


class LocalStorage:
    """Three folders: `objects`, `about` (type and checksum of each, written first) and `partial` (not yet whole)."""

    def __init__(self, folder: Path, secret: str, public_url: str) -> None:
        self._objects, self._about, self._partial = (folder / name for name in ("objects", "about", "partial"))
        for each in (self._objects, self._about, self._partial):
            each.mkdir(parents=True, exist_ok=True)
        forget_broken_off(self._partial)
        self.grants = Grants(secret)
        self._public_url = public_url.rstrip("/")

    async def put(self, key: str, source: bytes | Path, content_type: str) -> StoredObject:
        require_key(key)
        return await _in_thread(lambda: self._put(key, source, content_type))

    async def receive(self, grant: UploadGrant, chunks: AsyncIterator[bytes]) -> StoredObject:
        """Store what a stream brings, block by block; nothing stays of bytes that are not those of the grant.

        Raises `TooManyBytes`, at the first of them, `TooFewBytes` and `WrongChecksum`.
        """
        upload = await _in_thread(lambda: Partial(self._partial))
        try:
            block = bytearray()
            async for chunk in chunks:
                block += chunk
                if upload.byte_size + len(block) > grant.byte_size:
                    raise TooManyBytes
                if len(block) >= _BLOCK:
                    await _in_thread(partial(upload.write, block))
                    block = bytearray()
            await _in_thread(partial(upload.write, block))
            if upload.byte_size < grant.byte_size:
                raise TooFewBytes
            if grant.sha256 is not None and upload.sha256 != grant.sha256:
                raise WrongChecksum
            return await _in_thread(lambda: self._settle(upload, grant.key, grant.content_type))
        finally:
            await _in_thread(upload.discard)

    async def get_to(self, key: str, path: Path) -> StoredObject:
        require_key(key)
        return await _in_thread(lambda: self._get_to(key, path))

    async def head(self, key: str) -> StoredObject | None:
        require_key(key)
        try:
            return await _in_thread(lambda: self._head(key))
        except MissingObject:
            return None

    async def copy(self, source: str, target: str) -> None:
        require_key(source)
        require_key(target)
        await _in_thread(lambda: self._put(target, self.path(source), self._head(source).content_type))

    async def delete(self, keys: Iterable[str]) -> None:
        doomed = [require_key(key) for key in keys]
        await _in_thread(lambda: self._delete(doomed))

    async def list_objects(self, prefix: str, after: str = "", limit: int = 1000) -> list[ListedObject]:
        require_prefix(prefix)
        return await _in_thread(lambda: list(islice(self._walk(self._objects, prefix, after), limit)))

    def sign_put(
        self, key: str, content_type: str, byte_size: int, sha256: str | None, expires_in: timedelta
    ) -> SignedRequest:
        expires_at = expiry(expires_in)
        token = self.grants.sign(UploadGrant(require_key(key), content_type, byte_size, sha256), expires_at)
        url = f"{self._public_url}/storage/upload/{token}"
        return SignedRequest("PUT", url, {"Content-Type": content_type}, expires_at)

    def sign_get(self, key: str, expires_in: timedelta) -> SignedRequest:
        expires_at = expiry(expires_in)
        token = self.grants.sign(ReadGrant(require_key(key)), expires_at)
        return SignedRequest("GET", f"{self._public_url}/media/signed/{token}", {}, expires_at)

    def url(self, key: str) -> str:
        if area_of(key) is not Area.PUBLIC:
            raise ValueError(f"not public: {key}")
        return f"{self._public_url}/media/{key}"

    async def aclose(self) -> None:
        """Nothing is held open."""

    def path(self, key: str) -> Path:
        """Where the bytes of an object lie."""
        return self._objects / require_key(key)

    def _put(self, key: str, source: bytes | Path, content_type: str) -> StoredObject:
        upload = Partial(self._partial)
        try:
            for block in _blocks(source):
                upload.write(block)
            return self._settle(upload, key, content_type)
        finally:
            upload.discard()

    def _settle(self, upload: Partial, key: str, content_type: str) -> StoredObject:
        """Give whole bytes their name; what is known of them is there before they are."""
        stored = StoredObject(key, upload.byte_size, content_type, upload.sha256)
        about = Partial(self._partial)
        about.write(json.dumps([stored.content_type, stored.sha256]).encode())
        about.become(self._about / key, self._about)
        upload.become(self._objects / key, self._objects)
        return stored

    def _head(self, key: str) -> StoredObject:
        with self._missing(key):
            byte_size = self.path(key).stat().st_size
            content_type, sha256 = json.loads((self._about / key).read_bytes())
        return StoredObject(key, byte_size, content_type, sha256)

    def _get_to(self, key: str, path: Path) -> StoredObject:
        with self._missing(key):
            stored = self._head(key)
            shutil.copyfile(self.path(key), path)
            with path.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return StoredObject(key, path.stat().st_size, stored.content_type, sha256)

    def _delete(self, keys: Iterable[str]) -> None:
        self._require_folder()
        for key in keys:
            self.path(key).unlink(missing_ok=True)
            (self._about / key).unlink(missing_ok=True)

    @contextmanager
    def _missing(self, key: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            self._require_folder()
            raise MissingObject(key) from None

    def _require_folder(self) -> None:
        """Of a folder that is away nobody can say what is missing in it; raises `OSError`."""
        self._objects.stat()

    def _walk(self, folder: Path, prefix: str, after: str) -> Iterator[ListedObject]:
        """Depth first in the order of whole keys: a folder sorts with the slash that follows its name."""
        named = sorted((entry.name + "/" * entry.is_dir(), entry) for entry in os.scandir(folder))
        for _, entry in named:
            key = Path(entry.path).relative_to(self._objects).as_posix()
            if entry.is_dir():
                if (key + "/").startswith(prefix) or prefix.startswith(key + "/"):
                    yield from self._walk(Path(entry.path), prefix, after)
            elif key.startswith(prefix) and key > after:
                try:
                    status = entry.stat()
                except FileNotFoundError:
                    # Somebody removed it meanwhile; it is not there to be listed.
                    self._require_folder()
                    continue
                yield ListedObject(key, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))


def _blocks(source: bytes | Path) -> Iterator[bytes]:
    if isinstance(source, bytes):
        yield source
        return
    with source.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block


async def _in_thread(work: Callable[[], T]) -> T:
    """Run disk work off the loop; a disk that is full or fails is a store that is away."""
    try:
        return await asyncio.to_thread(work)
    except OSError as error:
        raise Unavailable("The object store cannot be used at the moment.") from error
