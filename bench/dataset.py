"""A big invented network for benchmarks: people, follows, posts, likes and comments, the same for the same numbers."""

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import numpy as np
import orjson
from numpy.typing import NDArray

from core.settings import settings

NOW = datetime(2026, 6, 1, tzinfo=UTC)
YEAR = 365 * 86_400_000
WORDS = (
    "light over the harbour this morning and not a single cloud in sight",
    "golden hour never gets old",
    "three ingredients, ten minutes, zero regrets",
    "found this little street by accident and stayed all day",
    "new work in progress, tell me what you think",
    "sunday is for slow coffee and long walks",
)
SIZES = (("THUMBNAIL", 150, 150), ("SMALL", 320, 400), ("FEED", 720, 900), ("LARGE", 1080, 1350))


@dataclass(frozen=True)
class Sizes:
    """How much of everything; `viewers` are people who follow `viewer_follows` others and read their feeds."""

    people: int = 100_000
    posts: int = 500_000
    follows: int = 2_000_000
    likes: int = 1_500_000
    comments: int = 1_000_000
    viewers: int = 500
    viewer_follows: int = 200

    @classmethod
    def add_to(cls, parser: argparse.ArgumentParser) -> None:
        """Options that make the network smaller, for a quick look."""
        for name, value in vars(cls()).items():
            parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=value)

    @classmethod
    def given(cls, options: argparse.Namespace) -> "Sizes":
        return cls(**{name: getattr(options, name) for name in vars(cls())})


