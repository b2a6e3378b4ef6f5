"""The one map from what happened to what follows from it."""

from core.events import (
    AccountCreated,
    CommentAdded,
    CommentDeleted,
    Event,
    PostDeleted,
    PostLiked,
    PostPublished,
    PostSubmitted,
    PostUnliked,
    PostUpdated,
    ProfileUpdated,
    SessionEnded,
    UploadCompleted,
    UploadDropped,
    UploadFinished,
    UploadProgressed,
    UserFollowed,
    UserUnfollowed,
)
from jobs import feed, posts, topics
from jobs.base import Consequence
from jobs.media import publishing, rendering

ROUTES: dict[type[Event], tuple[Consequence, ...]] = {
    AccountCreated: (),
    SessionEnded: (),
    ProfileUpdated: (publishing.settle_avatar,),
    UploadCompleted: (rendering.process_upload, topics.media),
    UploadProgressed: (topics.media,),
    UploadFinished: (posts.publish_when_ready, rendering.tidy_up, topics.media),
    UploadDropped: (rendering.tidy_up, topics.media),
    UserFollowed: (feed.start_anew,),
    UserUnfollowed: (feed.start_anew,),
    PostSubmitted: (),
    PostPublished: (publishing.settle_post, feed.fan_out_post, topics.post),
    PostUpdated: (publishing.settle_post, topics.post),
    PostDeleted: (feed.take_back_post, publishing.purge_media, topics.post),
    PostLiked: (topics.post,),
    PostUnliked: (topics.post,),
    CommentAdded: (topics.post,),
    CommentDeleted: (topics.post,),
}
