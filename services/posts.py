"""Posts: publishing, changing, deleting, and the lists of a profile."""

import secrets
import string
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import insert

from core import clock
from core.db import Read, Write
from core.errors import NotFound
from core.events import PostAudienceChanged, PostDeleted, PostPublished, PostSubmitted, PostUpdated
from core.ids import MediaId, PostId, new_uuid
from core.paging import Page, Window
from core.viewer import Viewer
from models.media import Media
from models.posts import Post, Shortcode
from services import counters, listings, media, mentions, outbox, permissions, places, privacy, tags
from services.listings import Listing
from services.media import Attachment
from services.places import PlaceChoice
from services.visibility import posts, rules
from services.visibility.rows import PostRow, UserRow

KINDS = ("PHOTO", "CAROUSEL")

_LETTERS = string.ascii_letters + string.digits
_SHORTCODE_LENGTH = 11


@dataclass(frozen=True, slots=True)
class PostDraft:
    """What a person wants to post; `kind` is PHOTO or CAROUSEL. What is None is as they chose for all they publish."""

    kind: str
    attachments: Sequence[Attachment]
    caption: str | None = None
    place: PlaceChoice | None = None
    audience: str = "PUBLIC"
    comment_audience: str | None = None
    hides_like_count: bool | None = None
    is_sensitive: bool = False


async def create_post(tx: Write, viewer: Viewer, draft: PostDraft) -> PostId:
    """Post uploads of one's own that are not used yet; it is published now if all of them are ready, else later."""
    post_id = PostId(viewer.user_id, new_uuid())
    is_ready = await media.attach(tx, viewer, post_id, draft.attachments)
    now = clock.now()
    row = {
        "author_id": post_id.author_id,
        "id": post_id.id,
        "shortcode": await _claim_shortcode(tx, post_id),
        "kind": draft.kind,
        "status": "PUBLISHED" if is_ready else "PROCESSING",
        "audience": draft.audience,
        "caption": caption_of(draft.caption),
        "caption_mentions": await mentions.resolve(tx, viewer, draft.caption),
        "media_count": len(draft.attachments),
        "place_id": await places.choose(tx, draft.place) if draft.place else None,
        **await _chosen(tx, viewer, comment_audience=draft.comment_audience, hides_like_count=draft.hides_like_count),
        "is_sensitive": draft.is_sensitive,
        "created_at": now,
        "published_at": now if is_ready else None,
    }
    await tx.execute(insert(Post).values(row))
    named = {MediaId(viewer.user_id, each.upload_id.id): each.tags for each in draft.attachments if each.tags}
    await tags.tag(tx, viewer, post_id, named)
    outbox.emit(tx, PostSubmitted(author_id=post_id.author_id, post_id=post_id.id))
    if is_ready:
        _tell_published(tx, post_id, draft.audience)
    return post_id


async def publish_when_ready(tx: Write, post_id: PostId) -> None:
    """Publish a waiting post once all its media are ready, or fail it if one of them failed; twice changes nothing."""
    key = (Post.author_id == post_id.author_id, Post.id == post_id.id)
    # unguarded: counted with the posts of its audience, shown to nobody
    waiting = select(Post.audience).where(*key, Post.status == "PROCESSING", Post.deleted_at.is_(None))
    audience = await tx.scalar(waiting.with_for_update())
    if audience is None:
        return
    used = (Media.author_id == post_id.author_id, Media.post_id == post_id.id)
    states = set(await tx.scalars(select(Media.status).where(*used)))
    if "FAILED" in states:
        await tx.execute(update(Post).where(*key).values(status="FAILED"))
        outbox.emit(tx, PostUpdated(author_id=post_id.author_id, post_id=post_id.id))
    elif states == {"READY"}:
        await tx.execute(update(Post).where(*key).values(status="PUBLISHED", published_at=clock.now()))
        _tell_published(tx, post_id, audience)


async def update_post(tx: Write, viewer: Viewer, post_id: PostId, changes: Mapping[str, Any]) -> None:
    """Change what `changes` names of one's own post; `place` is a `PlaceChoice` or None to clear it.

    None for who may comment, and for the like count, goes back to what the person chose for all they publish.

    The same changes again change nothing and tell nobody.
    """
    post = await posts.require_post(tx, viewer, post_id)
    permissions.require(permissions.may_edit_post(post))
    values = dict(changes)
    if "caption" in values:
        values |= await _caption(tx, viewer, post, caption_of(values["caption"]))
    said = {name: values[name] for name in ("comment_audience", "hides_like_count") if name in values}
    values |= await _chosen(tx, viewer, **said)
    if "place" in values:
        place = values.pop("place")
        values["place_id"] = await places.choose(tx, place) if place else None
    if "audience" in values:
        await _move(tx, post_id, values["audience"])
    if values:
        key = (Post.author_id == post_id.author_id, Post.id == post_id.id)
        # unguarded: compared with what is written
        differs = or_(*(getattr(Post, name).is_distinct_from(value) for name, value in values.items()))
        if await tx.scalar(update(Post).where(*key, differs).values(values).returning(Post.id)) is not None:
            outbox.emit(tx, PostUpdated(author_id=post_id.author_id, post_id=post_id.id))


