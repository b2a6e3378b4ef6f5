"""Progress of the viewer's uploads."""

from collections.abc import AsyncGenerator
from functools import partial
from uuid import UUID

import strawberry

from core.ids import UploadId
from schema import nodes
from schema.context import Context
from schema.events import MediaEvent
from schema.fields import root
from schema.media_events import UploadFinishedEvent, UploadProgressEvent
from schema.uploads import Upload
from services import event_log
from services.event_log import LoggedEvent
from subscriptions import base
from subscriptions.base import Stream


@strawberry.type
class MediaSubscriptions:
    @root
    async def media_events(
        ctx: Context, *, upload_ids: list[strawberry.ID] | None = None, after: str | None = None
    ) -> AsyncGenerator[MediaEvent | None, None]:
        only = set(upload_ids) if upload_ids is not None else None
        stream = Stream("media", [event_log.media_topic(ctx.viewer.user_id)], partial(_present, only))
        return await base.events(ctx, stream, after)


async def _present(
    only: set[strawberry.ID] | None, ctx: Context, logged: LoggedEvent, cursor: str
) -> MediaEvent | None:
    upload_id = UploadId(UUID(logged.ids["user_id"]), UUID(logged.ids["upload_id"]))
    if only is not None and str(upload_id) not in only:
        return None
    upload = await nodes.one(ctx, upload_id, Upload)
    if upload is None:
        return None
    is_over = logged.event in {"UploadFinished", "UploadDropped"}
    kind = UploadFinishedEvent if is_over else UploadProgressEvent
    return kind(cursor=cursor, occurred_at=logged.at, upload=upload)
