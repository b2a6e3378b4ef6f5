"""People tagged in pictures of posts: who may be, and how tags come and go."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import delete, insert, select, tuple_
from sqlalchemy.dialects.postgresql import insert as upsert

from core import clock
from core.db import Read, Write
from core.errors import Invalid, NotAllowed, NotFound, Path
from core.events import PostUpdated
from core.ids import MediaId, PostId, UserId
from core.paging import Page, Window
from core.viewer import Viewer
from models.posts import Post
from models.privacy import PrivacySetting
from models.tags import MediaTag, TaggedPost
from services import listings, mentions, outbox, pairs, permissions
from services.listings import Listing
from services.visibility import posts, profiles

_TAGGED: Final = Listing(
    "tagged", ("person",), "select post_id as id, author_id from tagged_posts where person_id = {person}"
)

Key = tuple[UUID, UUID]
"""A picture and a person."""
Place = tuple[int, float, float]
"""Which of the tags of a picture it is, and where in the picture."""


@dataclass(frozen=True, slots=True)
class Tag:
    """Somebody to tag; `x` and `y` are shares of the picture's width and height, `path` its place in the input."""

    user_id: UserId
    x: float = 0.5
    y: float = 0.5
    path: Path = ()


async def tag(tx: Write, viewer: Viewer, post_id: PostId, wanted: Mapping[MediaId, Sequence[Tag]]) -> bool:
    """Make these the people tagged in pictures of one's own post, all others go; True if that changes anything.

    Who is tagged there already may stay. Others are refused: whom the viewer does not see or whose account is not in
    use, who does not let the viewer tag them, and who would stand in one picture twice. The post is either new or
    locked by `lock_post`.
    """
    if not wanted:
        return False
    asked = [(media_id, place, each) for media_id, tags in wanted.items() for place, each in enumerate(_once(tags))]
    chosen = {(media_id.id, each.user_id.id): (place, each.x, each.y) for media_id, place, each in asked}
    standing = await _standing(tx, post_id, wanted)
    await _require_taggable(tx, viewer, [each for one, _, each in asked if (one.id, each.user_id.id) not in standing])
    gone = [key for key, place in standing.items() if chosen.get(key) != place]
    fresh = {key: place for key, place in chosen.items() if standing.get(key) != place}
    await _rewrite(tx, post_id, gone, fresh)
    await _mirror(tx, post_id, {person for _, person in [*gone, *fresh]})
    return bool(gone or fresh)


async def lock_post(tx: Write, post_id: PostId) -> bool:
    """Hold a post so that nobody else changes its tags; False if it is deleted."""
    own = (Post.author_id == post_id.author_id, Post.id == post_id.id)
    return await tx.scalar(select(Post.id).where(*own, Post.deleted_at.is_(None)).with_for_update()) is not None


async def remove_own(tx: Write, viewer: Viewer, post_id: PostId) -> None:
    """Take the viewer's tags off a post the viewer sees; without any, nothing changes."""
    await posts.require_post(tx, viewer, post_id)
    await _untag(tx, viewer.user_id, post_id.author_id, [post_id.id])


async def forget_post(tx: Write, post_id: PostId) -> None:
    """Take all tags off a post that goes."""
    own = (MediaTag.author_id == post_id.author_id, MediaTag.post_id == post_id.id)
    people = set(await tx.scalars(delete(MediaTag).where(*own).returning(MediaTag.person_id)))
    await _mirror(tx, post_id, people)


async def forget_person(tx: Write, user_id: UUID, limit: int) -> int:
    """Take a person who goes off at most `limit` posts of others; answers off how many."""
    listed = select(TaggedPost.author_id, TaggedPost.post_id).where(TaggedPost.person_id == user_id).limit(limit)
    keys = [tuple(row) for row in await tx.all(listed)]
    if keys:
        of_posts = tuple_(MediaTag.author_id, MediaTag.post_id).in_(keys)
        await tx.execute(delete(MediaTag).where(of_posts, MediaTag.person_id == user_id))
        gone = TaggedPost.post_id.in_([post_id for _, post_id in keys])
        await tx.execute(delete(TaggedPost).where(TaggedPost.person_id == user_id, gone))
    return len(keys)


async def remove_between(tx: Write, one: UUID, other: UUID, limit: int) -> bool:
    """Take away what names one of two people in what the other published; True once nothing is left.

    Tags in pictures go, and mentions in captions, comments and bios, whose words stay. Call it until it is done, in a
    transaction each: it takes at most `limit` posts or comments at a time, looks for what is still there, and so may
    break off and run twice.
    """
    for person, author in ((one, other), (other, one)):
        listed = select(TaggedPost.post_id).where(TaggedPost.person_id == person, TaggedPost.author_id == author)
        tagged = await tx.scalars(listed.limit(limit))
        await _untag(tx, person, author, tagged)
        if len(tagged) == limit or await mentions.remove_some(tx, person, author, limit) == limit:
            return False
    return True


