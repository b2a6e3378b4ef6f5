"""The parent's side of a child process: starts it, hands it one picture after the other, and survives its end."""

import asyncio
import json
import os
import shutil
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from core.imaging.confine import Limits
from core.imaging.parcel import HEAD, SOURCE, frame, unpack
from core.imaging.pictures import FailureCode, Focal, Picture, UnusablePicture

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
_ROOT = Path(__file__).parents[2]
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
_LONGEST_ANSWER = 65_536
# Out of CPU time, or out of memory in a library that then aborts: the picture asks for more than it may.
_EXHAUSTED = {signal.SIGXCPU, signal.SIGABRT, signal.SIGTRAP}
_CRASHED = {signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE}


class Child:
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
        await in_thread(lambda: _put(source, self.folder / SOURCE))
        process.stdin.write(frame({"focal": focal}))
        answer = await self._hear(process, seconds)
        try:
            outcome = await in_thread(lambda: _collect(answer, self.folder))
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
                message = await _message(process.stdout)
                if message is None:
                    raise _failure_of(await process.wait())
        except TimeoutError:
            raise UnusablePicture(FailureCode.INTERNAL, f"no answer in {seconds} s") from None
        except (ValueError, RecursionError):
            raise UnusablePicture(FailureCode.INTERNAL, "not JSON") from None
        return message

    async def end(self) -> None:
        """Kill it with whatever it started, and remove its folder."""
        try:
            if self._process is not None and self._process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)
                await self._process.wait()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


async def _message(pipe: asyncio.StreamReader) -> dict[str, Any] | None:
    """One frame; None when the pipe ends before it does."""
    try:
        length = int.from_bytes(await pipe.readexactly(HEAD), "big")
        message = json.loads(await pipe.readexactly(min(length, _LONGEST_ANSWER)))
    except asyncio.IncompleteReadError:
        return None
    return message if isinstance(message, dict) else {}


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


async def in_thread(work: Callable[[], T]) -> T:
    """Run blocking work off the loop; a cancelled caller waits until it is done, so that it leaves nothing behind."""
    task = asyncio.create_task(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
