"""Uploads as clients make them: announced, sent to a signed address, completed, looked at."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from aperture.worker import job_context
from core.backends import Backends
from core.ids import UploadId, new_uuid
from core.settings import Settings
from core.viewer import Viewer
from jobs.base import JobContext
from services.media import completing
from tests.client import Client, call, mutation
from tests.factories import media as make
from tests.factories.people import person
from tests.factories.sessions import account, enter
from tests.jobs.parts import later

PARTS = "number byteOffset byteLength isReceived method url headers { name value } expiresAt"
UPLOAD = f"""id state purpose fileName contentType byteSize receivedBytes createdAt expiresAt
    parts {{ {PARTS} }} missing: parts(missingOnly: true) {{ number }}
    progress {{ stage fraction }} failure {{ code message }} media {{ __typename id status }}"""
ERRORS = """errors { __typename code message path isRetryable
    ... on MediaError { upload { id state } } ... on ValidationError { constraint limit } }"""
ANSWER = f"upload {{ {UPLOAD} }} {ERRORS}"
BEGIN = mutation("beginUpload", ANSWER)
COMPLETE = mutation("completeUpload", ANSWER)
CANCEL = mutation("cancelUpload", ANSWER)
IMAGE = """query ($id: ID!) { node(id: $id) { ... on Image {
    id status width height aspectRatio altText blurhash placeholderUrl dominantColor urlsExpireAt
    url thumbnail: url(size: THUMBNAIL, format: JPEG) original: url(size: ORIGINAL) srcSet
    variants { size format url width height byteSize }
} } }"""
NODE = "query ($id: ID!) { node(id: $id) { __typename id } }"
UNUSED = """query ($first: Int, $after: String, $states: [UploadState!]) { viewer {
    uploads(first: $first, after: $after, states: $states) { nodes { id } pageInfo { endCursor hasNextPage } }
} }"""
READ = f"query ($id: ID!) {{ node(id: $id) {{ ... on Upload {{ {UPLOAD} }} }} }}"
PHOTO = make.PHOTO


@pytest.fixture
async def ana(backends: Backends) -> Viewer:
    return Viewer(id=await account(backends.db))


@pytest.fixture
async def client(api: Client, backends: Backends, ana: Viewer) -> Client:
    """Ana's client."""
    return api.signed_in((await enter(backends, ana.user_id)).access_token)


@pytest.fixture
async def worker(config: Settings) -> AsyncIterator[JobContext]:
    async with job_context(config) as ctx:
        yield ctx


def photo(data: bytes = PHOTO, **changes: Any) -> dict[str, Any]:
    told = {"purpose": "POST", "contentType": "image/jpeg", "byteSize": len(data), "width": 400, "height": 300}
    return told | changes


async def done(client: Client, document: str, **input: Any) -> Any:
    payload = await call(client, document, **input)
    assert payload["errors"] == []
    return payload["upload"]


async def send(client: Client, upload: Any, data: bytes = PHOTO, **headers: str) -> int:
    """Send the bytes as the first part says; answers the status."""
    (part,) = upload["parts"]
    told = {header["name"]: header["value"] for header in part["headers"]} | headers
    answer = await client.http.request(part["method"], part["url"], content=data, headers=told)
    return answer.status_code


async def sent(client: Client, **changes: Any) -> Any:
    upload = await done(client, BEGIN, **photo(**changes))
    assert await send(client, upload) == 200
    return upload


def codes(payload: Any) -> list[tuple[str, str, list[str] | None]]:
    return [(error["__typename"], error["code"], error["path"]) for error in payload["errors"]]


async def test_a_photo_goes_from_announcement_to_addresses_that_work(client: Client, worker: JobContext) -> None:
    begun = await done(client, BEGIN, **photo(sha256=make.digest(PHOTO), fileName="Sea.jpg"))
    assert (begun["state"], begun["fileName"], begun["receivedBytes"]) == ("OPEN", "Sea.jpg", 0)
    assert (begun["media"], begun["progress"], begun["failure"]) == (None, None, None)
    (part,) = begun["parts"]
    assert (part["number"], part["byteOffset"], part["byteLength"]) == (1, 0, len(PHOTO))

    assert await send(client, begun) == 200
    completed = await done(client, COMPLETE, uploadId=begun["id"])
    assert (completed["state"], completed["receivedBytes"], completed["parts"]) == ("PROCESSING", len(PHOTO), [])
    assert completed["progress"] == {"stage": "QUEUED", "fraction": 0}
    await make.settle(worker)

    image = (await client.ask(IMAGE, id=completed["media"]["id"]))["node"]
    assert (image["status"], image["width"], image["height"]) == ("READY", 400, 300)
    assert image["aspectRatio"] == pytest.approx(4 / 3)
    assert image["urlsExpireAt"] is not None
    sizes = {(file["size"], file["format"]) for file in image["variants"]}
    both = {(size, kind) for size in ("THUMBNAIL", "GRID", "SMALL") for kind in ("JPEG", "WEBP")}
    assert sizes == both | {("ORIGINAL", "JPEG")}
    for file in image["variants"]:
        answer = await client.http.get(file["url"])
        assert (answer.status_code, len(answer.content)) == (200, file["byteSize"])
        assert answer.headers["content-type"] == f"image/{file['format'].lower()}"
    assert image["srcSet"].count(" 320w, ") == 1
    assert image["original"] == next(file["url"] for file in image["variants"] if file["size"] == "ORIGINAL")


