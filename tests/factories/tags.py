"""People in pictures, without asking them."""

from sqlalchemy import insert, select

from core import clock
from core.db import Database, Write
from core.ids import MediaId, PostId
from core.viewer import Viewer
from models.media import Media
from models.privacy import PrivacySetting
from models.tags import MediaTag, TaggedPost


async def tag(db: Database, post_id: PostId, *people: Viewer) -> MediaId:
    """Let people stand in the first picture of a post, side by side; answers the picture."""
    media_id = await picture_of(db, post_id)
    own = {"author_id": post_id.author_id, "post_id": post_id.id}

    async def work(tx: Write) -> None:
        for place, person in enumerate(people):
            where = {"media_id": media_id.id, "person_id": person.user_id, "position": place, "x": place / 10, "y": 0.5}
            await tx.execute(insert(MediaTag).values(**own, **where, created_at=clock.now()))
            if person.user_id != post_id.author_id:
                await tx.execute(insert(TaggedPost).values(**own, person_id=person.user_id))

    await db.write(work)
    return media_id


async def picture_of(db: Database, post_id: PostId) -> MediaId:
    """The first picture of a post."""
    own = (Media.author_id == post_id.author_id, Media.post_id == post_id.id)
    async with db.reading(fresh=True) as read:
        return MediaId(post_id.author_id, await read.scalar(select(Media.id).where(*own).order_by(Media.position)))


async def choose(db: Database, who: Viewer, **audiences: str) -> None:
    """Let somebody have chosen who may mention or tag them: `mention_audience`, `tag_audience`."""
    row = {"user_id": who.user_id, "hides_like_counts": False, "comment_audience": "EVERYONE"} | audiences
    await db.write(lambda tx: tx.execute(insert(PrivacySetting).values(row)))
