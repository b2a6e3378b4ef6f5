"""The one map from what happened to what follows from it."""

from core.events import (
    AccountCreated,
    CommentAdded,
    CommentDeleted,
    Event,
    PostDeleted,
    PostLiked,
    PostPublished,
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
from jobs import feed, topics
from jobs.base import Consequence

ROUTES: dict[type[Event], tuple[Consequence, ...]] = {
    AccountCreated: (),
    SessionEnded: (),
    ProfileUpdated: (),
    UploadCompleted: (topics.media,),
    UploadProgressed: (topics.media,),
    UploadFinished: (topics.media,),
    UploadDropped: (topics.media,),
    UserFollowed: (feed.start_anew,),
    UserUnfollowed: (feed.start_anew,),
    PostPublished: (feed.fan_out_post, topics.post),
    PostUpdated: (topics.post,),
    PostDeleted: (feed.take_back_post, topics.post),
    PostLiked: (topics.post,),
    PostUnliked: (topics.post,),
    CommentAdded: (topics.post,),
    CommentDeleted: (topics.post,),
}
