"""The addresses of the local object store: signed uploads, public files, signed files."""

from asyncio import timeout
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial

from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from core import clock
from core.errors import Unavailable
from core.storage.grants import BadToken
from core.storage.keys import Area
from core.storage.local import LocalStorage, TooFewBytes, TooManyBytes, WrongChecksum
from core.storage.port import FOREVER, StoredObject

_SILENCE_SECONDS = 20
_UPLOAD_SECONDS = 900
_SAFE = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


class _WrongType(Exception):
    """The bytes are said to be of another type than the token allows."""


_REFUSALS: dict[type[Exception], tuple[int, str, str]] = {
    BadToken: (403, "BAD_SIGNATURE", "This address is not valid, or no longer."),
    _WrongType: (403, "WRONG_TYPE", "This address takes another type."),
    TooManyBytes: (413, "TOO_LARGE", "These are more bytes than were announced."),
    TooFewBytes: (400, "TOO_SHORT", "These are fewer bytes than were announced."),
    WrongChecksum: (400, "WRONG_CHECKSUM", "These are not the bytes that were announced."),
    TimeoutError: (408, "TOO_SLOW", "The bytes stopped coming."),
    ClientDisconnect: (408, "TOO_SLOW", "The bytes stopped coming."),
    Unavailable: (503, "UNAVAILABLE", "The store is down. Try again in a moment."),
}


def storage_routes(store: LocalStorage) -> list[Route]:
    """Routes for the addresses that this store gives out; S3 serves its own."""
    return [
        Route("/storage/upload/{token}", partial(_upload, store), methods=["PUT"]),
        Route("/media/public/{path:path}", partial(_public, store), methods=["GET"]),
        Route("/media/signed/{token}", partial(_signed, store), methods=["GET"]),
    ]


async def _upload(store: LocalStorage, request: Request) -> Response:
    """Takes exactly what the token announces; of anything else, and of a part, nothing stays."""
    try:
        async with timeout(_UPLOAD_SECONDS):
            stored = await _receive(store, request)
    except tuple(_REFUSALS) as refusal:
        return _refused(*_REFUSALS[type(refusal)])
    return Response(status_code=200, headers={"ETag": _etag(stored)})


async def _receive(store: LocalStorage, request: Request) -> StoredObject:
    """What is announced wrong is refused before its bytes are sent."""
    grant = store.grants.upload(request.path_params["token"])
    if request.headers.get("content-type") != grant.content_type:
        raise _WrongType
    announced = int(request.headers.get("content-length", grant.byte_size))
    if announced != grant.byte_size:
        raise TooManyBytes if announced > grant.byte_size else TooFewBytes
    return await store.receive(grant, _chunks(request))


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    stream = aiter(request.stream())
    while True:
        async with timeout(_SILENCE_SECONDS):
            chunk = await anext(stream, None)
        if chunk is None:
            return
        yield chunk


async def _public(store: LocalStorage, request: Request) -> Response:
    return await _file(store, request, f"{Area.PUBLIC}/{request.path_params['path']}", FOREVER)


async def _signed(store: LocalStorage, request: Request) -> Response:
    try:
        grant, expires_at = store.grants.read(request.path_params["token"])
    except BadToken:
        return _refused(*_REFUSALS[BadToken])
    seconds = (expires_at - clock.now()) // timedelta(seconds=1)
    return await _file(store, request, grant.key, f"private, max-age={seconds}")


async def _file(store: LocalStorage, request: Request, key: str, cache_control: str) -> Response:
    """An object with what a browser needs to keep it, and with nothing that would let it run."""
    try:
        stored = await store.head(key)
    except Unavailable:
        return _refused(*_REFUSALS[Unavailable])
    except ValueError:
        stored = None
    if stored is None:
        return _missing()
    headers = {**_SAFE, "Cache-Control": cache_control, "ETag": _etag(stored)}
    if _is_fresh(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return StoredFile(store.path(key), headers=headers, media_type=stored.content_type)


class StoredFile(FileResponse):
    """The bytes of an object; one that is deleted before the first of them is read is missing.

    The library sends the head of the answer before it opens the file, so the head waits here for the first bytes.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        waiting: list[Message] = []
        has_begun = False

        async def begin_late(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                waiting.append(message)
                return
            has_begun = True
            while waiting:
                await send(waiting.pop())
            await send(message)

        try:
            await super().__call__(scope, receive, begin_late)
        except (FileNotFoundError, RuntimeError):
            if has_begun:
                raise
            await _missing()(scope, receive, send)


def _missing() -> Response:
    return _refused(404, "NOT_FOUND", "There is nothing here.")


def _is_fresh(request: Request, etag: str) -> bool:
    """Whether the caller has it already; `FileResponse` answers ranges but never this."""
    known = request.headers.get("if-none-match", "")
    return any(tag.strip().removeprefix("W/") in {etag, "*"} for tag in known.split(","))


def _etag(stored: StoredObject) -> str:
    return f'"{stored.sha256}"'


def _refused(status: int, code: str, message: str) -> Response:
    headers = {**_SAFE, "Cache-Control": "no-store"}
    return JSONResponse({"code": code, "message": message}, status_code=status, headers=headers)
