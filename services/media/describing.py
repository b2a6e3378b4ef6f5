"""What people say of their pictures after they sent them: the words for those who cannot see, and who is in them."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import update

from core.db import Write
from core.errors import Invalid, NotFound
from core.events import PostUpdated
from core.ids import MediaId, UploadId
from core.viewer import Viewer
from models.media import Media
from services import outbox, permissions, tags
from services.media import publishing, records
from services.visibility import media


async def update_media(tx: Write, viewer: Viewer, media_id: MediaId, changes: Mapping[str, Any]) -> None:
    """Change what `changes` names of one's own picture: `alt_text`, and `tags`, each a `Tag`, in pictures of posts.

    The same again changes nothing and tells nobody.
    """
    await media.require_media(tx, viewer, media_id)
    permissions.require(permissions.may_edit_media(viewer, media_id.author_id))
    post_id = await publishing.post_of(tx, media_id)
    if post_id is None and changes.get("tags"):
        raise Invalid("INVALID", "People are tagged in pictures of posts.", ("input", "tags"))
    if post_id is not None and not await tags.lock_post(tx, post_id):
        raise NotFound(id=str(media_id))
    is_changed = "alt_text" in changes and await _describe(tx, media_id, changes["alt_text"])
    if post_id is not None and "tags" in changes:
        is_changed |= await tags.tag(tx, viewer, post_id, {media_id: changes["tags"]})
    if post_id is not None and is_changed:
        outbox.emit(tx, PostUpdated(author_id=post_id.author_id, post_id=post_id.id))


async def _describe(tx: Write, media_id: MediaId, words: str | None) -> bool:
    """Set the words; False if they were the same."""
    await records.lock_one(tx, UploadId(media_id.author_id, media_id.id))
    own = (Media.author_id == media_id.author_id, Media.id == media_id.id)
    # unguarded: compared with what is written
    differs = Media.alt_text.is_distinct_from(words)
    changed = update(Media).where(*own, differs).values(alt_text=words).returning(Media.id)
    return await tx.scalar(changed) is not None
