"""Using uploads in posts and profiles, and the files and addresses of a picture."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from core import clock
from core.backends import Backends
from core.db import Database
from core.errors import Invalid, MediaRefused, NotFound, Refusal
from core.ids import MediaId, PostId, UploadId, new_uuid
from core.imaging.pictures import ImageFormat, ImageSize
from core.viewer import Viewer
from services import media
from services.media import Attachment, addresses, completing, files, processing, records
from services.visibility.rows import MediaRow, RenditionRow
from tests.factories import media as make
from tests.factories.people import person

PATH = ("input", "content", "photo")
WEBP, JPEG = ImageFormat.WEBP, ImageFormat.JPEG


async def attach(db: Database, viewer: Viewer, *attachments: Attachment) -> bool:
    post_id = PostId(viewer.user_id, new_uuid())
    return await db.write(lambda tx: media.attach(tx, viewer, post_id, attachments))


async def refusal(db: Database, viewer: Viewer, *attachments: Attachment) -> Refusal:
    with pytest.raises(Refusal) as refused:
        await attach(db, viewer, *attachments)
    return refused.value


async def test_what_is_attached_keeps_its_place_its_words_and_its_focal_point(db: Database, ana: Viewer) -> None:
    first, second = await make.begun(db, ana), await make.begun(db, ana)

    is_ready = await attach(db, ana, Attachment(second, "The sea", (0.2, 0.8)), Attachment(first))

    rows = [await make.media_row(db, each) for each in (second, first)]
    assert not is_ready
    assert [(row.position, row.alt_text) for row in rows] == [(0, "The sea"), (1, None)]
    assert [(row.focal_x, row.focal_y) for row in rows] == [(0.2, 0.8), (0.5, 0.5)]
    assert len({row.post_id for row in rows}) == 1
    assert (await make.upload_row(db, first)).used_at is not None


async def test_uploads_of_others_and_unknown_ones_are_not_found(db: Database, ana: Viewer) -> None:
    others = await make.begun(db, await person(db, "bea"))
    unknown = UploadId(ana.user_id, new_uuid())

    for each in (others, unknown):
        refused = await refusal(db, ana, Attachment(each, path=PATH))
        assert isinstance(refused, NotFound)
        assert (refused.path, refused.id) == ((*PATH, "uploadId"), str(each))


async def test_an_upload_is_used_once(db: Database, ana: Viewer) -> None:
    upload_id = await make.begun(db, ana)
    twice = await refusal(db, ana, Attachment(upload_id), Attachment(upload_id, path=PATH))
    assert isinstance(twice, Invalid)
    assert twice.path == (*PATH, "uploadId")
    assert (await make.upload_row(db, upload_id)).used_at is None

    await attach(db, ana, Attachment(upload_id))

    assert isinstance(await refusal(db, ana, Attachment(upload_id)), Invalid)


async def test_a_profile_picture_is_no_picture_of_a_post(db: Database, ana: Viewer) -> None:
    assert isinstance(await refusal(db, ana, Attachment(await make.begun(db, ana, purpose="AVATAR"))), Invalid)


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED", "EXPIRED"])
async def test_an_upload_that_has_ended_cannot_be_used(backends: Backends, ana: Viewer, state: str) -> None:
    db = backends.db
    upload_id = await make.completed(backends, ana)
    if state == "FAILED":
        await db.write(lambda tx: processing.fail(tx, upload_id, "DAMAGED"))
    elif state == "CANCELLED":
        await db.write(lambda tx: completing.cancel_upload(tx, ana, upload_id))
    else:
        with clock.frozen(clock.now() + timedelta(days=2)):
            await db.write(lambda tx: completing.expire_upload(tx, upload_id))

    refused = await refusal(db, ana, Attachment(upload_id))

    assert isinstance(refused, MediaRefused)
    assert (refused.code, refused.upload_id) == ("MEDIA_REJECTED", (upload_id.user_id, upload_id.id))


async def test_a_profile_picture_must_be_a_ready_one_of_ones_own(backends: Backends, ana: Viewer) -> None:
    db = backends.db
    others = await make.begun(db, await person(db, "bea"), purpose="AVATAR")
    waiting = await make.completed(backends, ana, purpose="AVATAR")
    of_a_post = await make.begun(db, ana)
    kinds = []

    for each in (others, waiting, of_a_post):
        with pytest.raises(Refusal) as refused:
            await db.write(partial(media.claim_avatar, viewer=ana, upload_id=each))
        kinds.append((refused.value.code, refused.value.path))

    path = ("input", "avatarUploadId")
    assert kinds == [("NOT_FOUND", path), ("MEDIA_NOT_READY", path), ("INVALID", path)]
    assert await db.write(lambda tx: media.claim_avatar(tx, ana, None)) is None


async def test_an_ended_upload_stays_as_it_ended(backends: Backends, ana: Viewer) -> None:
    db, upload_id = backends.db, await make.completed(backends, ana)
    await db.write(lambda tx: processing.fail(tx, upload_id, "DAMAGED"))

    await db.write(lambda tx: processing.fail(tx, upload_id, "INTERNAL"))
    await db.write(lambda tx: completing.cancel_upload(tx, ana, upload_id))
    with clock.frozen(clock.now() + timedelta(days=2)):
        await db.write(lambda tx: completing.expire_upload(tx, upload_id))

    row = await make.upload_row(db, upload_id)
    assert (row.state, row.failure_code) == ("FAILED", "DAMAGED")


async def test_what_is_processed_for_a_day_is_given_up(backends: Backends, ana: Viewer) -> None:
    db, upload_id = backends.db, await make.completed(backends, ana)
    await attach(db, ana, Attachment(upload_id))

    with clock.frozen(clock.now() + timedelta(days=2)):
        async with db.reading() as read:
            assert await completing.find_overdue(read, 10) == [upload_id]
        await db.write(lambda tx: completing.expire_upload(tx, upload_id))

    upload, row = await make.upload_row(db, upload_id), await make.media_row(db, upload_id)
    assert (upload.state, upload.failure_code, row.status) == ("FAILED", "INTERNAL", "FAILED")


async def test_time_ends_nothing_early(db: Database, ana: Viewer) -> None:
    upload_id = await make.begun(db, ana)

    await db.write(lambda tx: completing.expire_upload(tx, upload_id))
    async with db.reading() as read:
        assert await completing.find_overdue(read, 10) == []

    assert (await make.upload_row(db, upload_id)).state == "OPEN"


def picture(*sizes: ImageSize, is_public: bool = False) -> MediaRow:
    """A picture with these sizes in both formats, and `ORIGINAL` as JPEG alone."""
    owner = new_uuid()
    upload_id = UploadId(owner, new_uuid())
    made = [
        RenditionRow(size, kind, files.rendition_key(upload_id, f"{size}{kind}", kind.lower()), 100 * at, 100, 1)
        for at, size in enumerate(sizes, 1)
        for kind in (JPEG, WEBP)
        if (size, kind) != (ImageSize.ORIGINAL, WEBP)
    ]
    return MediaRow(
        id=MediaId(owner, upload_id.id),
        status="READY",
        width=100,
        height=100,
        alt_text=None,
        blurhash=None,
        dominant_color=None,
        placeholder=None,
        is_public=is_public,
        files=[file._asdict() for file in made],
    )


@pytest.mark.parametrize(
    ("size", "formats", "answer"),
    [
        (ImageSize.GRID, [WEBP, JPEG], (ImageSize.GRID, WEBP)),
        (ImageSize.FULL, [WEBP, JPEG], (ImageSize.SMALL, WEBP)),
        (ImageSize.ORIGINAL, [WEBP, JPEG], (ImageSize.ORIGINAL, JPEG)),
        (ImageSize.ORIGINAL, [WEBP], (ImageSize.SMALL, WEBP)),
        (ImageSize.THUMBNAIL, [JPEG], (ImageSize.THUMBNAIL, JPEG)),
    ],
)
def test_a_size_that_was_not_made_is_answered_by_the_nearest(
    size: ImageSize, formats: Sequence[ImageFormat], answer: tuple[ImageSize, ImageFormat]
) -> None:
    row = picture(ImageSize.THUMBNAIL, ImageSize.GRID, ImageSize.SMALL, ImageSize.ORIGINAL)

    found = addresses.best_file(row, size, formats)

    assert found is not None
    assert (found.size, found.format) == answer


def test_a_picture_without_files_has_no_address() -> None:
    row = picture()

    assert addresses.best_file(row, ImageSize.FEED, [WEBP, JPEG]) is None
    assert addresses.scaled_files(row, WEBP) == []
    assert addresses.good_until(row) is None


async def test_a_signed_address_is_good_for_as_long_as_is_said(backends: Backends) -> None:
    row, start = picture(ImageSize.GRID), datetime(2026, 3, 9, 12, tzinfo=UTC)
    seen = set()

    for seconds in range(0, 240, 30):
        with clock.frozen(start + timedelta(seconds=seconds)):
            seen.add(addresses.address(backends.store, row, row.renditions[0]))
            until = addresses.good_until(row)
            assert until is not None
            assert timedelta(minutes=6) <= until - clock.now() <= timedelta(minutes=8)

    assert len(seen) == 2


async def test_a_public_picture_has_one_address_for_ever(backends: Backends) -> None:
    row = picture(ImageSize.GRID, is_public=True)

    assert addresses.good_until(row) is None
    assert "/public/" in addresses.address(backends.store, row, row.renditions[0])


async def test_every_file_leads_back_to_its_upload(db: Database, ana: Viewer) -> None:
    upload_id = await make.begun(db, ana)
    keys = [
        files.incoming_key(upload_id),
        files.original_key(upload_id),
        files.rendition_key(upload_id, "0" * 64, "jpeg"),
    ]

    assert {files.upload_of(key) for key in keys} == {upload_id}
    assert files.upload_of("public/seed/picture.jpeg") is None
    async with db.reading() as read:
        record = await records.find(read, upload_id)
    assert files.unwanted(keys, record) == keys[2:]
    assert files.unwanted(keys, None) == keys
