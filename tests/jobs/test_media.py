"""Pictures from the last byte to the last copy: rendered once, shown to whom they may be, and gone when they should."""

import asyncio
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text

from core.events import UploadCompleted
from core.ids import UploadId
from core.storage.keys import Area
from core.viewer import Viewer
from jobs.base import JobContext
from jobs.media import sweeping as jobs
from services import posts, profiles
from services.media import Attachment, completing, files, processing, publishing, sweeping
from services.media.processing import Stage
from services.posts import PostDraft
from tests import pictures
from tests.factories import media as make
from tests.factories.people import person
from tests.jobs.parts import later
from tests.services.locks import until_somebody_waits

DAY = 86_400.0

_STICK = """do $$ begin
    create or replace function stick() returns trigger language plpgsql as 'begin raise division_by_zero; end';
    create trigger stick before update on uploads for each row when (old.id = '{upload}') execute function stick();
end $$"""


async def test_a_photo_becomes_ready_in_every_size_and_its_original_is_kept(ctx: JobContext, ana: Viewer) -> None:
    photo = pictures.jpeg_of_a_phone()
    upload_id = await make.completed(ctx, ana, photo, sha256=make.digest(photo))

    await make.settle(ctx)

    upload, row = await make.upload_row(ctx.db, upload_id), await make.media_row(ctx.db, upload_id)
    assert (upload.state, upload.stage, upload.failure_code, upload.received_bytes) == ("READY", None, None, len(photo))
    assert (row.status, row.width, row.height) == ("READY", 300, 400)
    assert len(row.blurhash) == 28
    assert row.dominant_color.startswith("#")
    assert row.placeholder.startswith("data:")
    kept = await make.keys_in(ctx.store)
    assert kept == sorted([row.original_key, *{file["key"] for file in row.renditions}])
    assert {file["size"] for file in row.renditions} == {"THUMBNAIL", "GRID", "ORIGINAL"}


async def test_what_is_served_says_nothing_of_place_and_device(ctx: JobContext, ana: Viewer, tmp_path: Path) -> None:
    upload_id = await make.ready(ctx, ana, pictures.jpeg_of_a_phone())

    for file in (await make.media_row(ctx.db, upload_id)).renditions:
        await ctx.store.get_to(file["key"], tmp_path / "file")
        assert b"Lookhere" not in (tmp_path / "file").read_bytes()
        assert (tmp_path / "file").stat().st_size == file["byte_size"]


async def test_progress_is_told_forwards_only(ctx: JobContext, ana: Viewer) -> None:
    upload_id = await make.ready(ctx, ana)

    told = await make.events_of(ctx.db, upload_id)

    assert told == ["UploadCompleted", *["UploadProgressed"] * 3, "UploadFinished"]


async def test_a_later_stage_is_never_followed_by_an_earlier_one(ctx: JobContext, ana: Viewer) -> None:
    upload_id = await make.completed(ctx, ana)

    stages: list[Stage] = ["RENDERING", "INSPECTING", "RENDERING"]
    for stage in stages:
        await ctx.db.write(partial(processing.advance, upload_id=upload_id, stage=stage))

    upload = await make.upload_row(ctx.db, upload_id)
    assert (upload.stage, upload.fraction) == ("RENDERING", processing.FRACTIONS["RENDERING"])
    assert await make.events_of(ctx.db, upload_id) == ["UploadCompleted", "UploadProgressed"]


async def test_a_repeated_job_changes_nothing(ctx: JobContext, ana: Viewer) -> None:
    upload_id = await make.ready(ctx, ana)
    before = await make.media_row(ctx.db, upload_id), await make.keys_in(ctx.store)

    await make.tell(ctx.db, UploadCompleted(user_id=upload_id.user_id, upload_id=upload_id.id))
    await make.settle(ctx)

    assert (await make.media_row(ctx.db, upload_id), await make.keys_in(ctx.store)) == before
    assert (await make.events_of(ctx.db, upload_id)).count("UploadFinished") == 1


