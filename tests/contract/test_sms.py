"""The port of text messages: a gateway that checks signatures, and a folder."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from core.errors import Unavailable
from core.letterbox import Letterbox
from core.settings import Settings
from core.sms import Sms, Texter, Unreachable, open_sms
from core.sms.folder import FolderTexter
from core.sms.gateway import GatewayTexter, signature

KEY = "a key that the gateway knows"
SMS = Sms("one", "+4915112345678", "Your code is 123 456.")


class Gateway:
    """Reads one request after the other, and answers all with one status."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.requests: list[tuple[dict[str, str], bytes]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:-2]
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head)}
        body = await reader.readexactly(int(headers["content-length"]))
        self.requests.append((headers, body))
        writer.write(f"HTTP/1.1 {self.status} Said\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()


@asynccontextmanager
async def gateway(status: int = 202) -> AsyncIterator[tuple[Gateway, Texter]]:
    gate = Gateway(status)
    server = await asyncio.start_server(gate.serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield gate, GatewayTexter(f"http://127.0.0.1:{port}/messages", KEY)


async def test_a_gateway_gets_what_it_can_check() -> None:
    async with gateway() as (gate, texter):
        await texter.send(SMS)
        await texter.send(SMS)

    (headers, body), (_, again) = gate.requests
    message = orjson.loads(body)
    assert (message["to"], message["text"]) == (SMS.to, SMS.text)
    assert message["id"] == headers["idempotency-key"] == orjson.loads(again)["id"]
    assert headers["x-aperture-signature"] == signature(KEY.encode(), headers["x-aperture-timestamp"], body)
    assert signature(b"another key", headers["x-aperture-timestamp"], body) != headers["x-aperture-signature"]


@pytest.mark.parametrize("status", [400, 410, 422])
async def test_a_number_that_takes_nothing_is_given_up(status: int) -> None:
    async with gateway(status) as (_, texter):
        with pytest.raises(Unreachable):
            await texter.send(SMS)


@pytest.mark.parametrize("status", [302, 401, 404, 429, 500, 503])
async def test_a_gateway_in_trouble_is_asked_again(status: int) -> None:
    async with gateway(status) as (gate, texter):
        with pytest.raises(Unavailable):
            await texter.send(SMS)

    assert len(gate.requests) == 1


async def test_a_gateway_that_is_away_is_asked_again() -> None:
    with pytest.raises(Unavailable):
        await GatewayTexter("http://127.0.0.1:1/messages", KEY).send(SMS)


async def test_a_folder_keeps_a_message_once(tmp_path: Path) -> None:
    box = Letterbox(tmp_path)

    await FolderTexter(box).send(SMS)
    await FolderTexter(box).send(SMS)

    (name,) = await box.names()
    assert orjson.loads(await box.read(name) or b"") == {"to": SMS.to, "text": SMS.text}


def test_production_sends_to_nothing_but_a_gateway(config: Settings) -> None:
    def opened(**values: Any) -> Texter | None:
        return open_sms(config.model_copy(update=values))

    assert isinstance(opened(), FolderTexter)
    assert opened(environment="production") is None
    with pytest.raises(ValueError, match="APERTURE_SMS_KEY"):
        opened(sms_url="https://sms.example.org")