async def test_an_address_stays_the_same_for_a_while_and_then_runs_out(client: Client, worker: JobContext) -> None:
    upload = await sent(client)
    await done(client, COMPLETE, uploadId=upload["id"])
    await make.settle(worker)
    media_id = (await done(client, COMPLETE, uploadId=upload["id"]))["media"]["id"]
    first = (await client.ask(IMAGE, id=media_id))["node"]

    with later(600):
        assert (await client.http.get(first["url"])).status_code == 403
        again = (await client.ask(IMAGE, id=media_id))["node"]
        assert again["url"] != first["url"]
        assert (await client.ask(IMAGE, id=media_id))["node"]["url"] == again["url"]
        assert (await client.http.get(again["url"])).status_code == 200


async def test_a_public_picture_has_lasting_addresses(client: Client, worker: JobContext, ana: Viewer) -> None:
    upload = await sent(client)
    await done(client, COMPLETE, uploadId=upload["id"])
    upload_id = UploadId.parse(upload["id"])
    await make.settle(worker)
    await make.published(worker.db, ana, upload_id)
    await make.settle(worker)

    image = (await Client(client.http).ask(IMAGE, id=str(make.media_id(upload_id))))["node"]

    assert image["urlsExpireAt"] is None
    for file in image["variants"]:
        answer = await client.http.get(file["url"])
        assert (answer.status_code, len(answer.content)) == (200, file["byteSize"])
        assert "immutable" in answer.headers["cache-control"]


async def test_the_best_format_is_what_the_request_accepts(client: Client, worker: JobContext) -> None:
    upload = await sent(client)
    await done(client, COMPLETE, uploadId=upload["id"])
    await make.settle(worker)
    image_id = (await done(client, COMPLETE, uploadId=upload["id"]))["media"]["id"]
    kinds = []

    for accept in ("application/json", "application/json, image/webp"):
        body = {"query": "query ($id: ID!) { node(id: $id) { ... on Image { url } } }", "variables": {"id": image_id}}
        headers = {"authorization": f"Bearer {client.token}", "accept": accept}
        answer = (await client.http.post("/graphql", json=body, headers=headers)).json()
        kinds.append((await client.http.get(answer["data"]["node"]["url"])).headers["content-type"])

    assert kinds == ["image/jpeg", "image/webp"]


async def test_completing_again_changes_nothing(client: Client, worker: JobContext) -> None:
    upload = await sent(client)
    first = await done(client, COMPLETE, uploadId=upload["id"])

    assert await done(client, COMPLETE, uploadId=upload["id"]) == first
    await make.settle(worker)
    await done(client, COMPLETE, uploadId=upload["id"])

    assert (await make.events_of(worker.db, UploadId.parse(upload["id"]))).count("UploadCompleted") == 1


async def test_completing_at_the_same_time_happens_once(client: Client, backends: Backends) -> None:
    upload = await sent(client)

    await asyncio.gather(*(done(client, COMPLETE, uploadId=upload["id"]) for _ in range(4)))

    assert await make.events_of(backends.db, UploadId.parse(upload["id"])) == ["UploadCompleted"]


async def test_nothing_is_complete_before_its_bytes_came(client: Client) -> None:
    upload = await done(client, BEGIN, **photo())

    payload = await call(client, COMPLETE, uploadId=upload["id"])

    assert codes(payload) == [("MediaError", "MEDIA_NOT_READY", None)]
    assert payload["errors"][0]["isRetryable"]
    assert payload["errors"][0]["upload"] == {"id": upload["id"], "state": "OPEN"}