@pytest.mark.parametrize("step", ["copied", "kept", "incoming gone"])
async def test_the_next_try_goes_on_where_a_killed_worker_stopped(ctx: JobContext, ana: Viewer, step: str) -> None:
    upload_id = await make.completed(ctx, ana)
    key = files.original_key(upload_id)
    await ctx.store.copy(files.incoming_key(upload_id), key)
    if step != "copied":
        await ctx.db.write(lambda tx: processing.keep_original(tx, upload_id, key))
    if step == "incoming gone":
        await ctx.store.delete([files.incoming_key(upload_id)])

    await make.settle(ctx)

    assert (await make.upload_row(ctx.db, upload_id)).state == "READY"
    assert await make.keys_in(ctx.store, Area.INCOMING) == []


@pytest.mark.parametrize(
    ("data", "declared", "code"),
    [
        (b"%PDF-1.7\n" + bytes(200), "image/jpeg", "TYPE"),
        (pictures.png(), "image/jpeg", "TYPE"),
        (pictures.truncated_jpeg(), "image/jpeg", "DAMAGED"),
        (pictures.png_bomb(), "image/png", "TOO_LARGE"),
        (pictures.jpeg_bomb(), "image/jpeg", "TOO_LARGE"),
    ],
)
async def test_what_cannot_be_used_fails_with_a_reason_and_leaves_no_bytes(
    ctx: JobContext, ana: Viewer, data: bytes, declared: str, code: str
) -> None:
    upload_id = await make.completed(ctx, ana, data, content_type=declared)

    await make.settle(ctx)

    upload = await make.upload_row(ctx.db, upload_id)
    assert (upload.state, upload.failure_code, upload.stage) == ("FAILED", code, None)
    assert (await make.media_row(ctx.db, upload_id)).status == "FAILED"
    assert await make.keys_in(ctx.store) == []


async def test_bytes_exchanged_after_completion_are_found_out(ctx: JobContext, ana: Viewer) -> None:
    other = pictures.jpeg()[:-1] + b"\0"
    upload_id = await make.completed(ctx, ana, sha256=make.digest(make.PHOTO))
    await ctx.store.put(files.incoming_key(upload_id), other, "image/jpeg")

    await make.settle(ctx)

    assert (await make.upload_row(ctx.db, upload_id)).failure_code == "CHECKSUM"


async def test_bytes_that_are_gone_fail_after_the_last_try(ctx: JobContext, ana: Viewer) -> None:
    upload_id = await make.completed(ctx, ana)
    await ctx.store.delete(await make.keys_in(ctx.store))

    await make.settle_at_last(ctx)

    upload = await make.upload_row(ctx.db, upload_id)
    assert (upload.state, upload.failure_code) == ("FAILED", "INTERNAL")


async def test_an_upload_called_off_while_it_is_processed_leaves_nothing(ctx: JobContext, ana: Viewer) -> None:
    upload_id = await make.completed(ctx, ana)
    await ctx.db.write(lambda tx: completing.cancel_upload(tx, ana, upload_id))

    await make.settle(ctx)

    assert (await make.upload_row(ctx.db, upload_id)).state == "CANCELLED"
    assert await make.media_row(ctx.db, upload_id) is None
    assert await make.keys_in(ctx.store) == []


async def test_a_post_publishes_itself_once_all_its_pictures_are_ready(ctx: JobContext, ana: Viewer) -> None:
    first, second = await make.sent(ctx, ana), await make.completed(ctx, ana)
    post_id = await make.published(ctx.db, ana, first, second)
    await make.settle(ctx)
    assert await make.post_status(ctx.db, post_id) == "PROCESSING"

    await make.complete(ctx, ana, first)
    await make.settle(ctx)

    assert await make.post_status(ctx.db, post_id) == "PUBLISHED"


async def test_a_post_fails_with_one_of_its_pictures(ctx: JobContext, ana: Viewer) -> None:
    good, bad = await make.ready(ctx, ana), await make.completed(ctx, ana, pictures.truncated_jpeg())
    post_id = await make.published(ctx.db, ana, good, bad)

    await make.settle(ctx)

    assert await make.post_status(ctx.db, post_id) == "FAILED"


