"""Text messages by an HTTP gateway: one signed POST each, which any provider can be put behind."""

import asyncio
import hmac
from hashlib import sha256
from typing import Final

import httpx2
import orjson

from core import clock
from core.errors import Unavailable
from core.sms.port import SEND_SECONDS, Sms, Unreachable

# All others may be about the gateway, or about how we are known there.
_FOR_GOOD: Final = frozenset([400, 410, 422])


class GatewayTexter:
    """POSTs `{"id", "to", "text"}` to an address.

    `X-Aperture-Signature` is the HMAC-SHA256 of `<X-Aperture-Timestamp>.<body>` in hex; `Idempotency-Key` is the id.
    """

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._key = key.encode()

    async def send(self, sms: Sms) -> None:
        number = sha256(sms.key.encode()).hexdigest()[:40]
        body = orjson.dumps({"id": number, "to": sms.to, "text": sms.text})
        moment = str(int(clock.now().timestamp()))
        headers = {
            "content-type": "application/json",
            "idempotency-key": number,
            "x-aperture-timestamp": moment,
            "x-aperture-signature": signature(self._key, moment, body),
        }
        try:
            async with asyncio.timeout(SEND_SECONDS), httpx2.AsyncClient(timeout=SEND_SECONDS) as http:
                answer = await http.post(self._url, content=body, headers=headers)
        except (httpx2.HTTPError, OSError, TimeoutError) as error:
            raise Unavailable from error
        if answer.status_code in _FOR_GOOD:
            raise Unreachable("the gateway does not take it")
        if not answer.is_success:
            raise Unavailable


def signature(key: bytes, moment: str, body: bytes) -> str:
    """What proves to the gateway that the request is ours, and of that moment."""
    return hmac.new(key, moment.encode() + b"." + body, "sha256").hexdigest()
