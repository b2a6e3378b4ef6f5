"""Public copies: pictures that anybody may see are fetched without a signature, all others are not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, delete, literal, or_, select, update

from core.db import Read, Write
from core.ids import MediaId, PostId
from core.viewer import Viewer
from models.media import Media, Upload
from models.posts import Post
from models.profiles import User
from services.visibility.media import media

_ANYBODY = Viewer()


@dataclass(frozen=True, slots=True)
class Standing:
    """A picture: whether public copies are said to be there, whether they should be, and of which files."""

    id: MediaId
    is_public: bool
    should_be: bool
    rendition_keys: tuple[str, ...]


async def of_post(db: Read, post_id: PostId) -> list[MediaId]:
    """The pictures of a post, also of a deleted one."""
    own = (Media.author_id == post_id.author_id, Media.post_id == post_id.id)
    return [MediaId(post_id.author_id, one) for one in await db.scalars(select(Media.id).where(*own))]


async def of_profile(db: Read, user_id: UUID) -> list[MediaId]:
    """The profile picture, and those before it that are public still."""
    avatars = (
        select(Media.id)
        .join(Upload, (Upload.user_id == Media.author_id) & (Upload.id == Media.id))
        .where(Media.author_id == user_id, Upload.purpose == "AVATAR")
        .where(or_(Upload.used_at.is_not(None), Media.is_public))
    )
    return [MediaId(user_id, one) for one in await db.scalars(avatars)]


async def of_person(db: Read, user_id: UUID, after: UUID | None, limit: int) -> list[MediaId]:
    """The pictures of a person that come after one of them, in the order of their ids."""
    statement = select(Media.id).where(Media.author_id == user_id).order_by(Media.id).limit(limit)
    if after is not None:
        statement = statement.where(Media.id > after)
    return [MediaId(user_id, one) for one in await db.scalars(statement)]


async def post_of(db: Read, media_id: MediaId) -> PostId | None:
    """The post that a picture was put into."""
    post_id = await db.scalar(select(Media.post_id).where(*_is(media_id)))
    return PostId(media_id.author_id, post_id) if post_id else None


async def survey(db: Read, ids: Sequence[MediaId]) -> list[Standing]:
    """How these pictures stand; public is what somebody sees who is signed out."""
    shown = await media(db, _ANYBODY, ids)
    # unguarded: the system's question where copies lie; whether they may lie there the door has just said
    statement = select(Media.author_id, Media.id, Media.is_public, Media.renditions).where(*_among(ids))
    found = [(MediaId(row.author_id, row.id), row) for row in await db.all(statement)]
    return [
        Standing(
            id=one,
            is_public=row.is_public,
            should_be=one in shown and shown[one].status == "READY",
            rendition_keys=tuple(file["key"] for file in row.renditions),
        )
        for one, row in found
    ]


async def mark(tx: Write, media_id: MediaId, *, is_public: bool) -> bool:
    """Say that public copies are there, or that they are no more; False if meanwhile it should be otherwise.

    What decides is held until the commit, so that a change of it comes later, and its event with it.
    """
    post_id = await tx.scalar(select(Media.post_id).where(*_is(media_id)))
    await tx.execute(select(User.id).where(User.id == media_id.author_id).with_for_update(read=True))
    held = (Post.author_id == media_id.author_id, Post.id == post_id)
    await tx.execute(select(Post.id).where(*held).with_for_update(read=True))
    for standing in await survey(tx, [media_id]):
        if standing.should_be is is_public:
            await tx.execute(update(Media).where(*_is(media_id)).values(is_public=is_public))
            return True
    return False


async def forget(tx: Write, ids: Sequence[MediaId]) -> None:
    """Delete the rows of pictures whose files are gone."""
    owners, own = _ids(one.author_id for one in ids), _ids(one.id for one in ids)
    await tx.execute(delete(Upload).where(Upload.user_id == any_(owners), Upload.id == any_(own)))
    await tx.execute(delete(Media).where(*_among(ids)))


def _is(media_id: MediaId) -> tuple[Any, ...]:
    return Media.author_id == media_id.author_id, Media.id == media_id.id


def _among(ids: Sequence[MediaId]) -> tuple[Any, ...]:
    return Media.author_id == any_(_ids(one.author_id for one in ids)), Media.id == any_(_ids(one.id for one in ids))


def _ids(ids: Iterable[UUID]) -> Any:
    return literal(list(ids), ARRAY(Uuid))