class Network:
    """The network in memory, as indexes into `people` and `posts`."""

    def __init__(self, sizes: Sizes) -> None:
        self.sizes = sizes
        self._random = np.random.default_rng(42)
        self.people = self._ids(np.sort(self._random.integers(0, YEAR, sizes.people)) - YEAR)
        self.posts = self._ids(np.linspace(0, YEAR, sizes.posts, endpoint=False).astype(np.int64))
        self.authors = self._people(sizes.posts, 1.6)
        self.follows = self._edges()

    @property
    def viewers(self) -> list[UUID]:
        """The people whose feeds are read: the last ones, whom few follow."""
        return self.people[-self.sizes.viewers :]

    def likes(self) -> NDArray[np.int64]:
        """Pairs of post and liker, more for recent posts."""
        count = self.sizes.likes
        posts = (self.sizes.posts * (1 - self._random.random(count) ** 1.7)).astype(np.int64)
        return _pairs(posts, self._random.integers(0, self.sizes.people, count), self.sizes.people)

    def comments(self) -> NDArray[np.int64]:
        """Pairs of post and writer."""
        count = self.sizes.comments
        posts = np.sort((self.sizes.posts * (1 - self._random.random(count) ** 1.5)).astype(np.int64))
        return np.stack([posts, self._random.integers(0, self.sizes.people, count)], axis=1)

    def ids(self, count: int) -> list[UUID]:
        """Ids of one moment, after all posts."""
        return self._ids(np.full(count, YEAR) + np.arange(count) // 100)

    def _people(self, count: int, skew: float) -> NDArray[np.int64]:
        return (self.sizes.people * self._random.random(count) ** skew).astype(np.int64)

    def _edges(self) -> NDArray[np.int64]:
        sizes = self.sizes
        readers = np.repeat(np.arange(sizes.people - sizes.viewers, sizes.people), sizes.viewer_follows)
        followers = np.concatenate([self._random.integers(0, sizes.people, sizes.follows), readers])
        followees = self._people(len(followers), 2.4)
        edges = _pairs(followers, followees, sizes.people)
        others: NDArray[np.int64] = edges[edges[:, 0] != edges[:, 1]]
        return others

    def _ids(self, at: NDArray[np.int64]) -> list[UUID]:
        """UUIDv7 of moments given in milliseconds since a year before `NOW`."""
        start = int((NOW - timedelta(days=365)).timestamp() * 1000)
        noise = self._random.bytes(10 * len(at))
        return [_uuid7(start + int(each), noise[n * 10 : n * 10 + 10]) for n, each in enumerate(at)]


def _uuid7(at: int, noise: bytes) -> UUID:
    value = at << 80 | int.from_bytes(noise)
    return UUID(int=value & ~(0xF << 76 | 0x3 << 62) | 0x7 << 76 | 0x2 << 62)


def _pairs(left: NDArray[np.int64], right: NDArray[np.int64], base: int) -> NDArray[np.int64]:
    """Different pairs, in order."""
    joined = np.unique(left * base + right)
    return np.stack([joined // base, joined % base], axis=1)


def moment(of: UUID) -> datetime:
    """When a UUIDv7 was made."""
    return datetime.fromtimestamp((of.int >> 80) / 1000, UTC)


async def load(network: Network) -> None:
    """Copy the network into the migrated, empty database of the settings."""
    connection = await asyncpg.connect(settings().database_url.replace("+asyncpg", ""))
    try:
        for table, columns, rows in _tables(network):
            await connection.copy_records_to_table(table, columns=columns.split(), records=rows)
        await connection.execute("vacuum analyze", timeout=600)
    finally:
        await connection.close()


def _tables(network: Network) -> Iterator[tuple[str, str, Iterable[tuple[Any, ...]]]]:
    people, posts = network.people, network.posts
    yield "users", _USER, (_user(n, each) for n, each in enumerate(people))
    edges = network.follows.tolist()
    yield "follows", _EDGE, ((people[a], people[b], "ACTIVE", NOW) for a, b in edges)
    edges.sort(key=lambda edge: (edge[1], edge[0]))
    yield "followers", _EDGE, ((people[a], people[b], "ACTIVE", NOW) for a, b in edges)
    authored = list(zip((people[each] for each in network.authors.tolist()), posts, strict=True))
    yield "posts", _POST, (_post(n, *each) for n, each in enumerate(authored))
    pictures = zip(authored, network.ids(len(posts)), strict=True)
    yield "media", _PICTURE, (_picture(author, post, each) for (author, post), each in pictures)
    likes, comments = network.likes().tolist(), network.comments().tolist()
    yield "post_likes", _LIKE, ((*authored[post], people[who], NOW) for post, who in likes)
    written = zip(comments, network.ids(len(comments)), strict=True)
    yield "comments", _COMMENT, (_comment(authored[post], people[who], each) for (post, who), each in written)
    for name, pairs in (("likes", likes), ("comments", comments)):
        counts = np.bincount([post for post, _ in pairs], minlength=len(posts)).tolist()
        yield "counters", _COUNTER, ((*authored[n], name, count) for n, count in enumerate(counts) if count)


_EDGE = "follower_id followee_id state created_at"
_LIKE = "author_id post_id liker_id created_at"
_COUNTER = "author_id subject_id name value"

_USER = "id handle display_name bio_mentions links is_verified is_private status created_at updated_at"


def _user(n: int, each: UUID) -> tuple[Any, ...]:
    return (each, f"person.{n}", f"Person {n}", "{}", "[]", n < 200, False, "ACTIVE", moment(each), moment(each))


_POST = (
    "author_id id shortcode kind status audience caption caption_mentions media_count comment_audience"
    " hides_like_count is_sensitive created_at published_at"
)


def _post(n: int, author: UUID, each: UUID) -> tuple[Any, ...]:
    caption, at = f"{WORDS[n % 6]} {n} {WORDS[n * 7 % 5]}", moment(each)
    head = (author, each, f"code{n}", "PHOTO", "PUBLISHED", "PUBLIC", caption, "{}", 1)
    return (*head, "EVERYONE", False, False, at, at)


_PICTURE = (
    "author_id id post_id position status width height alt_text focal_x focal_y blurhash dominant_color is_public"
    " renditions created_at"
)


def _picture(author: UUID, post: UUID, each: UUID) -> tuple[Any, ...]:
    files = [
        {"size": size, "format": "WEBP", "key": f"{each.hex}/{size}", "width": w, "height": h, "byte_size": w * h // 8}
        for size, w, h in SIZES
    ]
    head = (author, each, post, 0, "READY", 1080, 1350, "a picture", 0.5, 0.5, "LEHV6nWB2yk8pyo0adR*.7kCMdnj")
    return (*head, "#88aacc", True, orjson.dumps(files).decode(), moment(each))


_COMMENT = "author_id id post_id commenter_id text mentions state created_at"


def _comment(on: tuple[UUID, UUID], writer: UUID, each: UUID) -> tuple[Any, ...]:
    author, post = on
    return (author, each, post, writer, WORDS[each.int % 6], "{}", "VISIBLE", moment(each))
