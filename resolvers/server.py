"""What the server says of itself."""

from functools import cache
from importlib.metadata import version

import strawberry

from core import clock
from core.settings import settings
from schema.context import Context
from schema.contract import contract
from schema.fields import root
from schema.media import UploadPurpose
from schema.scalars import BigInt, LanguageTag
from schema.server import ContentLimits, ServerCapability, ServerInfo, UploadLimit
from services import media


@strawberry.type
class ServerQueries:
    @root
    async def server(ctx: Context) -> ServerInfo | None:
        return ServerInfo(
            name=settings().name,
            version=version("aperture"),
            schema_version=contract().version,
            time=clock.now(),
            terms_version=settings().terms_version,
            minimum_age=settings().minimum_age,
            capabilities=[each for each in ServerCapability if _is_there(each)],
            limits=_limits(),
            supported_languages=[LanguageTag("en")],
        )


def _is_there(capability: ServerCapability) -> bool:
    if capability is ServerCapability.COOKIE_SESSIONS:
        return settings().cookie_sessions
    return settings().sends_mail if capability is ServerCapability.EMAIL else True


@cache
def _limits() -> ContentLimits:
    """The numbers of the contract's `@constraint`, so that the two can never differ."""
    return ContentLimits(
        caption_length=contract().limit("CreatePostInput", "caption", "maxLength"),
        comment_length=contract().limit("AddCommentInput", "text", "maxLength"),
        bio_length=contract().limit("UpdateProfileInput", "bio", "maxLength"),
        carousel_items=contract().limit("CarouselInput", "items", "maxItems"),
        uploads=[
            UploadLimit(
                purpose=UploadPurpose[purpose],
                content_types=list(media.CONTENT_TYPES),
                max_bytes=BigInt(media.MAX_BYTES),
                min_aspect_ratio=None,
                max_aspect_ratio=None,
            )
            for purpose in media.PURPOSES
        ],
    )
