"""What follows for posts."""

from core.db import Write
from core.events import UploadFinished
from core.ids import MediaId
from jobs.base import consequence
from services import posts
from services.media import publishing


@consequence(kind="in_transaction")
async def publish_when_ready(tx: Write, event: UploadFinished) -> None:
    """Publish the post that waited for this upload, or fail it."""
    post_id = await publishing.post_of(tx, MediaId(event.user_id, event.upload_id))
    if post_id is not None:
        await posts.publish_when_ready(tx, post_id)
