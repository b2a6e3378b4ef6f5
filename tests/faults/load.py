"""People who like, comment, post and read without end, and remember what was confirmed to them."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count, cycle
from threading import Event
from types import TracebackType
from typing import Self

from tests.devices import Device
from tests.live import RECOVERY_SECONDS
from tests.waiting import eventually

_TURNS_PER_POST = 12


@dataclass
class Actor:
    """One person; each write stands here once it was answered with success."""

    device: Device
    likes: dict[str, bool] = field(default_factory=dict)
    comments: list[str] = field(default_factory=list)
    posts: list[str] = field(default_factory=list)
    reads: int = 0

    @property
    def deeds(self) -> int:
        return self.reads + len(self.comments)

    def act(self, posts: Sequence[str], over: Event) -> None:
        """One thing after the other until it is over."""
        for turn, post in zip(count(1), cycle(posts), strict=False):
            if over.is_set():
                return
            self._comment(post)
            self._change_mind(post)
            self._read()
            if turn % _TURNS_PER_POST == 0:
                self.posts.append(self.device.publish(self.device.upload()))

    def _comment(self, post: str) -> None:
        text = f"{self.device.handle} for the {len(self.comments)}th time"
        self.device.comment(post, text)
        self.comments.append(text)

    def _change_mind(self, post: str) -> None:
        is_liked = not self.likes.get(post, False)
        self.device.like(post, is_liked=is_liked)
        self.likes[post] = is_liked

    def _read(self) -> None:
        feed = self.device.home_feed()
        assert sorted(feed) == sorted(set(feed))
        self.reads += 1


class Load:
    """All of them at once while the block runs, and at peace after it. What goes wrong for one of them is raised."""

    def __init__(self, devices: Sequence[Device], posts: Sequence[str]) -> None:
        self.actors = [Actor(device) for device in devices]
        self._posts = posts
        self._over = Event()
        self._threads = ThreadPoolExecutor(len(devices))
        self._running: list[Future[None]] = []

    def __enter__(self) -> Self:
        self._running = [self._threads.submit(each.act, self._posts, self._over) for each in self.actors]
        return self

    def __exit__(self, kind: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        self._over.set()
        self._threads.shutdown()
        if kind is None:
            for each in self._running:
                each.result()

    def go_on(self, deeds: int = 6) -> None:
        """Wait until everybody has written and read some more."""
        goals = [(each, each.deeds + deeds) for each in self.actors]
        eventually(lambda: self._is_broken() or all(each.deeds >= goal for each, goal in goals), RECOVERY_SECONDS)
        for each in self._running:
            if each.done():
                each.result()

    def _is_broken(self) -> bool:
        return any(each.done() for each in self._running)
