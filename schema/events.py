"""What all live events have in common, and the event that says a stream could not be resumed."""

from datetime import datetime
from enum import Enum

import strawberry


@strawberry.interface
class Event:
    cursor: str | None
    occurred_at: datetime


@strawberry.interface
class HomeFeedEvent(Event):
    pass


@strawberry.interface
class PostEvent(Event):
    pass


@strawberry.interface
class MediaEvent(Event):
    pass


@strawberry.interface
class AccountEvent(Event):
    pass


@strawberry.enum
class StreamResetReason(Enum):
    CURSOR_TOO_OLD = "CURSOR_TOO_OLD"
    CURSOR_INVALID = "CURSOR_INVALID"
    SLOW_CONSUMER = "SLOW_CONSUMER"
    SERVER_RESTART = "SERVER_RESTART"


@strawberry.type
class StreamResetEvent(HomeFeedEvent, PostEvent, MediaEvent, AccountEvent):
    reason: StreamResetReason
