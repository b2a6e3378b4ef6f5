"""Pictures by their own id: seen with the post or profile they belong to, and by their owner before that."""

from collections.abc import Mapping, Sequence

from sqlalchemy import ARRAY, Uuid, bindparam, text

from core.db import Read
from core.errors import NotFound
from core.ids import MediaId, PostId
from core.paging import PostWant
from core.viewer import Viewer
from services.visibility import posts, profiles, rules
from services.visibility.rows import VisibleMedia

_BY_ID = text(
    """
    select m.author_id, m.id, m.post_id, to_jsonb(m) as picture, u.avatar_id is not distinct from m.id as is_avatar
    from unnest(:authors, :ids) as asked(author_id, id)
    join media m on m.author_id = asked.author_id and m.id = asked.id
    join users u on u.id = m.author_id
    """
).bindparams(bindparam("authors", type_=ARRAY(Uuid)), bindparam("ids", type_=ARRAY(Uuid)))


async def media(db: Read, viewer: Viewer, ids: Sequence[MediaId]) -> Mapping[MediaId, VisibleMedia]:
    """Pictures the viewer may see, by id."""
    if not ids:
        return {}
    rows = await db.all(_BY_ID, {"authors": [one.author_id for one in ids], "ids": [one.id for one in ids]})
    used = [PostId(row.author_id, row.post_id) for row in rows if row.post_id]
    seen = await posts.posts(db, viewer, used, PostWant())
    owners = await profiles.users(db, viewer, {row.author_id for row in rows if row.is_avatar})
    visible = {}
    for row in rows:
        post_id = PostId(row.author_id, row.post_id) if row.post_id else None
        owner = owners.get(row.author_id)
        is_shown = post_id in seen.posts or (owner is not None and owner.avatar is not None and row.is_avatar)
        if rules.media_wall(is_shown=is_shown, is_own=row.author_id == viewer.id) is None:
            visible[MediaId(row.author_id, row.id)] = profiles.picture(row.picture, row.author_id)
    return visible


async def require_media(db: Read, viewer: Viewer, media_id: MediaId) -> VisibleMedia:
    """The picture, or `NotFound`."""
    try:
        return (await media(db, viewer, [media_id]))[media_id]
    except KeyError:
        raise NotFound(id=str(media_id)) from None
