"""What a client may know of the server it talks to."""

from datetime import datetime
from enum import Enum

import strawberry

from schema.media import UploadPurpose
from schema.scalars import BigInt, LanguageTag


@strawberry.enum
class ServerCapability(Enum):
    SUBSCRIPTIONS_WEBSOCKET = "SUBSCRIPTIONS_WEBSOCKET"
    SUBSCRIPTIONS_SSE = "SUBSCRIPTIONS_SSE"
    PERSISTED_OPERATIONS = "PERSISTED_OPERATIONS"
    COOKIE_SESSIONS = "COOKIE_SESSIONS"
    EMAIL = "EMAIL"


@strawberry.type
class UploadLimit:
    purpose: UploadPurpose
    content_types: list[str]
    max_bytes: BigInt
    min_aspect_ratio: float | None
    max_aspect_ratio: float | None


@strawberry.type
class ContentLimits:
    caption_length: int
    comment_length: int
    bio_length: int
    carousel_items: int
    uploads: list[UploadLimit]


@strawberry.type
class ServerInfo:
    name: str
    version: str
    schema_version: str
    time: datetime
    terms_version: str | None
    minimum_age: int | None
    capabilities: list[ServerCapability]
    limits: ContentLimits
    supported_languages: list[LanguageTag]