@pytest.mark.parametrize("is_ready", [True, False])
async def test_a_focal_point_is_cut_around_whenever_it_is_given(
    ctx: JobContext, ana: Viewer, *, is_ready: bool
) -> None:
    centred = await make.media_row(ctx.db, await make.ready(ctx, ana))
    upload_id = await (make.ready if is_ready else make.completed)(ctx, ana)

    post_id = await make.published(ctx.db, ana, Attachment(upload_id, focal=(0.0, 0.5)))
    await make.settle(ctx)

    assert await make.post_status(ctx.db, post_id) == "PUBLISHED"
    row = await make.media_row(ctx.db, upload_id)
    assert make.contents(row)["THUMBNAIL", "JPEG"] != make.contents(centred)["THUMBNAIL", "JPEG"]
    assert make.contents(row)["GRID", "JPEG"] == make.contents(centred)["GRID", "JPEG"]
    own = [key for key in await make.keys_in(ctx.store, Area.PRIVATE) if files.upload_of(key) == upload_id]
    assert sorted(own) == sorted(file["key"] for file in row.renditions)


async def test_a_focal_point_chosen_while_it_is_rendered_counts(ctx: JobContext, ana: Viewer) -> None:
    upload_id = await make.completed(ctx, ana)
    rendered = await make.rendered(ctx, upload_id)
    await make.published(ctx.db, ana, Attachment(upload_id, focal=(0.0, 0.5)))

    assert not await ctx.db.write(lambda tx: processing.finish(tx, upload_id, rendered))

    assert (await make.upload_row(ctx.db, upload_id)).state == "PROCESSING"


async def test_a_picture_called_off_while_it_is_rendered_is_dropped(ctx: JobContext, ana: Viewer) -> None:
    upload_id = await make.completed(ctx, ana)
    rendered = await make.rendered(ctx, upload_id)
    await ctx.db.write(lambda tx: completing.cancel_upload(tx, ana, upload_id))

    assert not await ctx.db.write(lambda tx: processing.finish(tx, upload_id, rendered))

    assert (await make.upload_row(ctx.db, upload_id)).state == "CANCELLED"
    assert await make.media_row(ctx.db, upload_id) is None


async def test_a_picture_that_has_failed_stays_so(ctx: JobContext, ana: Viewer) -> None:
    upload_id = await make.completed(ctx, ana)
    rendered = await make.rendered(ctx, upload_id)
    await ctx.db.write(lambda tx: processing.fail(tx, upload_id, "INTERNAL"))

    assert not await ctx.db.write(lambda tx: processing.finish(tx, upload_id, rendered))

    assert (await make.upload_row(ctx.db, upload_id)).state == "FAILED"


async def test_a_focal_point_chosen_at_the_moment_of_the_end_counts(ctx: JobContext, ana: Viewer) -> None:
    upload_id = await make.completed(ctx, ana)
    rendered = await make.rendered(ctx, upload_id)
    async with ctx.db.transaction() as tx:
        await posts.create_post(tx, ana, PostDraft("PHOTO", [Attachment(upload_id, focal=(0.0, 0.5))]))
        finishing = asyncio.create_task(ctx.db.write(lambda it: processing.finish(it, upload_id, rendered)))
        await until_somebody_waits(ctx.db)

    assert not await finishing
    assert (await make.upload_row(ctx.db, upload_id)).state == "PROCESSING"


async def test_a_post_made_at_the_moment_its_picture_becomes_ready_is_published(ctx: JobContext, ana: Viewer) -> None:
    upload_id = await make.completed(ctx, ana)
    rendered = await make.rendered(ctx, upload_id)
    async with ctx.db.transaction() as tx:
        post_id = await posts.create_post(tx, ana, PostDraft("PHOTO", [Attachment(upload_id)]))
        finishing = asyncio.create_task(ctx.db.write(lambda it: processing.finish(it, upload_id, rendered)))
        await until_somebody_waits(ctx.db)

    assert await finishing
    await make.settle(ctx)
    assert await make.post_status(ctx.db, post_id) == "PUBLISHED"


