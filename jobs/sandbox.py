"""Where pictures of strangers are decoded: a few child processes that limit themselves and may die at any moment."""

import asyncio
import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Self

from core.imaging.confine import Limits
from core.imaging.parent import Child, in_thread
from core.imaging.pictures import CENTRE, MAX_BYTES, FailureCode, Focal, Picture, UnusablePicture
from core.imaging.sniff import HEAD_BYTES, accepted_types, sniff
from core.telemetry import logger

log = logger(__name__)

_PREFIX = "aperture-sandbox-"


class Sandbox:
    """At most `size` pictures at once, each in a child of its own, each within `limits` and `wall_seconds`.

    A child serves several pictures one after the other, since its start costs as much as a picture; it is replaced
    when it has served its share, and at once when it fails. Nothing stays on disk, neither after an error nor, from
    the next start on, after the end of this process by force.
    """

    def __init__(self, size: int = 2, limits: Limits | None = None, wall_seconds: float = 20) -> None:
        self.limits = limits or Limits()
        self.wall_seconds = wall_seconds
        self._turns = asyncio.Semaphore(size)
        self._idle: list[Child] = []
        self._children: set[Child] = set()
        self._warned = False

    async def __aenter__(self) -> Self:
        _sweep()
        self._folder, self._lock = _own_folder()
        return self

    async def __aexit__(self, *_: object) -> None:
        for child in list(self._children):
            await self._end(child)
        shutil.rmtree(self._folder)
        os.close(self._lock)

    async def render(self, source: bytes | Path, focal: Focal = CENTRE) -> Picture:
        """Every size of a picture given as bytes or as a file. Raises `UnusablePicture`.

        `INTERNAL` means that the child was killed, hung or spoke nonsense: the same picture may go well later.
        """
        await in_thread(lambda: _refuse_early(source))
        async with self._turns:
            child = await self._take()
            try:
                return await child.render(source, focal, self.wall_seconds)
            finally:
                if child.can_go_on:
                    self._idle.append(child)
                else:
                    await self._end(child)

    async def _take(self) -> Child:
        while self._idle:
            child = self._idle.pop()
            if child.can_go_on:
                return child
            await self._end(child)
        child = Child(Path(tempfile.mkdtemp(dir=self._folder)), self.limits)
        self._children.add(child)
        try:
            is_offline = await child.start(self.wall_seconds)
        except BaseException:
            await self._end(child)
            raise
        if not is_offline and not self._warned:
            self._warned = True
            log.warning("pictures not cut off from the network", reason="no network namespaces on this machine")
        return child

    async def _end(self, child: Child) -> None:
        with suppress(ValueError):
            self._idle.remove(child)
        self._children.discard(child)
        await child.end()


def _refuse_early(source: bytes | Path) -> None:
    """What its size or its first bytes condemn needs no child."""
    if isinstance(source, bytes):
        size, head = len(source), source[:HEAD_BYTES]
    else:
        with source.open("rb") as file:
            size, head = os.fstat(file.fileno()).st_size, file.read(HEAD_BYTES)
    if size > MAX_BYTES:
        raise UnusablePicture(FailureCode.TOO_LARGE, "bytes")
    if sniff(head) not in accepted_types():
        raise UnusablePicture(FailureCode.TYPE)


def _sweep() -> None:
    """Remove what processes ended by force have left: a living one holds the lock on its folder."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            lock = os.open(folder / "lock", os.O_RDWR | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)
            finally:
                os.close(lock)


def _own_folder() -> tuple[Path, int]:
    """A fresh folder and the lock that says it is in use; again, if another's sweep came between the two."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.fstat(lock).st_nlink:
            return folder, lock
        os.close(lock)