async def test_an_upload_of_another_person_does_not_exist(client: Client, backends: Backends) -> None:
    bea = await person(backends.db, "bea")
    upload_id = str(await make.sent(backends, bea))

    for document in (COMPLETE, CANCEL):
        for each in (upload_id, "upl_garbage", str(UploadId(bea.user_id, new_uuid()))):
            assert [code[:2] for code in codes(await call(client, document, uploadId=each))] == [
                ("NotFoundError", "NOT_FOUND")
            ]
    assert (await client.ask(NODE, id=upload_id))["node"] is None
    assert (await make.upload_row(backends.db, UploadId.parse(upload_id))).state == "OPEN"


async def test_without_a_session_nothing_is_announced(api: Client) -> None:
    assert await api.refusal(BEGIN, input=photo()) == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"contentType": "application/pdf"}, ("ValidationError", "INVALID", ["input", "contentType"])),
        ({"byteSize": 15_000_001}, ("ValidationError", "OUT_OF_RANGE", ["input", "byteSize"])),
        ({"byteSize": 0}, ("ValidationError", "OUT_OF_RANGE", ["input", "byteSize"])),
        ({"width": None}, ("ValidationError", "REQUIRED", ["input", "width"])),
        ({"height": 16_001, "width": 1}, ("ValidationError", "OUT_OF_RANGE", ["input", "height"])),
        ({"height": 9_000, "width": 9_000}, ("ValidationError", "OUT_OF_RANGE", ["input", "width"])),
        ({"sha256": "0" * 63}, ("ValidationError", "BAD_FORMAT", ["input", "sha256"])),
        ({"fileName": "a\0b.jpg"}, ("ValidationError", "BAD_FORMAT", ["input", "fileName"])),
        ({"fileName": "a" * 256}, ("ValidationError", "TOO_LONG", ["input", "fileName"])),
    ],
)
async def test_a_file_that_could_not_be_used_is_not_announced(
    client: Client, change: dict[str, Any], error: tuple[str, str, list[str]]
) -> None:
    payload = await call(client, BEGIN, **photo(**change))

    assert codes(payload) == [error]
    assert payload["upload"] is None


async def test_the_largest_file_is_announced(client: Client) -> None:
    upload = await done(client, BEGIN, **photo(byteSize=15_000_000, fileName="😀" * 255))

    assert upload["byteSize"] == 15_000_000


async def test_only_the_announced_bytes_are_taken(client: Client, backends: Backends) -> None:
    upload = await done(client, BEGIN, **photo(sha256=make.digest(PHOTO)))

    statuses = [
        await send(client, upload, PHOTO + b"\0"),
        await send(client, upload, PHOTO[:-1]),
        await send(client, upload, PHOTO[:-1] + b"\0"),
        await send(client, upload, PHOTO, **{"Content-Type": "image/png"}),
    ]

    assert statuses == [413, 400, 400, 403]
    assert await make.keys_in(backends.store) == []
    payload = await call(client, COMPLETE, uploadId=upload["id"])
    assert codes(payload) == [("MediaError", "MEDIA_NOT_READY", None)]


async def test_bytes_that_differ_from_the_announced_ones_fail_the_upload_for_good(
    client: Client, backends: Backends, ana: Viewer
) -> None:
    upload_id = await make.begun(backends.db, ana, sha256=make.digest(PHOTO))
    key = (await make.upload_row(backends.db, upload_id)).storage_key
    await backends.store.put(key, PHOTO[:-1] + b"\0", "image/jpeg")

    failed = await done(client, COMPLETE, uploadId=str(upload_id))
    again = await call(client, COMPLETE, uploadId=str(upload_id))

    assert (failed["state"], failed["failure"]["code"]) == ("FAILED", "CHECKSUM")
    assert codes(again) == [("MediaError", "MEDIA_REJECTED", None)]
    assert again["errors"][0]["upload"]["state"] == "FAILED"
    assert (await make.upload_row(backends.db, upload_id)).failure_code == "CHECKSUM"


async def test_a_picture_that_is_none_says_why(client: Client, worker: JobContext) -> None:
    pdf = b"%PDF-1.7\n" + bytes(300)
    upload = await done(client, BEGIN, **photo(pdf))
    await send(client, upload, pdf)
    await done(client, COMPLETE, uploadId=upload["id"])
    await make.settle(worker)

    payload = await call(client, COMPLETE, uploadId=upload["id"])

    assert codes(payload) == [("MediaError", "MEDIA_REJECTED", None)]
    node = (await client.ask(READ, id=upload["id"]))["node"]
    assert (node["state"], node["failure"]["code"], node["media"]["status"]) == ("FAILED", "TYPE", "FAILED")


