"""Calls to services outside: bounded in time and size, without redirects, and to public addresses alone."""

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv6Address, ip_address
from typing import Any, Final

import httpx2
import orjson

MAX_BYTES: Final = 256 * 1024
SECONDS: Final = 3.0

_AT_ONCE: Final = 20
_HEADERS: Final = {"accept": "application/json", "accept-encoding": "identity", "user-agent": "Aperture"}


class Unreachable(Exception):
    """The other side gave no answer that can be used: none in time, too much, or something else than JSON."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the other side answered; `body` is a JSON object."""

    status: int
    body: Mapping[str, Any]


class Outbound:
    """Asks services that the operator has named; `reaches_inside` lets it call private addresses as well."""

    def __init__(self, *, reaches_inside: bool) -> None:
        self._reaches_inside = reaches_inside

    @cached_property
    def _client(self) -> httpx2.AsyncClient:
        # A connection goes to an address that was looked at. Kept open, it could serve another name at that address.
        limits = httpx2.Limits(max_connections=_AT_ONCE, max_keepalive_connections=0)
        transport: httpx2.AsyncBaseTransport = httpx2.AsyncHTTPTransport(limits=limits, trust_env=False)
        if not self._reaches_inside:
            transport = _PublicOnly(transport)
        return httpx2.AsyncClient(transport=transport, headers=_HEADERS, timeout=SECONDS, trust_env=False)

    async def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> Reply:
        """Read a JSON object; raises `Unreachable`."""
        return await self._ask("GET", url, None, headers)

    async def post(self, url: str, form: Mapping[str, str], *, headers: Mapping[str, str] | None = None) -> Reply:
        """Send a form and read a JSON object; raises `Unreachable`."""
        return await self._ask("POST", url, form, headers)

    async def aclose(self) -> None:
        """Close what was opened."""
        if "_client" in self.__dict__:
            await self._client.aclose()

    async def _ask(
        self, method: str, url: str, form: Mapping[str, str] | None, headers: Mapping[str, str] | None
    ) -> Reply:
        body = bytearray()
        try:
            async with (
                asyncio.timeout(SECONDS),
                self._client.stream(method, url, data=form, headers=headers) as response,
            ):
                async for piece in response.aiter_raw():
                    body += piece
                    if len(body) > MAX_BYTES:
                        raise Unreachable("the answer is too long")
            content = orjson.loads(body)
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, TimeoutError, orjson.JSONDecodeError) as error:
            raise Unreachable(type(error).__name__) from None
        if not isinstance(content, dict):
            raise Unreachable("the answer is no JSON object")
        return Reply(response.status_code, content)


class _PublicOnly(httpx2.AsyncBaseTransport):
    """Looks a name up, and connects to what it has found and judged: names may change their minds in between."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        host = request.url.host
        address = await public_address(host, request.url.port or 443)
        request.extensions = {**request.extensions, "sni_hostname": host}
        request.url = request.url.copy_with(host=address)
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


async def public_address(host: str, port: int) -> str:
    """One of the addresses of a host; `OSError` if any of them belongs to a private network or to this machine."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(each[4][0]) for each in found]
    if not addresses or not all(is_public(each) for each in addresses):
        raise OSError("this host is not a public one")
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet."""
    known = ip_address(address)
    if isinstance(known, IPv6Address):
        known = known.ipv4_mapped or known
    return known.is_global and not known.is_multicast
