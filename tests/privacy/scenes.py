"""Scenes of the matrix: an author in one state with something for one audience, and everybody who may stand to her."""

from dataclasses import dataclass, replace
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import insert, update

from core import clock
from core.db import Database, Write
from core.ids import PostId, UserId, new_uuid
from core.viewer import Viewer
from models.accounts import Account
from models.likes import PostLike
from models.media import Media
from models.profiles import User
from services import counters, settling
from tests.factories.people import block, follow, person, stance
from tests.factories.posts import comment, post
from tests.factories.tags import tag
from tests.factories.uploads import upload

Relation = Literal[
    "nobody",
    "stranger",
    "requester",
    "follower",
    "close friend",
    "restricted",
    "blocked",
    "blocker",
    "author",
    "moderator",
]
State = Literal["public", "private", "deactivated", "suspended", "waiting for deletion", "erased"]
Audience = Literal["PUBLIC", "FOLLOWERS", "CLOSE_FRIENDS", "ONLY_ME"]

RELATIONS: Final[tuple[Relation, ...]] = Relation.__args__  # type: ignore[attr-defined]
STATES: Final[tuple[State, ...]] = State.__args__  # type: ignore[attr-defined]
AUDIENCES: Final[tuple[Audience, ...]] = Audience.__args__  # type: ignore[attr-defined]

_FACTS: Final[dict[State, dict[str, Any]]] = {
    "public": {},
    "private": {"is_private": True},
    "deactivated": {"status": "DEACTIVATED"},
    "suspended": {"status": "SUSPENDED"},
    "waiting for deletion": {"status": "DEACTIVATED", "is_private": True},
    "erased": {"status": "DELETED"},
}
"""Of an account that is erased, the rows are there still: erasing takes a while."""


@dataclass(frozen=True, slots=True)
class Scene:
    """The viewers of a scene, Ben, and Eva's posts."""

    viewers: dict[Relation, Viewer]
    ben: Viewer
    posts: dict[Audience, PostId]


async def scene(db: Database, state: State) -> Scene:
    """Eva, in a state, has published something for each audience, and left traces with Ben, whom everybody sees."""
    eva = await person(db, "eva", bio="canary-bio", pronouns="canary-pronouns", links=_LINKS, **_FACTS[state])
    if state == "waiting for deletion":
        eva = replace(eva, status="PENDING_DELETION")
    ben = await person(db, "ben", bio="open-bio")
    viewers = await _viewers(db, eva, state)
    mentioned = {"caption_mentions": {"ben": _text(ben), "eva": _text(eva)}}
    own = {each: await post(db, eva, audience=each, caption=f"canary-{each}-@ben", **mentioned) for each in AUDIENCES}
    open_ = await post(db, ben, caption="Seen with @eva", **mentioned)
    await _count(db, open_, open_.author_id, posts_public=1)
    for audience, picture in own.items():
        await _dress(db, picture, audience)
        await _count(db, picture, picture.author_id, **{f"posts_{audience.lower()}": 1})
        for who in (viewers["follower"], viewers["blocked"], ben):
            await _react(db, who, picture, f"canary-of-{_name(viewers, who)}-for-{audience}")
    for who in (eva, viewers["follower"], viewers["blocked"], viewers["blocker"]):
        await _react(db, who, open_, f"canary-of-{_name(viewers, who)}-with-ben")
    for picture in (*own.values(), open_):
        words = f"canary-held-{picture.id.hex[-6:]}"
        await comment(db, viewers["restricted"], picture, words, state="HELD")
        await _count(db, picture, picture.id, comments_held=1)
        await tag(db, picture, eva, ben, viewers["follower"], viewers["blocked"], viewers["blocker"])
    await db.write(lambda tx: settling.settle_some(tx, eva.user_id, None, 1000))
    await _show_face(db, eva)
    for one, other in ((ben, eva), (eva, ben), (viewers["blocked"], ben), (viewers["blocker"], ben)):
        await _follow(db, one, other)
    return Scene(viewers, ben, own)


