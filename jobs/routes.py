"""The one map from what happened to what follows from it."""

from core.events import (
    CommentAdded,
    CommentDeleted,
    Event,
    PostDeleted,
    PostLiked,
    PostPublished,
    PostUnliked,
    PostUpdated,
    UploadCompleted,
    UploadDropped,
    UploadFinished,
    UploadProgressed,
)
from jobs import topics
from jobs.base import Consequence

ROUTES: dict[type[Event], tuple[Consequence, ...]] = {
    UploadCompleted: (topics.media,),
    UploadProgressed: (topics.media,),
    UploadFinished: (topics.media,),
    UploadDropped: (topics.media,),
    PostPublished: (topics.post,),
    PostUpdated: (topics.post,),
    PostDeleted: (topics.post,),
    PostLiked: (topics.post,),
    PostUnliked: (topics.post,),
    CommentAdded: (topics.post,),
    CommentDeleted: (topics.post,),
}
