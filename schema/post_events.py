"""What is told live about posts."""

import strawberry

from schema.events import HomeFeedEvent, PostEvent
from schema.posts import Post


@strawberry.type
class PostEngagementEvent(PostEvent):
    post: Post


@strawberry.type
class PostUpdatedEvent(PostEvent):
    post: Post


@strawberry.type
class PostRemovedEvent(PostEvent, HomeFeedEvent):
    removed_post_id: strawberry.ID
