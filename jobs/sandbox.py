"""Where pictures of strangers are decoded: a few child processes that limit themselves and may die at any moment."""

import asyncio
import fcntl
import json
import os
import shutil
import signal
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self, TypeVar

from core.imaging.confine import Limits
from core.imaging.parcel import HEAD, SOURCE, frame, unpack
from core.imaging.pictures import CENTRE, MAX_BYTES, FailureCode, Focal, Picture, UnusablePicture
from core.imaging.sniff import HEAD_BYTES, accepted_types, sniff
from core.telemetry import logger

log = logger(__name__)

T = TypeVar("T")

# The limits come before the imports: a native library may reserve and start what it likes while it loads.
_PROGRAM = """
import json, sys
root, parent, limits = sys.argv[1:]
sys.path.insert(0, root)
from core.imaging.confine import Limits, confine
limits = Limits(**json.loads(limits))
is_offline = confine(limits, int(parent))
from core.imaging.child import serve
serve(limits, is_offline=is_offline)
"""
_ROOT = Path(__file__).parent.parent
# One heap that keeps what a photo of 12 megapixels needs for the next one: an eighth of the time was page faults.
_ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "134217728",
    "OPENBLAS_NUM_THREADS": "1",
    "VIPS_BLOCK_UNTRUSTED": "1",
    "VIPS_CONCURRENCY": "1",
    "VIPS_DISC_THRESHOLD": "1g",
}
_PREFIX = "aperture-sandbox-"
_LONGEST_ANSWER = 65_536
# Out of CPU time, or out of memory in a library that then aborts: the picture asks for more than it may.
_EXHAUSTED = {signal.SIGXCPU, signal.SIGABRT, signal.SIGTRAP}
_CRASHED = {signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE}


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
        self._idle: list[_Child] = []
        self._children: set[_Child] = set()
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
        await _in_thread(lambda: _refuse_early(source))
        async with self._turns:
            child = await self._take()
            try:
                return await child.render(source, focal, self.wall_seconds)
            finally:
                if child.can_go_on:
                    self._idle.append(child)
                else:
                    await self._end(child)

    async def _take(self) -> "_Child":
        while self._idle:
            child = self._idle.pop()
            if child.can_go_on:
                return child
            await self._end(child)
        child = _Child(Path(tempfile.mkdtemp(dir=self._folder)), self.limits)
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

    async def _end(self, child: "_Child") -> None:
        with suppress(ValueError):
            self._idle.remove(child)
        self._children.discard(child)
        await child.end()


class _Child:
    """One confined process, its two pipes, and the folder it works in."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self.folder = folder
        self.limits = limits
        self._process: Process | None = None
        self._is_busy = False
        self._pictures_left = limits.pictures

    @property
    def can_go_on(self) -> bool:
        """Whether it lives, has answered whatever it was asked, and may serve another picture."""
        is_alive = self._process is not None and self._process.returncode is None
        return is_alive and not self._is_busy and self._pictures_left > 0

    async def start(self, seconds: float) -> bool:
        """Start it and wait for its greeting, which says whether it is cut off from every network."""
        arguments = (str(_ROOT), str(os.getpid()), json.dumps(asdict(self.limits)))
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-c", _PROGRAM, *arguments),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            cwd=self.folder,
            env=_ENVIRONMENT | {"TMPDIR": str(self.folder)},
            start_new_session=True,
        )
        greeting = await self._hear(self._process, seconds)
        return greeting.get("is_offline") is True

    async def render(self, source: bytes | Path, focal: Focal, seconds: float) -> Picture:
        """Have one picture rendered; `can_go_on` stays false unless the child has answered as it should."""
        process = self._process
        if process is None or process.stdin is None:
            raise UnusablePicture(FailureCode.INTERNAL, "not started")
        self._is_busy = True
        self._pictures_left -= 1
        await _in_thread(lambda: _put(source, self.folder / SOURCE))
        process.stdin.write(frame({"focal": focal}))
        answer = await self._hear(process, seconds)
        try:
            outcome = await _in_thread(lambda: _collect(answer, self.folder))
        except (ValueError, TypeError, OSError) as error:
            raise UnusablePicture(FailureCode.INTERNAL, f"a wrong answer: {error}") from None
        self._is_busy = False
        if isinstance(outcome, UnusablePicture):
            raise outcome
        return outcome

    async def _hear(self, process: Process, seconds: float) -> dict[str, Any]:
        """The next message of the child; its death and its silence are failures of the picture."""
        if process.stdout is None:
            raise UnusablePicture(FailureCode.INTERNAL, "no pipe")
        try:
            async with asyncio.timeout(seconds):
                length = int.from_bytes(await process.stdout.readexactly(HEAD), "big")
                message = json.loads(await process.stdout.readexactly(min(length, _LONGEST_ANSWER)))
        except TimeoutError:
            raise UnusablePicture(FailureCode.INTERNAL, f"no answer in {seconds} s") from None
        except asyncio.IncompleteReadError:
            raise _failure_of(await process.wait()) from None
        except ValueError:
            raise UnusablePicture(FailureCode.INTERNAL, "not JSON") from None
        return message if isinstance(message, dict) else {}

    async def end(self) -> None:
        """Kill it with whatever it started, and remove its folder."""
        try:
            if self._process is not None and self._process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)
                await self._process.wait()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


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


def _put(source: bytes | Path, target: Path) -> None:
    if isinstance(source, bytes):
        target.write_bytes(source)
    else:
        shutil.copyfile(source, target)


def _collect(answer: dict[str, Any], folder: Path) -> Picture | UnusablePicture:
    """What the child says about the picture; the folder is empty again afterwards."""
    if "code" in answer:
        outcome: Picture | UnusablePicture = UnusablePicture(FailureCode(answer["code"]), str(answer.get("reason")))
    else:
        outcome = unpack(answer.get("picture", {}), folder)
    for file in folder.iterdir():
        file.unlink()
    return outcome


def _failure_of(exit_code: int) -> UnusablePicture:
    """What the end of a child says about the picture it was at."""
    if -exit_code in _EXHAUSTED:
        return UnusablePicture(FailureCode.TOO_LARGE, "more CPU or memory than a picture may use")
    if -exit_code in _CRASHED:
        return UnusablePicture(FailureCode.DAMAGED, f"crashed a decoder with signal {-exit_code}")
    return UnusablePicture(FailureCode.INTERNAL, f"the process ended with {exit_code}")


async def _in_thread(work: Callable[[], T]) -> T:
    """Run blocking work off the loop; a cancelled caller waits until it is done, so that it leaves nothing behind."""
    task = asyncio.create_task(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


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
