"""Uploads on any step of their way, made by the verbs themselves."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from core import clock
from core.backends import Backends
from core.db import Database, Write
from core.events import Event
from core.ids import MediaId, PostId, UploadId, new_uuid
from core.settings import Settings
from core.storage.keys import Area
from core.storage.port import ObjectStore
from core.viewer import Viewer
from jobs.base import JobContext
from jobs.media import rendering
from jobs.relay import by_name
from jobs.routes import ROUTES
from jobs.tasks import handle
from models.media import Media, Upload
from models.posts import Post
from services import outbox, posts, tasks
from services.media import Attachment, announcing, completing, sweeping
from services.media.announcing import Announcement
from services.media.processing import Rendered
from services.outbox import Route
from services.posts import PostDraft
from tests import pictures

PHOTO = pictures.jpeg()


def digest(data: bytes) -> str:
    """The checksum as clients write it."""
    return hashlib.sha256(data).hexdigest()


def announced(data: bytes = PHOTO, **changes: Any) -> Announcement:
    """A JPEG for a post, told truly."""
    told = {"purpose": "POST", "content_type": "image/jpeg", "byte_size": len(data), "width": 400, "height": 300}
    return Announcement(**told | changes)  # type: ignore[arg-type]


async def begun(db: Database, viewer: Viewer, data: bytes = PHOTO, **changes: Any) -> UploadId:
    """An upload whose bytes are missing."""
    upload_id, told = UploadId(viewer.user_id, new_uuid()), announced(data, **changes)
    return await db.write(lambda tx: announcing.begin_upload(tx, viewer, upload_id, told))


async def sent(backends: Backends | JobContext, viewer: Viewer, data: bytes = PHOTO, **changes: Any) -> UploadId:
    """An upload whose bytes have arrived, told by nobody."""
    upload_id = await begun(backends.db, viewer, data, **changes)
    row = await upload_row(backends.db, upload_id)
    await backends.store.put(row.storage_key, data, row.content_type)
    return upload_id


async def completed(backends: Backends | JobContext, viewer: Viewer, data: bytes = PHOTO, **changes: Any) -> UploadId:
    """An upload that waits for the worker."""
    upload_id = await sent(backends, viewer, data, **changes)
    await complete(backends, viewer, upload_id)
    return upload_id


async def complete(backends: Backends | JobContext, viewer: Viewer, upload_id: UploadId) -> None:
    """What `completeUpload` does."""
    arrived = await backends.store.head((await upload_row(backends.db, upload_id)).storage_key)
    await backends.db.write(lambda tx: completing.complete_upload(tx, viewer, upload_id, arrived))


async def ready(ctx: JobContext, viewer: Viewer, data: bytes = PHOTO, **changes: Any) -> UploadId:
    """An upload that can be used."""
    upload_id = await completed(ctx, viewer, data, **changes)
    await settle(ctx)
    assert (await upload_row(ctx.db, upload_id)).state == "READY"
    return upload_id


async def published(db: Database, viewer: Viewer, *uploads: UploadId | Attachment, **draft: Any) -> PostId:
    """A post of these uploads, which waits for those that are not ready."""
    used = [each if isinstance(each, Attachment) else Attachment(each) for each in uploads]
    post = PostDraft("CAROUSEL" if len(used) > 1 else "PHOTO", used, **draft)
    return await db.write(lambda tx: posts.create_post(tx, viewer, post))


async def settle(ctx: JobContext) -> None:
    """Let the worker do all that follows from what happened, and from that, until nothing is left to do."""
    names = {event.__name__: [Route(each.name, each.queue) for each in found] for event, found in ROUTES.items()}
    while made := await ctx.db.write(lambda tx: outbox.relay_batch(tx, names, 100)):
        for task_id, _ in made:
            await handle(ctx, by_name(ROUTES), task_id)
    async with ctx.db.reading(fresh=True) as db:
        assert await tasks.counts(db) == (0, 0)


async def settle_at_last(ctx: JobContext) -> None:
    """As `settle`, for work that fails until its tries run out."""
    names = {event.__name__: [Route(each.name, each.queue) for each in found] for event, found in ROUTES.items()}
    for minute in range(rendering.TRIES + 1):
        with clock.frozen(clock.now() + timedelta(minutes=2 * minute)):
            await ctx.db.write(lambda tx: outbox.relay_batch(tx, names, 100))
            async with ctx.db.reading(fresh=True) as db:
                due = await tasks.due(db, by_name(ROUTES), 100, without_hints=True)
            for task_id in due:
                await handle(ctx, by_name(ROUTES), task_id)
    await settle(ctx)


async def post_status(db: Database, post_id: PostId) -> str:
    """What became of a post."""
    own = (Post.author_id == post_id.author_id, Post.id == post_id.id)
    async with db.reading(fresh=True) as read:
        return str(await read.scalar(select(Post.status).where(*own)))


async def upload_row(db: Database, upload_id: UploadId) -> Any:
    """The row of an upload."""
    statement = select(*Upload.__table__.c)
    own = (Upload.user_id == upload_id.user_id, Upload.id == upload_id.id)
    async with db.reading(fresh=True) as read:
        return await read.first(statement.where(*own))


async def media_row(db: Database, upload_id: UploadId) -> Any:
    """The row of what is made of an upload."""
    statement = select(*Media.__table__.c)
    own = (Media.author_id == upload_id.user_id, Media.id == upload_id.id)
    async with db.reading(fresh=True) as read:
        return await read.first(statement.where(*own))


def media_id(upload_id: UploadId) -> MediaId:
    """The id of what is made of an upload."""
    return MediaId(upload_id.user_id, upload_id.id)


def folder_of(settings: Settings) -> Path:
    """Where the local store has its objects."""
    assert settings.storage_path is not None
    return settings.storage_path / "objects"


async def keys_in(store: ObjectStore, *areas: Area) -> list[str]:
    """All objects of some areas, of all by default."""
    found = []
    for area in areas or Area:
        async for page in sweeping.listed(store, f"{area}/"):
            found += [each.key for each in page]
    return found


async def events_of(db: Database, upload_id: UploadId) -> Sequence[str]:
    """The names of what was told of an upload, in order."""
    # Only `services.outbox` knows the class of this table.
    table = Upload.metadata.tables["outbox"]
    statement = select(table.c.event).where(table.c.payload["upload_id"].astext == str(upload_id.id))
    async with db.reading(fresh=True) as read:
        return await read.scalars(statement.order_by(table.c.id))


async def tell(db: Database, event: Event) -> None:
    """Commit a fact once more."""

    async def work(tx: Write) -> None:
        outbox.emit(tx, event)

    await db.write(work)


async def rendered(ctx: JobContext, upload_id: UploadId) -> Rendered:
    """What a worker holds in its hands before it makes the upload ready."""
    picture = await ctx.sandbox.render(PHOTO)
    return Rendered(picture, (0.5, 0.5), digest(PHOTO), [])


def contents(row: Any) -> dict[tuple[str, str], str]:
    """The last part of each key, which says the content, by size and format."""
    return {(file["size"], file["format"]): file["key"].rpartition("/")[2] for file in row.renditions}