async def test_a_key_makes_announcing_happen_once(client: Client) -> None:
    told = photo(idempotencyKey="key-of-one-photo")

    first, again = [await done(client, BEGIN, **told) for _ in range(2)]
    other = await call(client, BEGIN, **told | {"width": 401})

    assert again["id"] == first["id"]
    assert [code for _, code, _ in codes(other)] == ["IDEMPOTENCY_MISMATCH"]
    assert (await done(client, BEGIN, **photo()))["id"] != first["id"]


async def test_a_file_sent_before_is_not_sent_again(client: Client, worker: JobContext, ana: Viewer) -> None:
    kept = await make.ready(worker, ana)

    upload = await done(client, BEGIN, **photo(sha256=make.digest(PHOTO)))
    for_another_purpose = await done(client, BEGIN, **photo(sha256=make.digest(PHOTO), purpose="AVATAR"))
    await worker.db.write(lambda tx: completing.cancel_upload(tx, ana, kept))
    await make.settle(worker)

    assert (upload["state"], upload["receivedBytes"], upload["parts"]) == ("PROCESSING", len(PHOTO), [])
    assert for_another_purpose["state"] == "OPEN"
    assert (await make.upload_row(worker.db, UploadId.parse(upload["id"]))).state == "READY"


async def test_the_file_of_another_person_is_sent_all_the_same(
    client: Client, worker: JobContext, backends: Backends
) -> None:
    await make.ready(worker, await person(backends.db, "bea"))

    assert (await done(client, BEGIN, **photo(sha256=make.digest(PHOTO))))["state"] == "OPEN"


async def test_missing_parts_are_signed_anew_until_they_came(client: Client) -> None:
    upload = await done(client, BEGIN, **photo())
    assert (len(upload["missing"]), upload["parts"][0]["isReceived"]) == (1, False)

    await send(client, upload)

    found = (await client.ask(READ, id=upload["id"]))["node"]
    assert (found["state"], found["missing"], found["receivedBytes"]) == ("OPEN", [], len(PHOTO))
    assert found["parts"][0]["isReceived"]


async def test_a_signature_runs_out(client: Client) -> None:
    upload = await done(client, BEGIN, **photo())

    with later(901):
        assert await send(client, upload) == 403


async def test_calling_off_deletes_the_bytes(client: Client, worker: JobContext) -> None:
    upload = await sent(client)

    first, again = [await done(client, CANCEL, uploadId=upload["id"]) for _ in range(2)]
    await make.settle(worker)

    assert first["state"] == again["state"] == "CANCELLED"
    assert await make.keys_in(worker.store) == []
    assert codes(await call(client, COMPLETE, uploadId=upload["id"])) == [("MediaError", "MEDIA_REJECTED", None)]


async def test_a_used_upload_is_not_called_off(client: Client, backends: Backends, ana: Viewer) -> None:
    upload_id = await make.begun(backends.db, ana)
    await make.published(backends.db, ana, upload_id)

    payload = await call(client, CANCEL, uploadId=str(upload_id))

    assert codes(payload) == [("ValidationError", "INVALID", ["input", "uploadId"])]
    assert (await make.upload_row(backends.db, upload_id)).state == "OPEN"


async def test_uploads_not_used_yet_are_listed_newest_first(client: Client, backends: Backends, ana: Viewer) -> None:
    made = [await make.begun(backends.db, ana) for _ in range(4)]
    await make.begun(backends.db, await person(backends.db, "bea"))
    await make.published(backends.db, ana, made[0])
    await backends.db.write(lambda tx: completing.cancel_upload(tx, ana, made[1]))

    first = (await client.ask(UNUSED, first=2))["viewer"]["uploads"]
    rest = (await client.ask(UNUSED, after=first["pageInfo"]["endCursor"]))["viewer"]["uploads"]
    still_open = (await client.ask(UNUSED, states=["OPEN"]))["viewer"]["uploads"]

    assert [node["id"] for node in first["nodes"] + rest["nodes"]] == [str(each) for each in reversed(made[1:])]
    assert (first["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (True, False)
    assert len(still_open["nodes"]) == 2


async def test_without_its_store_uploads_are_announced_but_not_completed(client: Client, config: Settings) -> None:
    upload = await sent(client)
    objects = make.folder_of(config)
    objects.rename(objects.with_name("elsewhere"))
    objects.touch()

    assert (await done(client, BEGIN, **photo()))["state"] == "OPEN"
    payload = await call(client, COMPLETE, uploadId=upload["id"])
    assert [error["code"] for error in payload["errors"]] == ["UNAVAILABLE"]
    assert payload["errors"][0]["isRetryable"]

    objects.unlink()
    objects.with_name("elsewhere").rename(objects)
    assert (await done(client, COMPLETE, uploadId=upload["id"]))["state"] == "PROCESSING"
