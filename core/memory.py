"""What a process remembers for a while: cheaper to ask than a cache that also keeps an order of use."""

import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Memory(Generic[K, V]):
    """Values that are believed for so many seconds; when there are too many, the oldest are forgotten first."""

    __slots__ = ("_known", "_seconds", "_size", "_timer")

    def __init__(self, size: int, seconds: float, timer: Callable[[], float] = time.monotonic) -> None:
        self._size = size
        self._seconds = seconds
        self._timer = timer
        self._known: dict[K, tuple[float, V]] = {}

    def get(self, key: K) -> V | None:
        """What is believed of a key, if anything."""
        found = self._known.get(key)
        return found[1] if found and self._timer() < found[0] else None

    def __setitem__(self, key: K, value: V) -> None:
        self.forget(key)
        if len(self._known) >= self._size:
            del self._known[next(iter(self._known))]
        self._known[key] = (self._timer() + self._seconds, value)

    def forget(self, key: K) -> None:
        """Believe nothing of this key."""
        self._known.pop(key, None)

    def forget_those(self, is_meant: Callable[[V], bool]) -> None:
        """Believe none of these values any more; it looks at all that are remembered."""
        for key in [key for key, (_, value) in self._known.items() if is_meant(value)]:
            del self._known[key]
