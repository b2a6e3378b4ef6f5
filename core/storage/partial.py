"""Files on their way into the local store: hashed while they are written, named only when they are safe."""

import hashlib
import os
import secrets
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from core import clock


class Partial:
    """A file that is being written: hashed on the way, and given its name only when it is safe on the disk."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / secrets.token_hex(16)
        self.byte_size = 0
        self._digest = hashlib.sha256()
        self._file = self.path.open("xb")

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def write(self, block: bytes | bytearray) -> None:
        self._file.write(block)
        self._digest.update(block)
        self.byte_size += len(block)

    def become(self, path: Path, root: Path) -> None:
        """Take the name `path` below `root`; bytes, name and folders outlive a loss of power."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path.replace(path)
        for folder in (path.parent, *path.parent.relative_to(root).parents):
            _sync_folder(root / folder)

    def discard(self) -> None:
        """Forget the bytes, unless they have their name."""
        self._file.close()
        self.path.unlink(missing_ok=True)


def forget_broken_off(folder: Path) -> None:
    """Bytes of a process that died: nothing takes a day to arrive."""
    yesterday = (clock.machine_time() - timedelta(days=1)).timestamp()
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < yesterday:
                path.unlink()


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
