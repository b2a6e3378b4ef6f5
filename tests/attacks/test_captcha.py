"""Machines that sign up: a few times nothing is asked, then a captcha, and the limit of an address holds."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from urllib.parse import parse_qs

import orjson
import pytest
from pydantic import SecretStr

from core.backends import Backends
from core.captcha import Captcha, open_captcha
from core.settings import Settings
from tests.api.test_auth import ANA, TOKENS
from tests.client import Client, call, mutation, serving

SIGN_UP = mutation(
    "signUp", f"session {{ id }} {TOKENS} errors {{ code path ... on CaptchaRequiredError {{ provider siteKey }} }}"
)
ASKED = {"code": "CAPTCHA_REQUIRED", "path": ["input", "captchaResponse"], "provider": "turnstile", "siteKey": "a site"}

Serving = Callable[[str], AbstractAsyncContextManager[Client]]


class Service:
    """Checks solutions as hCaptcha, reCAPTCHA and Turnstile do: each once, for those with the secret."""

    def __init__(self) -> None:
        self.solved = {"solved 1", "solved 2", "solved 3"}
        self.asked: list[dict[str, str]] = []
        self.says: bytes | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        size = int(head.partition("content-length: ")[2].partition("\r\n")[0])
        form = {name: values[0] for name, values in parse_qs((await reader.readexactly(size)).decode()).items()}
        self.asked.append(form)
        is_good = form["secret"] == "only we two know" and form["response"] in self.solved
        self.solved.discard(form["response"])
        body = self.says or orjson.dumps({"success": is_good})
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body))
        writer.write(body)
        await writer.drain()
        writer.close()


@pytest.fixture
async def service() -> AsyncIterator[tuple[Service, str]]:
    checks = Service()
    server = await asyncio.start_server(checks.serve, "127.0.0.1", 0)
    async with server:
        yield checks, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/siteverify"


@pytest.fixture
def with_captcha(config: Settings) -> Serving:
    """A process that asks the service at an address, with the usual limits."""

    @asynccontextmanager
    async def start(url: str) -> AsyncIterator[Client]:
        captcha = {"captcha_provider": "turnstile", "captcha_site_key": "a site", "captcha_url": url}
        limits = {"rate_limit_factor": 1.0, "sign_up_rate_factor": 1.0}
        given = {**captcha, **limits, "captcha_secret": SecretStr("only we two know")}
        async with serving(config.model_copy(update=given)) as client:
            yield client

    return start


async def sign_up(api: Client, number: int, **more: Any) -> Any:
    who = {"handle": f"ana{number}", "email": f"ana{number}@example.com", "password": ANA["password"]}
    return await call(api, SIGN_UP, **who, **more)


async def test_after_two_people_of_one_network_a_captcha_is_asked_for(
    service: tuple[Service, str], with_captcha: Serving
) -> None:
    checks, url = service
    async with with_captcha(url) as api:
        assert [(await sign_up(api, number))["errors"] for number in (1, 2)] == [[], []]
        without, wrong = await sign_up(api, 3), await sign_up(api, 3, captchaResponse="made up")
        solved = await sign_up(api, 3, captchaResponse="solved 1")
    assert without["errors"] == wrong["errors"] == [ASKED]
    assert without["session"] is without["tokens"] is None
    assert solved["errors"] == []
    assert [each["response"] for each in checks.asked] == ["made up", "solved 1"]
    assert checks.asked[0]["remoteip"] == "192.0.2.7"


async def test_a_solution_counts_once(service: tuple[Service, str], with_captcha: Serving) -> None:
    async with with_captcha(service[1]) as api:
        for number in (1, 2):
            await sign_up(api, number)
        first = await sign_up(api, 3, captchaResponse="solved 1")
        second = await sign_up(api, 4, captchaResponse="solved 1")

    assert (first["errors"], second["errors"]) == ([], [ASKED])


async def test_a_repeat_with_the_same_key_brings_another_solution_and_gets_the_first_account(
    service: tuple[Service, str], with_captcha: Serving
) -> None:
    async with with_captcha(service[1]) as api:
        for number in (1, 2):
            await sign_up(api, number)
        first = await sign_up(api, 3, captchaResponse="solved 1", idempotencyKey="a key of Ana")
        again = await sign_up(api, 3, captchaResponse="solved 2", idempotencyKey="a key of Ana")

    assert again["errors"] == []
    assert again["session"] == first["session"]


async def test_who_solves_captchas_waits_all_the_same(service: tuple[Service, str], with_captcha: Serving) -> None:
    async with with_captcha(service[1]) as api:
        answers = [await sign_up(api, number, captchaResponse=f"solved {number - 2}") for number in range(1, 7)]

    assert [answer["errors"] for answer in answers[:5]] == [[]] * 5
    assert [error["code"] for error in answers[5]["errors"]] == ["RATE_LIMITED"]


@pytest.mark.parametrize("says", [b"not JSON", b"\xff", None])
async def test_a_service_in_trouble_stops_nobody(
    service: tuple[Service, str], with_captcha: Serving, says: bytes | None
) -> None:
    checks, url = service
    checks.says = says
    async with with_captcha(url if says else "http://127.0.0.1:1/siteverify") as api:
        answers = [await sign_up(api, number, captchaResponse="made up") for number in (1, 2, 3)]

    assert [answer["errors"] for answer in answers] == [[]] * 3


@pytest.mark.parametrize("says", [b"[]", b'{"success": "true"}', b'{"success": 1}', b"{}"])
async def test_only_a_plain_yes_is_one(service: tuple[Service, str], says: bytes) -> None:
    checks, url = service
    checks.says = says

    assert not await Captcha("turnstile", "a site", url, "only we two know").is_solved("solved 1", "192.0.2.7")


def test_half_a_setting_is_a_mistake(config: Settings, backends: Backends) -> None:
    assert backends.captcha is None
    with pytest.raises(ValueError, match="APERTURE_CAPTCHA_PROVIDER"):
        open_captcha(config.model_copy(update={"captcha_url": "https://captcha.example.org"}))
