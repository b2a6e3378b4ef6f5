"""The streams that facts are logged in: how a topic is called, and the words of its events."""

from uuid import UUID

from core.ids import PostId

POST_ENGAGED = "PostEngaged"
POST_CHANGED = "PostChanged"
POST_REMOVED = "PostRemoved"
FEED_GREW = "FeedGrew"
FEED_WENT_STALE = "FeedWentStale"
UPLOAD_PROGRESSED = "UploadProgressed"
UPLOAD_FINISHED = "UploadFinished"


def post(post_id: PostId) -> str:
    """What happens to one post."""
    return f"post:{post_id}"


def feed(user_id: UUID) -> str:
    """What happens to one person's home feed."""
    return f"feed:{user_id}"


def media(user_id: UUID) -> str:
    """What happens to one person's uploads."""
    return f"media:{user_id}"
