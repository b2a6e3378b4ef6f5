"""Requests that are hardly HTTP, and bodies and headers that are hardly GraphQL."""

import asyncio
import re

from hypothesis import given
from hypothesis import strategies as st

from aperture.negotiation import EVENT_STREAM, GRAPHQL_JSON, JSON
from tests.fuzz.answers import require_sane_json
from tests.fuzz.conftest import Target, amount

_BODY = b'{"query": "{ __typename }"}'
_VALUES = st.one_of(
    st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=40),
    st.sampled_from([JSON, GRAPHQL_JSON, EVENT_STREAM, "*/*", "q=0.5", f"{JSON};q=1e999", f"{JSON};charset=utf-7"]),
    st.sampled_from(["gzip", "Bearer x", "Bearer " + "a." * 2_000, "Basic eA==", "bearer é", "null", "," * 500]),
)
_NAMES = st.sampled_from(
    [
        *("accept", "accept-encoding", "content-type", "content-encoding", "authorization", "origin", "x-request-id"),
        *("access-control-request-method", "access-control-request-headers", "user-agent", "range", "te", "cookie"),
    ]
)
_LINES = st.sampled_from(
    [
        *(b"POST /graphql HTTP/1.1", b"GET /graphql?query={__typename} HTTP/1.1", b"GET /graphql?query=%ff HTTP/1.1"),
        *(b"OPTIONS * HTTP/1.1", b"POST http://[::1/graphql HTTP/1.1", b"GET //graphql HTTP/1.0", b"PRI * HTTP/2.0"),
        *(b"GET /health/ready HTTP/1.1", b"GET /graphiql/../../etc/passwd HTTP/1.1", b"CONNECT a:1 HTTP/1.1"),
        *(b"PUT /storage/upload/x HTTP/1.1", b"GET /media/\xff%00 HTTP/1.1", b"\x16\x03\x01"),
    ]
)
_HEADERS = st.sampled_from(
    [
        *(b"host: x", b"content-type: application/json", b"content-length: 27", b"content-length: 5"),
        *(b"content-length: -1", b"content-length: 99999999999999999999", b"content-length: 1_0", b"x: a\r\n b"),
        *(b"transfer-encoding: chunked", b"transfer-encoding: gzip, chunked", b"transfer-encoding : chunked"),
        *(b"expect: 100-continue", b"connection: close", b"upgrade: websocket\r\nconnection: upgrade"),
        *(b"upgrade: h2c", b"\xff\xfe: a", b": a", b"a", b"connection: keep-alive, x\r\nx: y", b"x:\x00"),
    ]
)
_CHUNK = b"1b\r\n" + _BODY + b"\r\n0\r\n\r\n"
_ENDS = st.sampled_from([_BODY, b"", _CHUNK, b"zz\r\n", b"0\r\n\r\n", b"f" * 18 + b"\r\n"]) | st.binary(max_size=20)
_STATUS = re.compile(rb"HTTP/1\.1 (\d\d\d) ")


@amount(150)
@given(body=st.binary(max_size=200) | st.binary(max_size=60).map(lambda more: _BODY[: len(more) % 27] + more))
async def test_any_bytes_as_a_body(target: Target, body: bytes) -> None:
    await target.post(body)


@amount(200)
@given(headers=st.lists(st.tuples(_NAMES, _VALUES), max_size=6), is_get=st.booleans())
async def test_any_headers(target: Target, headers: list[tuple[str, str]], *, is_get: bool) -> None:
    method = "GET" if is_get else "POST"
    request = [f"{method} /graphql?query={{__typename}} HTTP/1.1", "host: x", "connection: close"]
    request += [f"{name}: {value}" for name, value in headers]
    if not is_get:
        request += ["content-type: application/json", f"content-length: {len(_BODY)}"]
    text = "\r\n".join([*request, "", ""]).encode("latin-1")

    _require_sane(await _told(target, text if is_get else text + _BODY))


@amount(200)
@given(line=_LINES | st.binary(max_size=20), headers=st.lists(_HEADERS, max_size=4), end=_ENDS)
async def test_any_bytes_as_a_request(target: Target, line: bytes, headers: list[bytes], end: bytes) -> None:
    _require_sane(await _told(target, b"\r\n".join([line, *headers, b"", end])))


async def _told(target: Target, sent: bytes) -> bytes:
    """All that comes back until the server closes, or has nothing to add when no more bytes come."""
    reader, writer = await asyncio.open_connection(*target.address.split(":"))
    try:
        writer.write(sent)
        writer.write_eof()
        return await asyncio.wait_for(reader.read(), 30)
    except ConnectionError:
        return b""
    finally:
        writer.close()


def _require_sane(told: bytes) -> None:
    assert not [status for status in _STATUS.findall(told) if status >= b"500"], told
    for answer in told.split(b"HTTP/1.1 ")[1:]:
        head, _, body = answer.partition(b"\r\n\r\n")
        if b"json" in head and body and b"chunked" not in head:
            require_sane_json(body)
