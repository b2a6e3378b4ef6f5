"""What is told live about uploads."""

import strawberry

from schema.events import MediaEvent
from schema.uploads import Upload


@strawberry.type
class UploadProgressEvent(MediaEvent):
    upload: Upload


@strawberry.type
class UploadFinishedEvent(MediaEvent):
    upload: Upload