async def delete_post(tx: Write, viewer: Viewer, post_id: PostId) -> None:
    """Delete one's own post; it is gone for everybody at once, its files follow."""
    permissions.require(permissions.may_edit_post(await posts.require_post(tx, viewer, post_id)))
    deleted = await tx.first(
        update(Post)
        .where(Post.author_id == post_id.author_id, Post.id == post_id.id, Post.deleted_at.is_(None))
        .values(deleted_at=clock.now())
        # unguarded: counted with the posts of its audience, shown to nobody
        .returning(Post.audience, Post.published_at)
    )
    if deleted is None:
        return
    await tags.forget_post(tx, post_id)
    if deleted.published_at:
        counters.add(tx, post_id.author_id, post_id.author_id, **{_counter(deleted.audience): -1})
    outbox.emit(tx, PostDeleted(author_id=post_id.author_id, post_id=post_id.id))


async def _move(tx: Write, post_id: PostId, audience: str) -> None:
    """Hold a post; if it is published and for others than before, count it with the posts of its new audience."""
    own = (Post.author_id == post_id.author_id, Post.id == post_id.id, Post.deleted_at.is_(None))
    # unguarded: the author changes it
    held = await tx.first(select(Post.audience, Post.published_at).where(*own).with_for_update())
    if held is None:
        raise NotFound(id=str(post_id))
    if held.published_at and held.audience != audience:
        moves = {_counter(held.audience): -1, _counter(audience): 1}
        counters.add(tx, post_id.author_id, post_id.author_id, **moves)
        changed = PostAudienceChanged(author_id=post_id.author_id, post_id=post_id.id, before=held.audience)
        outbox.emit(tx, changed)


async def _chosen(tx: Write, viewer: Viewer, **said: Any) -> dict[str, Any]:
    """What is said of a post; where it is None, what the person chose for all they publish."""
    if None not in said.values():
        return said
    choice = await privacy.of(tx, viewer.user_id)
    usual = {"comment_audience": choice.comment_audience, "hides_like_count": choice.hides_like_counts}
    return {name: usual[name] if value is None else value for name, value in said.items()}


async def _caption(tx: Write, viewer: Viewer, post: PostRow, caption: str | None) -> dict[str, Any]:
    """The columns of a caption; the same words again are no edit."""
    found = {"caption": caption, "caption_mentions": await mentions.resolve(tx, viewer, caption)}
    return found if caption == post.caption else {**found, "edited_at": clock.now()}


def caption_of(words: str | None) -> str | None:
    """A caption of nothing but white space is none."""
    return words if words and words.strip() else None


async def find_by_shortcode(db: Read, shortcode: str) -> PostId | None:
    """The post a short code leads to, whether the viewer may see it or not."""
    code = select(Shortcode.author_id, Shortcode.post_id).where(Shortcode.shortcode == shortcode)
    row = await db.first(code)
    return PostId(row.author_id, row.post_id) if row else None


async def pages_for_authors(
    db: Read, asked: Sequence[tuple[UserRow, Window]], kinds: Collection[str] | None
) -> list[Page[PostId]]:
    """Published posts of each profile, newest first; a page tells nothing of those that are not for the viewer."""
    lists = [((author.id,), window) for author, window in asked]
    facts = [[rules.is_in_audience(each, author.relationship) for author, _ in asked] for each in rules.AUDIENCES]
    found = await listings.by_id(db, _published(frozenset(kinds or KINDS)), lists, facts)
    return [page.each(partial(PostId, author.id)) for page, (author, _) in zip(found, asked, strict=True)]


def count_for_viewer(author: UserRow, counts: Mapping[str, int]) -> int:
    """How many published posts the viewer may see; at a head alone, how many everybody could but for the wall.

    So the head of a private account tells how many posts are public to its followers, and none of a smaller audience.
    """
    if author.access == "UNAVAILABLE":
        return 0
    audiences = rules.AUDIENCES if author.access == "FULL" else ("PUBLIC",)
    found = {each: counts.get(_counter(each), 0) for each in audiences}
    return sum(count for each, count in found.items() if count and rules.is_in_audience(each, author.relationship))


def cursor_of(post_id: PostId) -> str:
    """The position of a post in the list of its author's profile."""
    return _published(frozenset(KINDS)).cursor((post_id.author_id,), post_id.id)


@lru_cache
def _published(kinds: Collection[str]) -> Listing:
    listed = ", ".join(f"'{kind}'" for kind in KINDS if kind in kinds)
    facts = [audience.lower() for audience in rules.AUDIENCES]
    audiences = " or ".join(f"(audience = '{fact.upper()}' and {{{fact}}})" for fact in facts)
    source = f"""
        select id from posts
        where author_id = {{author}} and status = 'PUBLISHED' and deleted_at is null
        and kind in ({listed}) and ({audiences})
    """  # noqa: S608 - constants
    return Listing("posts", ("author",), source, facts=tuple(facts))


def _counter(audience: str) -> str:
    return f"posts_{audience.lower()}"


def _tell_published(tx: Write, post_id: PostId, audience: str) -> None:
    counters.add(tx, post_id.author_id, post_id.author_id, **{_counter(audience): 1})
    outbox.emit(tx, PostPublished(author_id=post_id.author_id, post_id=post_id.id))


async def _claim_shortcode(tx: Write, post_id: PostId) -> str:
    claimed = None
    while claimed is None:
        code = "".join(secrets.choice(_LETTERS) for _ in range(_SHORTCODE_LENGTH))
        row = {"shortcode": code, "author_id": post_id.author_id, "post_id": post_id.id}
        claimed = await tx.scalar(insert(Shortcode).values(row).on_conflict_do_nothing().returning(Shortcode.shortcode))
    return str(claimed)
