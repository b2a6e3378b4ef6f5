"""What happens in the seeded world, and when: drawn from one fixed number, without touching anything."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Final

from aperture.seed.people import CAPTIONS, COMMENTS, EVERYBODY, LEADING, Person

SEED: Final = 2026
WEEKS: Final = 6
LIKES_SHARE: Final = 0.55
COMMENTS_SHARE: Final = 0.16


@dataclass(frozen=True, slots=True)
class Post:
    """A post to be made; `number` names it, `pictures` says how many it has."""

    number: int
    author: Person
    caption: str | None
    pictures: int


@dataclass(frozen=True, slots=True)
class Follow:
    """One person begins to follow another."""

    follower: Person
    followee: Person


@dataclass(frozen=True, slots=True)
class Like:
    """A person likes a post."""

    liker: Person
    post: Post


@dataclass(frozen=True, slots=True)
class Comment:
    """A person writes under a post."""

    writer: Person
    post: Post
    text: str


Deed = Post | Follow | Like | Comment


@dataclass(frozen=True, slots=True)
class Plan:
    """All deeds with their moments, the earliest first."""

    began_at: datetime
    deeds: list[tuple[datetime, Deed]]

    @property
    def posts(self) -> list[Post]:
        """The posts among the deeds."""
        return [deed for _, deed in self.deeds if isinstance(deed, Post)]


def plan(now: datetime) -> Plan:
    """Six weeks that end at `now`: first people find each other, then they post, like and comment."""
    random = Random(SEED)  # noqa: S311 - a world, not a secret
    began_at = now - timedelta(weeks=WEEKS)
    follows = list(_follows(random))
    deeds: list[tuple[datetime, Deed]] = [
        (began_at + timedelta(minutes=20 + 3 * place), follow) for place, follow in enumerate(follows)
    ]
    fans: dict[Person, list[Person]] = {}
    for follow in follows:
        fans.setdefault(follow.followee, []).append(follow.follower)
    for at, post in _posts(random, began_at + timedelta(days=3), now - timedelta(hours=1)):
        deeds.append((at, post))
        deeds += _echo(random, at, now, post, fans.get(post.author, []))
    return Plan(began_at, sorted(deeds, key=lambda each: each[0]))


def _follows(random: Random) -> Iterator[Follow]:
    fames = [person.fame**2 for person in EVERYBODY]
    for follower in EVERYBODY:
        chosen = set(random.choices(EVERYBODY, fames, k=random.randint(8, 22)))
        if follower in LEADING:
            chosen |= set(LEADING)
        yield from (Follow(follower, each) for each in EVERYBODY if each in chosen and each != follower)


def _posts(random: Random, first: datetime, last: datetime) -> Iterator[tuple[datetime, Post]]:
    numbers = count(1)
    for author in EVERYBODY:
        for _ in range(random.choice((1, 1, 2)) + author.fame // 3):
            at = first + (last - first) * random.random() ** 0.7
            pictures = random.choice((1, 1, 1, 1, 2, 3))
            yield at, Post(next(numbers), author, random.choice(CAPTIONS), pictures)


def _echo(
    random: Random, at: datetime, now: datetime, post: Post, fans: list[Person]
) -> Iterator[tuple[datetime, Deed]]:
    """Likes and comments come soon after a post, most of them in its first hours."""
    for fan in fans:
        moment = min(at + timedelta(hours=random.expovariate(0.12)), now - timedelta(minutes=random.randint(1, 50)))
        if random.random() < LIKES_SHARE:
            yield moment, Like(fan, post)
        if random.random() < COMMENTS_SHARE:
            yield moment + timedelta(seconds=40), Comment(fan, post, random.choice(COMMENTS))
