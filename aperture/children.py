"""Child processes that end with their parent, and the clearing away of those that outlived one."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

_LOG_BYTES = 5_000_000
_LAST_LINES = 20
_PR_SET_PDEATHSIG = 1


class CannotStart(Exception):
    """A process could not be started; the message tells the person at the terminal why and where to look."""


@dataclass
class Child:
    """One program under our care.

    `user` is the uid to become (as root). On Linux our death sends `stop_signal` too; elsewhere the next start ends
    whom `pid_file` names.
    """

    name: str
    command: list[str]
    log: Path
    env: Mapping[str, str] | None = None
    user: int | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    pid_file: Path | None = None
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def pid(self) -> int | None:
        """The process id while the program has been started and not stopped, even if it has died since."""
        return None if self._process is None else self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the program in a process group of its own, so that Ctrl-C reaches us alone and we end it in order.

        The parent-death signal is bound to the calling thread: call this from the main one.
        """
        self.end_forerunner()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > _LOG_BYTES:
            self.log.replace(self.log.with_suffix(".old"))
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.env,
                cwd="/",
                process_group=0,
                preexec_fn=_ending_with_parent(self.stop_signal),  # noqa: PLW1509 - two system calls, prepared before the fork
                user=self.user,
                group=self.user,
                extra_groups=None if self.user is None else [],
            )
        if self.pid_file is not None:
            self.pid_file.write_text(str(self._process.pid))

    def end_forerunner(self) -> None:
        """End the same program where a killed parent of ours left it running."""
        if self.pid_file is not None:
            end_orphan(self.pid_file, " ".join(self.command))

    def stop(self, seconds: float = 10) -> None:
        """Ask the program to end, wait, and kill it when `seconds` have passed. Stopping twice changes nothing."""
        stop_together([self], seconds)

    def ask_to_end(self) -> None:
        """Send the stop signal, if the program still runs."""
        if self._process is not None:
            self._process.send_signal(self.stop_signal)

    def end(self, seconds: float) -> None:
        """Wait for the end that was asked for; after `seconds` it is not asked any more."""
        if self._process is None:
            return
        try:
            self._process.wait(max(seconds, 0))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
        if self.pid_file is not None:
            self.pid_file.unlink(missing_ok=True)

    def await_ready(self, is_ready: Callable[[], bool], seconds: float = 60, starts: int = 5) -> None:
        """Start and wait until `is_ready`. What a killed forerunner still holds can end the first starts at once."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not self.is_running:
                if not starts:
                    raise CannotStart(f"{self.name} ends as soon as it is started. {self._last_words()}")
                starts -= 1
                self.start()
            elif is_ready():
                return
            time.sleep(0.02 if self.is_running else 0.3)
        self.stop()
        raise CannotStart(f"{self.name} was not ready after {seconds:.0f} s. {self._last_words()}")

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-_LAST_LINES:]
        return "\n".join([f"The end of its log, {self.log}:", *lines])


def stop_together(children: Iterable[Child], seconds: float) -> None:
    """Ask all of them to end at once, and kill what has not ended after `seconds`."""
    stopping, deadline = list(children), time.monotonic() + seconds
    for child in stopping:
        child.ask_to_end()
    for child in stopping:
        child.end(deadline - time.monotonic())


def end_orphan(pid_file: Path, mark: str, number: signal.Signals = signal.SIGTERM, seconds: float = 3) -> None:
    """End the process named in `pid_file` when its command line holds `mark`, and forget a number that was given anew.

    A killed parent may leave a child that runs or is just ending, and a pid file may name somebody else's process.
    """
    try:
        pid = int(pid_file.read_text().split()[0])
    except (FileNotFoundError, ValueError, IndexError):
        return
    if mark in command_line(pid):
        _end(pid, mark, number, seconds)
    pid_file.unlink(missing_ok=True)


def _end(pid: int, mark: str, number: signal.Signals, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while mark in command_line(pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number if time.monotonic() < deadline else signal.SIGKILL)
        time.sleep(0.05)


def command_line(pid: int) -> str:
    """The command line of a process, empty when there is none (a zombie has none either)."""
    if sys.platform == "linux":
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    else:
        command = ["/bin/ps", "-o", "command=", "-p", str(pid)]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def _ending_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """On Linux the kernel sends `number` to the child however we die; elsewhere `end_orphan` comes later."""
    if sys.platform != "linux":
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def prepare() -> None:
        prctl(_PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:
            os._exit(1)

    return prepare
