"""The port of object storage: the same promises of a local folder and of two programs that speak S3, each for its part.

rclone checks signatures and what they bind but knows no checksums; moto keeps checksums but checks no signature.
"""

import contextlib
import hashlib
import os
import secrets
import subprocess
import sysconfig
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer
from starlette.applications import Starlette
from starlette.routing import Route

from aperture.edge import Edge
from aperture.origins import Origins
from aperture.storage_routes import StoredFile, storage_routes
from core import clock
from core.errors import Unavailable
from core.settings import Settings
from core.storage import MissingObject, ObjectStore, open_store
from core.storage.keys import Area, area_of, in_area, require_key
from core.storage.local import LocalStorage
from core.storage.s3 import Bucket, S3Storage

ACCESS, SECRET = "an-access-key", "a-secret-of-tests"
BYTES = b"These are the bytes of a picture."
SHA256 = hashlib.sha256(BYTES).hexdigest()
PICTURE = f"2c/019a/{SHA256}.webp"
SOON = timedelta(minutes=15)


def fresh_key(area: Area) -> str:
    """A key that nothing else has."""
    return f"{area}/{secrets.token_hex(16)}"


@pytest.fixture(scope="session")
def rclone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an S3 server that checks signatures."""
    folder = tmp_path_factory.mktemp("rclone")
    (folder / "bucket").mkdir()
    program = f"{sysconfig.get_path('scripts')}/rclone"
    command = [program, "serve", "s3", "--auth-key", f"{ACCESS},{SECRET}", "--addr", "127.0.0.1:0", str(folder)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        started = next(line for line in process.stderr if "Starting s3 server on" in line)
        yield started.partition("[")[2].partition("]")[0].rstrip("/")
        process.terminate()


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """The address of an S3 server that keeps checksums."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    httpx2.put(f"http://{host}:{port}/bucket").raise_for_status()
    yield f"http://{host}:{port}"
    server.stop()


@contextlib.asynccontextmanager
async def s3(endpoint: str, secret: str = SECRET) -> AsyncIterator[S3Storage]:
    store = S3Storage(Bucket("bucket", "us-east-1", ACCESS, secret, endpoint, "path"))
    yield store
    await store.aclose()


@pytest.fixture
def local(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path / "store", "a secret of the tests", "http://aperture.test")