@pytest.mark.parametrize(
    ("facts", "audience", "is_public"),
    [
        ({}, "PUBLIC", True),
        ({}, "FOLLOWERS", False),
        ({}, "CLOSE_FRIENDS", False),
        ({}, "ONLY_ME", False),
        ({"is_private": True}, "PUBLIC", False),
    ],
)
async def test_only_what_anybody_may_see_is_copied_to_where_anybody_may_fetch_it(
    ctx: JobContext, facts: dict[str, bool], audience: str, *, is_public: bool
) -> None:
    bea = await person(ctx.db, "bea", **facts)
    upload_id = await make.ready(ctx, bea)
    assert await make.keys_in(ctx.store, Area.PUBLIC) == []

    await make.published(ctx.db, bea, upload_id, audience=audience)
    await make.settle(ctx)

    row = await make.media_row(ctx.db, upload_id)
    copies = sorted(files.public_key(file["key"]) for file in row.renditions) if is_public else []
    assert (row.is_public, await make.keys_in(ctx.store, Area.PUBLIC)) == (is_public, copies)


async def test_copies_are_withdrawn_when_the_audience_narrows_and_return_when_it_widens(
    ctx: JobContext, ana: Viewer
) -> None:
    upload_id = await make.ready(ctx, ana)
    post_id = await make.published(ctx.db, ana, upload_id)
    await make.settle(ctx)

    audiences = ("FOLLOWERS", "PUBLIC", "CLOSE_FRIENDS", "ONLY_ME", "PUBLIC")
    for audience, is_public in ((each, each == "PUBLIC") for each in audiences):
        change = partial(posts.update_post, viewer=ana, post_id=post_id, changes={"audience": audience})
        await ctx.db.write(change)
        await make.settle(ctx)

        assert (await make.media_row(ctx.db, upload_id)).is_public is is_public
        assert bool(await make.keys_in(ctx.store, Area.PUBLIC)) is is_public
    assert await sweeping.consistency(ctx.db, ctx.store) == []


async def test_copies_left_by_a_try_that_broke_off_are_withdrawn(ctx: JobContext, ana: Viewer) -> None:
    upload_id = await make.ready(ctx, ana)
    post_id = await make.published(ctx.db, ana, upload_id)
    await make.settle(ctx)

    await ctx.db.write(partial(posts.update_post, viewer=ana, post_id=post_id, changes={"audience": "FOLLOWERS"}))
    broken_off = partial(publishing.mark, media_id=make.media_id(upload_id), is_public=False)
    assert await ctx.db.write(broken_off)
    await make.settle(ctx)

    assert await make.keys_in(ctx.store, Area.PUBLIC) == []


async def test_an_audience_that_changed_while_copies_were_made_counts(ctx: JobContext, ana: Viewer) -> None:
    upload_id = await make.ready(ctx, ana)
    await make.published(ctx.db, ana, upload_id, audience="FOLLOWERS")

    for is_public, is_true in ((True, False), (False, True)):
        mark = partial(publishing.mark, media_id=make.media_id(upload_id), is_public=is_public)
        assert await ctx.db.write(mark) is is_true

    assert not (await make.media_row(ctx.db, upload_id)).is_public


async def test_a_deleted_post_takes_its_files_and_rows_along(ctx: JobContext, ana: Viewer) -> None:
    upload_id, other = await make.ready(ctx, ana), await make.ready(ctx, ana)
    post_id = await make.published(ctx.db, ana, upload_id)
    await make.settle(ctx)

    await ctx.db.write(lambda tx: posts.delete_post(tx, ana, post_id))
    await make.settle(ctx)

    assert {files.upload_of(key) for key in await make.keys_in(ctx.store)} == {other}
    assert await make.media_row(ctx.db, upload_id) is None
    assert await make.upload_row(ctx.db, upload_id) is None


async def test_a_profile_picture_is_public_until_another_takes_its_place(ctx: JobContext, ana: Viewer) -> None:
    first, second = [await make.ready(ctx, ana, purpose="AVATAR") for _ in range(2)]

    for upload_id in (first, second):
        await ctx.db.write(partial(profiles.update_profile, viewer=ana, changes={"avatar_upload_id": upload_id}))
        await make.settle(ctx)

    assert {files.upload_of(key) for key in await make.keys_in(ctx.store, Area.PUBLIC)} == {second}
    with later(2 * DAY):
        await jobs.expire_uploads.work(ctx)
        await make.settle(ctx)
    assert {files.upload_of(key) for key in await make.keys_in(ctx.store)} == {second}


