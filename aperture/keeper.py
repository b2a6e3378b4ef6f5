"""Keeping the parts of a running development machine alive."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from aperture.children import CannotStart

_LONGEST_PAUSE = 10.0
_STEADY_SECONDS = 60.0
_TRIES = 8


class Startable(Protocol):
    """A server or a process that can be started again when it has died."""

    name: str
    log: Path

    @property
    def is_running(self) -> bool: ...

    def start(self) -> None: ...


@dataclass
class Part:
    """Something that is to run, with the memory of its deaths."""

    what: Startable
    _deaths: int = field(default=0, init=False)
    _died_at: float = field(default=0.0, init=False)
    _due_at: float | None = field(default=None, init=False)

    def tend(self, tell: Callable[[str], None]) -> None:
        """Restart the part when it has died, after a longer pause each time; give up after eight in a row."""
        if self.what.is_running or self._deaths >= _TRIES:
            return
        if self._due_at is None:
            self._note_death(tell)
        elif time.monotonic() >= self._due_at:
            self._due_at = None
            self._start(tell)

    def _start(self, tell: Callable[[str], None]) -> None:
        try:
            self.what.start()
        except CannotStart as error:
            tell(str(error))
        else:
            tell(f"{self.what.name} runs again.")

    def _note_death(self, tell: Callable[[str], None]) -> None:
        now = time.monotonic()
        self._deaths = self._deaths + 1 if now - self._died_at < _STEADY_SECONDS else 1
        self._died_at = now
        pause = min(0.5 * 2 ** (self._deaths - 1), _LONGEST_PAUSE)
        self._due_at = now + pause
        if self._deaths < _TRIES:
            tell(f"{self.what.name} has ended by itself; it is started again in {pause:g} s. Its log: {self.what.log}")
        else:
            tell(f"{self.what.name} does not stay up and is left alone now. Its log: {self.what.log}")