@pytest.fixture(params=["local", "rclone", "moto"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[ObjectStore]:
    if request.param == "local":
        yield request.getfixturevalue("local")
        return
    async with s3(request.getfixturevalue(request.param)) as opened:
        yield opened


@pytest.fixture(params=["local", "rclone"])
async def signing(request: pytest.FixtureRequest) -> AsyncIterator[tuple[ObjectStore, httpx2.AsyncClient]]:
    """A store that checks what it signs, and a stranger's HTTP client that reaches it."""
    if request.param == "local":
        store = request.getfixturevalue("local")
        transport = httpx2.ASGITransport(app=Starlette(routes=storage_routes(store)))
        async with httpx2.AsyncClient(transport=transport) as client:
            yield store, client
        return
    async with s3(request.getfixturevalue("rclone")) as opened, httpx2.AsyncClient() as client:
        yield opened, client


async def test_what_is_put_is_there(store: ObjectStore, tmp_path: Path) -> None:
    key = fresh_key(Area.ORIGINALS)

    put = await store.put(key, BYTES, "image/jpeg")

    assert (put.key, put.byte_size, put.content_type, put.sha256) == (key, len(BYTES), "image/jpeg", SHA256)
    head = await store.head(key)
    assert head
    assert (head.byte_size, head.content_type) == (len(BYTES), "image/jpeg")
    assert await store.get_to(key, tmp_path / "copy") == put
    assert (tmp_path / "copy").read_bytes() == BYTES


async def test_a_file_is_put_like_bytes(store: ObjectStore, tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(BYTES * 100_000)
    key = fresh_key(Area.PRIVATE)

    put = await store.put(key, tmp_path / "source", "image/png")

    assert await store.get_to(key, tmp_path / "copy") == put
    assert put.sha256 == hashlib.sha256(BYTES * 100_000).hexdigest()


async def test_putting_again_replaces(store: ObjectStore, tmp_path: Path) -> None:
    key = fresh_key(Area.PRIVATE)

    await store.put(key, b"before", "image/png")
    await store.put(key, BYTES, "image/jpeg")

    assert (await store.get_to(key, tmp_path / "copy")).sha256 == SHA256


async def test_a_copy_has_the_same_bytes_and_type(store: ObjectStore, tmp_path: Path) -> None:
    source, target = fresh_key(Area.INCOMING), fresh_key(Area.ORIGINALS)
    await store.put(source, BYTES, "image/webp")

    await store.copy(source, target)
    await store.delete([source])

    copied = await store.get_to(target, tmp_path / "copy")
    assert (copied.content_type, copied.sha256) == ("image/webp", SHA256)


async def test_what_is_missing_is_said_to_be_missing(store: ObjectStore, tmp_path: Path) -> None:
    key = fresh_key(Area.PRIVATE)

    assert await store.head(key) is None
    with pytest.raises(MissingObject):
        await store.get_to(key, tmp_path / "copy")
    with pytest.raises(MissingObject):
        await store.copy(key, fresh_key(Area.PRIVATE))


async def test_removing_twice_is_harmless(store: ObjectStore) -> None:
    gone, never, kept = (fresh_key(Area.PRIVATE) for _ in range(3))
    await store.put(gone, BYTES, "image/jpeg")
    await store.put(kept, BYTES, "image/jpeg")

    await store.delete([gone, never])
    await store.delete([gone])
    await store.delete([])

    assert await store.head(gone) is None
    assert await store.head(kept)


async def test_keys_are_listed_in_order_and_page_by_page(store: ObjectStore) -> None:
    folder = fresh_key(Area.PRIVATE)
    keys = sorted(f"{folder}/{name}" for name in ("a/2", "a/1", "a-b", "b", "a_/x.webp", "c"))
    for key in reversed(keys):
        await store.put(key, BYTES, "image/webp")

    first = await store.list_objects(f"{folder}/", limit=4)
    second = await store.list_objects(f"{folder}/", after=first[-1].key, limit=4)

    assert [it.key for it in first + second] == keys
    assert {it.byte_size for it in first} == {len(BYTES)}
    assert all(abs(it.stored_at - clock.machine_time()) < timedelta(minutes=5) for it in first)
    begun = await store.list_objects(f"{folder}/a")
    assert [it.key for it in begun] == [key for key in keys if "/a" in key[len(folder) :]]


@pytest.mark.parametrize(
    "key",
    [
        "",
        "public",
        "/etc/passwd",
        "public/../private/x",
        "public//x",
        "elsewhere/x",
        "public/x\n",
        "public/ü",
        "public/.x",
    ],
)
async def test_what_is_not_a_key_is_refused_everywhere(key: str, local: LocalStorage, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not a key"):
        await local.put(key, BYTES, "image/jpeg")
    with pytest.raises(ValueError, match="not a key"):
        await local.head(key)
    with pytest.raises(ValueError, match="not a key"):
        await local.get_to(key, tmp_path / "copy")
    with pytest.raises(ValueError, match="not a key"):
        await local.delete([key])
    with pytest.raises(ValueError, match="not a key"):
        local.sign_put(key, "image/jpeg", 1, None, SOON)
    with pytest.raises(ValueError, match="not a key"):
        local.sign_get(key, SOON)
    with pytest.raises(ValueError, match="not a key"):
        local.url(key)


def test_keys_say_their_area_and_never_repeat() -> None:
    assert area_of(fresh_key(Area.INCOMING)) is Area.INCOMING
    assert in_area(f"private/{PICTURE}", Area.PUBLIC) == f"public/{PICTURE}"
    assert require_key(f"private/{PICTURE}") == f"private/{PICTURE}"


async def test_a_signed_upload_stores_exactly_what_was_announced(
    signing: tuple[ObjectStore, httpx2.AsyncClient],
) -> None:
    store, client = signing
    key = fresh_key(Area.INCOMING)

    ticket = store.sign_put(key, "image/jpeg", len(BYTES), None, SOON)
    sent = await client.request(ticket.method, ticket.url, headers=ticket.headers, content=BYTES)

    assert sent.status_code == 200
    stored = await store.head(key)
    assert stored
    assert (stored.byte_size, stored.content_type) == (len(BYTES), "image/jpeg")


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (BYTES + b"!", {"Content-Type": "image/jpeg"}),
        (BYTES[:-1], {"Content-Type": "image/jpeg"}),
        (BYTES, {"Content-Type": "text/html"}),
        (BYTES, {}),
    ],
    ids=["longer", "shorter", "another type", "no type"],
)
async def test_anything_else_is_refused_and_not_stored(
    signing: tuple[ObjectStore, httpx2.AsyncClient], content: bytes, headers: dict[str, str]
) -> None:
    store, client = signing
    key = fresh_key(Area.INCOMING)

    ticket = store.sign_put(key, "image/jpeg", len(BYTES), None, SOON)
    sent = await client.put(ticket.url, headers=headers, content=content)

    assert sent.status_code in {400, 403, 413}
    assert await store.head(key) is None


async def test_a_forged_address_is_refused(signing: tuple[ObjectStore, httpx2.AsyncClient]) -> None:
    store, client = signing
    key, other = fresh_key(Area.INCOMING), fresh_key(Area.INCOMING)

    ticket = store.sign_put(key, "image/jpeg", len(BYTES), None, SOON)
    for forged in (ticket.url.replace(key, other), ticket.url[:-4] + "aaaa"):
        if forged != ticket.url:
            assert (await client.put(forged, headers=ticket.headers, content=BYTES)).status_code == 403

    assert await store.head(key) is None
    assert await store.head(other) is None


async def test_a_signed_address_reads_a_private_object(signing: tuple[ObjectStore, httpx2.AsyncClient]) -> None:
    store, client = signing
    key = fresh_key(Area.PRIVATE)
    await store.put(key, BYTES, "image/webp")

    read = await client.get(store.sign_get(key, SOON).url)

    assert read.content == BYTES
    assert read.headers["content-type"] == "image/webp"


@pytest.fixture
async def client(local: LocalStorage) -> AsyncIterator[httpx2.AsyncClient]:
    """A stranger who reaches the local store, as all do through the edge."""
    routes = Starlette(routes=storage_routes(local))
    edge = Edge(routes, Origins(), is_secure=True, is_ending=lambda: False)
    transport = httpx2.ASGITransport(app=edge)
    async with httpx2.AsyncClient(transport=transport, base_url="http://aperture.test") as opened:
        yield opened


def files(folder: Path) -> list[str]:
    return sorted(it.name for it in folder.rglob("*") if it.is_file())


async def test_a_local_address_ends_with_its_time(local: LocalStorage, client: httpx2.AsyncClient) -> None:
    key = fresh_key(Area.PRIVATE)
    with clock.frozen(clock.now() - timedelta(minutes=16)):
        upload = local.sign_put(key, "image/jpeg", len(BYTES), None, SOON)
        read = local.sign_get(key, SOON)

    sent = await client.put(upload.url, headers=upload.headers, content=BYTES)

    assert (sent.status_code, sent.json()["code"]) == (403, "BAD_SIGNATURE")
    assert (await client.get(read.url)).status_code == 403
    assert await local.head(key) is None


async def test_a_token_to_read_is_no_token_to_write(local: LocalStorage, client: httpx2.AsyncClient) -> None:
    token = local.sign_get(fresh_key(Area.PRIVATE), SOON).url.rpartition("/")[2]

    sent = await client.put(f"/storage/upload/{token}", headers={"Content-Type": "image/jpeg"}, content=BYTES)

    assert sent.status_code == 403


async def test_bytes_of_another_checksum_are_refused(
    local: LocalStorage, client: httpx2.AsyncClient, tmp_path: Path
) -> None:
    key = fresh_key(Area.INCOMING)
    upload = local.sign_put(key, "image/jpeg", len(BYTES), SHA256, SOON)

    wrong = await client.put(upload.url, headers=upload.headers, content=BYTES[::-1])
    assert (wrong.status_code, wrong.json()["code"]) == (400, "WRONG_CHECKSUM")
    assert files(tmp_path) == []

    right = await client.put(upload.url, headers=upload.headers, content=BYTES)
    assert right.status_code == 200
    assert (await local.head(key)).sha256 == SHA256  # type: ignore[union-attr]


async def test_a_stream_that_does_not_say_its_length_is_cut_at_the_first_byte_too_many(
    local: LocalStorage, client: httpx2.AsyncClient, tmp_path: Path
) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield bytes(1000)

    upload = local.sign_put(fresh_key(Area.INCOMING), "image/jpeg", 5_000, None, SOON)
    sent = await client.put(upload.url, headers=upload.headers, content=endless())

    assert (sent.status_code, sent.json()["code"]) == (413, "TOO_LARGE")
    assert taken <= 7
    assert files(tmp_path) == []


async def test_an_upload_that_breaks_off_leaves_nothing(local: LocalStorage, tmp_path: Path) -> None:
    class Broken(Exception):
        pass

    async def chunks() -> AsyncIterator[bytes]:
        yield bytes(2_000_000)
        raise Broken

    upload = local.grants.upload(
        local.sign_put(fresh_key(Area.INCOMING), "image/jpeg", 5_000_000, None, SOON).url.rpartition("/")[2]
    )
    with pytest.raises(Broken):
        await local.receive(upload, chunks())

    assert files(tmp_path) == []


async def test_public_files_may_be_kept_for_ever_and_run_nothing(
    local: LocalStorage, client: httpx2.AsyncClient
) -> None:
    key = f"{Area.PUBLIC}/{PICTURE}"
    await local.put(key, BYTES, "image/webp")

    read = await client.get(local.url(key))

    assert read.content == BYTES
    assert read.headers["content-type"] == "image/webp"
    assert read.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert read.headers["x-content-type-options"] == "nosniff"
    assert read.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert read.headers["etag"] == f'"{SHA256}"'

    head = await client.head(local.url(key))
    assert (head.content, head.headers["content-length"]) == (b"", str(len(BYTES)))


async def test_what_the_caller_has_is_not_sent_again(local: LocalStorage, client: httpx2.AsyncClient) -> None:
    key = f"{Area.PUBLIC}/{PICTURE}"
    await local.put(key, BYTES, "image/webp")

    for known in (f'"{SHA256}"', f'"other", W/"{SHA256}"', "*"):
        again = await client.get(local.url(key), headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")

    assert (await client.get(local.url(key), headers={"If-None-Match": '"other"'})).status_code == 200


@pytest.mark.parametrize("is_found", [False, True])
async def test_a_file_deleted_before_it_is_opened_is_missing(tmp_path: Path, is_found: bool) -> None:
    path = tmp_path / "gone"
    path.write_bytes(b"x")
    stat_result = path.stat() if is_found else None
    path.unlink()

    app = Starlette(routes=[Route("/", lambda _: StoredFile(path, stat_result=stat_result))])
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://store.test") as http:
        answer = await http.get("/")

    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


async def test_a_part_of_a_file_can_be_read(local: LocalStorage, client: httpx2.AsyncClient) -> None:
    key = fresh_key(Area.PRIVATE)
    await local.put(key, BYTES, "video/mp4")

    part = await client.get(local.sign_get(key, SOON).url, headers={"Range": "bytes=6-8"})

    assert (part.status_code, part.content) == (206, BYTES[6:9])
    assert part.headers["cache-control"].startswith("private, max-age=")


@pytest.mark.parametrize("path", ["../private/x", "%2e%2e/private/x", "", "x/" * 50, "nobody/there.webp", "a%00b"])
async def test_public_addresses_lead_nowhere_else(path: str, local: LocalStorage, client: httpx2.AsyncClient) -> None:
    await local.put("private/x", BYTES, "image/webp")

    assert (await client.get(f"/media/public/{path}")).status_code == 404


def test_only_public_objects_have_a_lasting_address(local: LocalStorage) -> None:
    s3 = S3Storage(Bucket("a-bucket", "eu-west-1", ACCESS, SECRET))
    for store in (local, s3):
        with pytest.raises(ValueError, match="not public"):
            store.url("private/x")

    assert local.url("public/x") == "http://aperture.test/media/public/x"
    assert s3.url("public/x") == "https://a-bucket.s3.eu-west-1.amazonaws.com/public/x"


def test_a_signed_s3_upload_binds_type_length_and_checksum() -> None:
    store = S3Storage(Bucket("a-bucket", "eu-west-1", ACCESS, SECRET))

    ticket = store.sign_put("incoming/x", "image/jpeg", 33, SHA256, SOON)

    assert ticket.url.startswith("https://a-bucket.s3.eu-west-1.amazonaws.com/incoming/x?")
    assert "X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost%3Bx-amz-checksum-sha256&" in ticket.url
    assert "X-Amz-Expires=900&" in ticket.url
    checksum = b64encode(bytes.fromhex(SHA256)).decode()
    assert ticket.headers == {"Content-Type": "image/jpeg", "x-amz-checksum-sha256": checksum}


async def test_s3_says_the_checksum_it_checked(moto: str) -> None:
    key = fresh_key(Area.ORIGINALS)

    async with s3(moto) as store:
        await store.put(key, BYTES, "image/jpeg")
        head = await store.head(key)

    assert head
    assert head.sha256 == SHA256


async def test_a_copy_into_the_public_area_may_be_kept_for_ever(moto: str) -> None:
    private = fresh_key(Area.PRIVATE)
    public = in_area(private, Area.PUBLIC)

    async with s3(moto) as store, httpx2.AsyncClient() as client:
        await store.put(private, BYTES, "image/webp")
        await store.copy(private, public)

        assert (await client.get(store.sign_get(private, SOON).url)).headers["cache-control"] == "private, no-store"
        read = await client.get(store.sign_get(public, SOON).url)
    assert read.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert read.headers["content-type"] == "image/webp"


async def test_bytes_of_a_process_that_died_are_forgotten(local: LocalStorage, tmp_path: Path) -> None:
    old, fresh = tmp_path / "store/partial/old", tmp_path / "store/partial/fresh"
    for path in (old, fresh):
        path.write_bytes(BYTES)
    two_days_ago = (clock.machine_time() - timedelta(days=2)).timestamp()
    os.utime(old, (two_days_ago, two_days_ago))

    LocalStorage(tmp_path / "store", "a secret of the tests", "http://aperture.test")

    assert files(tmp_path) == ["fresh"]


async def test_a_store_that_is_away_is_unavailable(tmp_path: Path) -> None:
    async with s3("http://127.0.0.1:1") as store:
        with pytest.raises(Unavailable):
            await store.head("private/x")
        with pytest.raises(Unavailable):
            await store.get_to("private/x", tmp_path / "copy")


async def test_a_wrong_secret_is_an_error_of_ours_and_no_missing_object(rclone: str) -> None:
    async with s3(rclone, secret="another-secret") as store:
        with pytest.raises(ClientError):
            await store.head("private/x")


async def test_a_full_disk_is_a_store_that_is_away(local: LocalStorage, tmp_path: Path) -> None:
    (tmp_path / "store" / "partial").rmdir()

    with pytest.raises(Unavailable):
        await local.put("private/x", BYTES, "image/jpeg")


async def test_a_folder_that_is_away_misses_nothing(local: LocalStorage, tmp_path: Path) -> None:
    (tmp_path / "store").rename(tmp_path / "elsewhere")

    with pytest.raises(Unavailable):
        await local.head("private/x")
    with pytest.raises(Unavailable):
        await local.get_to("private/x", tmp_path / "copy")
    with pytest.raises(Unavailable):
        await local.list_objects("private/")
    with pytest.raises(Unavailable):
        await local.delete(["private/x"])


async def test_what_somebody_removes_while_it_is_listed_is_left_out(local: LocalStorage) -> None:
    for name in ("a", "b", "c"):
        await local.put(f"private/{name}", BYTES, "image/jpeg")

    listing = local._walk(local._objects, "private/", "")
    seen = [next(listing).key]
    await local.delete(["private/b"])
    seen += [each.key for each in listing]

    assert seen == ["private/a", "private/c"]


def test_the_settings_choose_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APERTURE_STORAGE_PATH", str(tmp_path))
    assert isinstance(open_store(Settings()), LocalStorage)  # type: ignore[call-arg]

    monkeypatch.setenv("S3_BUCKET", "a-bucket")
    assert isinstance(open_store(Settings()), S3Storage)  # type: ignore[call-arg]
