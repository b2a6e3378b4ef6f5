"""What follows for posts."""

from functools import partial

from core import clock
from core.db import Write
from core.events import UploadFinished
from core.ids import MediaId
from jobs.base import JobContext, consequence, every
from services import posts, retention
from services.media import publishing

_AT_ONCE = 200
_ROWS = 2000


@consequence(kind="in_transaction")
async def publish_when_ready(tx: Write, event: UploadFinished) -> None:
    """Publish the post that waited for this upload, or fail it."""
    post_id = await publishing.post_of(tx, MediaId(event.user_id, event.upload_id))
    if post_id is not None:
        await posts.publish_when_ready(tx, post_id)


@every(3600, "posts.erase")
async def erase_deleted_posts(ctx: JobContext) -> None:
    """Erase posts that were deleted a month ago, piece by piece."""
    before = clock.now() - retention.KEPT_FOR
    async with ctx.db.reading(fresh=True) as db:
        doomed = await retention.find_doomed(db, before, _AT_ONCE)
    for post in doomed:
        while not await ctx.db.write(partial(retention.erase_some, post=post, limit=_ROWS)):
            pass