async def test_a_client_that_falls_silent_after_the_last_byte_is_completed(ctx: JobContext, ana: Viewer) -> None:
    upload_id, unsent = await make.sent(ctx, ana), await make.begun(ctx.db, ana)

    await jobs.complete_silent.work(ctx)
    assert (await make.upload_row(ctx.db, upload_id)).state == "OPEN"
    with later(120):
        await jobs.complete_silent.work(ctx)
        await jobs.complete_silent.work(ctx)
    await make.settle(ctx)

    assert (await make.upload_row(ctx.db, upload_id)).state == "READY"
    assert (await make.upload_row(ctx.db, unsent)).state == "OPEN"


async def test_uploads_nobody_uses_end_after_a_day_with_their_bytes(ctx: JobContext, ana: Viewer) -> None:
    unsent, unused = await make.begun(ctx.db, ana), await make.ready(ctx, ana)
    used = await make.ready(ctx, ana)
    await make.published(ctx.db, ana, used)

    with later(DAY + 60):
        await jobs.expire_uploads.work(ctx)
        await make.settle(ctx)

    states = [(await make.upload_row(ctx.db, each)).state for each in (unsent, unused, used)]
    assert states == ["EXPIRED", "EXPIRED", "READY"]
    assert {files.upload_of(key) for key in await make.keys_in(ctx.store)} == {used}


async def test_one_upload_that_cannot_be_swept_does_not_hold_up_the_others(ctx: JobContext, ana: Viewer) -> None:
    stuck, other = await make.begun(ctx.db, ana), await make.begun(ctx.db, ana)
    async with ctx.db.transaction() as tx:
        await tx.execute(text(_STICK.format(upload=stuck.id)))

    with later(DAY + 60):
        await jobs.expire_uploads.work(ctx)

    states = [(await make.upload_row(ctx.db, each)).state for each in (stuck, other)]
    async with ctx.db.transaction() as tx:
        await tx.execute(text("drop trigger stick on uploads"))
    assert states == ["OPEN", "EXPIRED"]


async def test_a_post_whose_bytes_never_come_fails(ctx: JobContext, ana: Viewer) -> None:
    unsent = await make.begun(ctx.db, ana)
    post_id = await make.published(ctx.db, ana, unsent)

    with later(DAY + 60):
        await jobs.expire_uploads.work(ctx)
        await make.settle(ctx)

    assert await make.post_status(ctx.db, post_id) == "FAILED"
    assert (await make.upload_row(ctx.db, unsent)).state == "EXPIRED"


async def test_objects_without_a_row_go_after_a_day(ctx: JobContext, ana: Viewer) -> None:
    upload_id = await make.ready(ctx, ana)
    wanted = await make.keys_in(ctx.store)
    lost = UploadId(ana.user_id, upload_id.user_id)
    orphans = [
        files.incoming_key(upload_id),
        files.original_key(lost),
        files.rendition_key(upload_id, "0" * 64, "webp"),
    ]
    for key in orphans:
        await ctx.store.put(key, b"lost", "image/webp")
    slice_of_ana = ana.user_id.bytes[-1]

    await jobs.sweep_slice(ctx, slice_of_ana)
    assert sorted(await make.keys_in(ctx.store)) == sorted([*wanted, *orphans])
    with later(DAY + 60):
        await jobs.sweep_slice(ctx, slice_of_ana)

    assert await make.keys_in(ctx.store) == wanted


async def test_a_file_that_is_missing_is_reported(ctx: JobContext, ana: Viewer) -> None:
    upload_id = await make.ready(ctx, ana)
    assert await sweeping.consistency(ctx.db, ctx.store) == []
    (key, *_) = await make.keys_in(ctx.store, Area.PRIVATE)

    await ctx.store.delete([key])

    (complaint,) = await sweeping.consistency(ctx.db, ctx.store)
    assert str(upload_id) in complaint
    assert key in complaint