async def pages_of_posts(db: Read, asked: Sequence[tuple[UUID, Window]]) -> list[Page[PostId]]:
    """Posts of others that show each person, the newest first."""
    found = await listings.rows_by_id(db, _TAGGED, [((person,), window) for person, window in asked])
    return [page.each(lambda row: PostId(row.author_id, row.id)) for page in found]


def _once(tags: Sequence[Tag]) -> Sequence[Tag]:
    seen: set[UserId] = set()
    for each in tags:
        if each.user_id in seen:
            raise Invalid("INVALID", "This person stands in the picture already.", (*each.path, "userId"))
        seen.add(each.user_id)
    return tags


async def _standing(tx: Write, post_id: PostId, media: Collection[MediaId]) -> dict[Key, Place]:
    """Who is tagged where in pictures."""
    # unguarded: compared with what is written
    columns = select(MediaTag.media_id, MediaTag.person_id, MediaTag.position, MediaTag.x, MediaTag.y)
    own = (MediaTag.author_id == post_id.author_id, MediaTag.media_id.in_([one.id for one in media]))
    return {(row.media_id, row.person_id): (row.position, row.x, row.y) for row in await tx.all(columns.where(*own))}


async def _rewrite(tx: Write, post_id: PostId, gone: Collection[Key], fresh: Mapping[Key, Place]) -> None:
    if gone:
        pairs = tuple_(MediaTag.media_id, MediaTag.person_id).in_(gone)
        await tx.execute(delete(MediaTag).where(MediaTag.author_id == post_id.author_id, pairs))
    if fresh:
        own = {"author_id": post_id.author_id, "post_id": post_id.id, "created_at": clock.now()}
        names = ("media_id", "person_id", "position", "x", "y")
        rows = [own | dict(zip(names, (*key, *place), strict=True)) for key, place in fresh.items()]
        await tx.execute(insert(MediaTag), rows)


async def _require_taggable(tx: Write, viewer: Viewer, tags: Sequence[Tag]) -> None:
    people = {each.user_id.id for each in tags}
    if not people:
        return
    await pairs.keep_together(tx, viewer.user_id, people)
    seen = await profiles.users(tx, viewer, people)
    chosen = select(PrivacySetting.user_id, PrivacySetting.tag_audience).where(PrivacySetting.user_id.in_(people))
    audiences = {row.user_id: row.tag_audience or "EVERYONE" for row in await tx.all(chosen)}
    for each in tags:
        path, person = (*each.path, "userId"), seen.get(each.user_id.id)
        if person is None or person.access == "UNAVAILABLE":
            raise NotFound(path, id=str(each.user_id))
        reason = permissions.may_tag(person, audiences.get(person.id, "EVERYONE"))
        if reason is not None:
            raise NotAllowed(reason, "This person does not let you tag them.", path)


async def _untag(tx: Write, person: UUID, author: UUID, post_ids: Collection[UUID]) -> None:
    """Take a person off posts of one author, and tell of those that showed the person."""
    held = select(Post.id).where(Post.author_id == author, Post.id.in_(post_ids)).order_by(Post.id).with_for_update()
    locked = await tx.scalars(held)
    own = (MediaTag.author_id == author, MediaTag.post_id.in_(locked), MediaTag.person_id == person)
    changed = set(await tx.scalars(delete(MediaTag).where(*own).returning(MediaTag.post_id)))
    await tx.execute(delete(TaggedPost).where(TaggedPost.person_id == person, TaggedPost.post_id.in_(post_ids)))
    for post_id in sorted(changed):
        outbox.emit(tx, PostUpdated(author_id=author, post_id=post_id))


async def _mirror(tx: Write, post_id: PostId, people: Collection[UUID]) -> None:
    """Let the lists of these people say what the post's tags say of them; one's own posts stand in no list."""
    others = sorted(set(people) - {post_id.author_id})
    if not others:
        return
    of_post = (MediaTag.author_id == post_id.author_id, MediaTag.post_id == post_id.id)
    tagged = set(await tx.scalars(select(MediaTag.person_id).where(*of_post, MediaTag.person_id.in_(others))))
    gone = TaggedPost.person_id.in_([person for person in others if person not in tagged])
    await tx.execute(delete(TaggedPost).where(gone, TaggedPost.post_id == post_id.id))
    own = {"author_id": post_id.author_id, "post_id": post_id.id}
    rows = [{"person_id": person, **own} for person in others if person in tagged]
    if rows:
        await tx.execute(upsert(TaggedPost).values(rows).on_conflict_do_nothing())