async def _viewers(db: Database, eva: Viewer, state: State) -> dict[Relation, Viewer]:
    """One viewer for each relation, with nothing but that between the two; who is erased cannot sign in any more."""
    names: tuple[Relation, ...] = ("stranger", "requester", "follower", "close friend", "restricted")
    made = {name: await person(db, name.replace(" ", "_")) for name in (*names, "blocked", "blocker")}
    await follow(db, made["requester"], eva, "PENDING")
    for name in ("follower", "close friend", "restricted"):
        await _follow(db, made[name], eva)
    await stance(db, eva, made["close friend"], close_friend_since=clock.now())
    await stance(db, eva, made["restricted"], restricted_at=clock.now())
    await block(db, eva, made["blocked"])
    await block(db, made["blocker"], eva)
    found = {name: replace(viewer, session_id=new_uuid()) for name, viewer in made.items()}
    moderator = await person(db, "moderator")
    await db.write(
        lambda tx: tx.execute(update(Account).where(Account.user_id == moderator.id).values(role="MODERATOR"))
    )
    found["moderator"] = replace(moderator, session_id=new_uuid(), role="MODERATOR")
    author = Viewer() if state == "erased" else replace(eva, session_id=new_uuid())
    return {"nobody": Viewer(), **found, "author": author}


async def _follow(db: Database, one: Viewer, other: Viewer) -> None:
    """Let one person follow another, with the counts."""
    await follow(db, one, other)

    async def work(tx: Write) -> None:
        counters.add(tx, one.user_id, one.user_id, following=1)
        counters.add(tx, other.user_id, other.user_id, followers=1)

    await db.write(work)


async def _dress(db: Database, picture: PostId, audience: str) -> None:
    """Give the picture of a post words and files."""
    of_post = (Media.author_id == picture.author_id, Media.post_id == picture.id)
    values = {"alt_text": f"canary-alt-{audience}", "renditions": [_file(f"canary-file-{audience}")]}
    await db.write(lambda tx: tx.execute(update(Media).where(*of_post).values(values)))


async def _show_face(db: Database, eva: Viewer) -> None:
    """Give the profile a picture; another one waits to be used."""
    face = await upload(db, eva, purpose="AVATAR")
    await upload(db, eva)
    values = {"alt_text": "canary-face", "renditions": [_file("canary-face-file")]}
    await db.write(lambda tx: tx.execute(update(Media).where(Media.id == face.id).values(values)))
    await db.write(lambda tx: tx.execute(update(User).where(User.id == eva.id).values(avatar_id=face.id)))


def _file(name: str) -> dict[str, Any]:
    return {"size": "FEED", "format": "JPEG", "key": f"private/{name}.jpg", "width": 1, "height": 1, "byte_size": 1}


async def _count(db: Database, picture: PostId, subject: UUID, **changes: int) -> None:
    """Count something of a post, or of its author's profile."""

    async def work(tx: Write) -> None:
        counters.add(tx, picture.author_id, subject, **changes)

    await db.write(work)


async def _react(db: Database, who: Viewer, picture: PostId, words: str) -> None:
    """Comment and like, with the counts."""
    await comment(db, who, picture, words)
    row = {"author_id": picture.author_id, "post_id": picture.id, "liker_id": who.id, "created_at": clock.now()}

    async def work(tx: Write) -> None:
        await tx.execute(insert(PostLike).values(row))
        counters.add(tx, picture.author_id, picture.id, likes=1, comments=1)

    await db.write(work)


def _name(viewers: dict[Relation, Viewer], who: Viewer) -> str:
    return next((name for name, viewer in viewers.items() if viewer.id == who.id), "ben")


def _text(who: Viewer) -> str:
    return str(UserId(who.user_id))


_LINKS = [{"title": "canary-link", "url": "https://example.org/canary"}]
