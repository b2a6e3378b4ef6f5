"""A folder in place of those who would deliver: development and tests find there what people would have been sent."""

import asyncio
import os
import re
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

MOST: Final = 500
"""How many are kept; the oldest make room."""

_NAME: Final = re.compile(r"[0-9a-f]{40}\.[a-z]+")


class Letterbox:
    """Messages as files, one for each key."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, key: str, kind: str, content: bytes) -> None:
        """Keep a message, in place of one with the same key; `kind` ends its name."""
        await asyncio.to_thread(self._put, f"{sha256(key.encode()).hexdigest()[:40]}.{kind}", content)

    async def names(self) -> list[str]:
        """What is kept, the newest first."""
        return await asyncio.to_thread(self._names)

    async def read(self, name: str) -> bytes | None:
        """One message; None if there is none of this name, or no longer."""
        if not _NAME.fullmatch(name):
            return None
        with suppress(FileNotFoundError):
            return await asyncio.to_thread((self._folder / name).read_bytes)
        return None

    def _put(self, name: str, content: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        fresh = self._folder / f"{name}.{os.getpid()}.new"
        fresh.touch(mode=0o600)
        fresh.write_bytes(content)
        fresh.replace(self._folder / name)
        for old in self._names()[MOST:]:
            (self._folder / old).unlink(missing_ok=True)

    def _names(self) -> list[str]:
        found: list[tuple[int, str]] = []
        with suppress(FileNotFoundError), os.scandir(self._folder) as entries:
            for entry in entries:
                if _NAME.fullmatch(entry.name):
                    with suppress(FileNotFoundError):
                        found.append((entry.stat().st_mtime_ns, entry.name))
        return [name for _, name in sorted(found, reverse=True)]
