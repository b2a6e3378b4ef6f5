"""Sessions in cookies: of use to our own pages, and to no page of another site, whatever it has the browser send."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx2
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from aperture.api import build
from core.db import Database
from core.settings import Settings, settings
from tests.client import serving
from tests.factories.second_factors import protect
from tests.factories.sessions import PASSWORD, account, later
from tests.realtime.sockets import Watcher
from tests.small_graph import serving as on_a_port

OURS, APP, EVIL = "https://api.example", "https://app.example", "https://evil.example"
ACCESS, REFRESH, CSRF = "__Host-aperture-access", "__Host-aperture-refresh", "__Host-aperture-csrf"
TOKENS = "tokens { accessToken refreshToken csrfToken } session { id } errors { code path }"
LOG_IN = f"mutation ($input: LogInInput!) {{ it: logIn(input: $input) {{ {TOKENS} }} }}"
CHALLENGE = "mutation ($input: LogInInput!) { it: logIn(input: $input) { challenge { token } } }"
COMPLETE = f"mutation ($input: CompleteLogInInput!) {{ it: completeLogIn(input: $input) {{ {TOKENS} }} }}"
SIGN_UP = f"mutation ($input: SignUpInput!) {{ it: signUp(input: $input) {{ {TOKENS} }} }}"
RENEW = f"mutation ($input: RefreshSessionInput!) {{ it: refreshSession(input: $input) {{ {TOKENS} }} }}"
LOG_OUT = "mutation { it: logOut(input: {}) { endedSessionIds } }"
WHO = "{ viewer { session { id } } }"
ANA = {"identifier": "ana.lima", "password": PASSWORD}


@pytest.fixture
async def ana(db: Database) -> UUID:
    return await account(db)


@pytest.fixture
def with_cookies(config: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    assert not config.cookie_sessions
    monkeypatch.setenv("APERTURE_PUBLIC_URL", OURS)
    monkeypatch.setenv("APERTURE_ALLOWED_ORIGINS", f'["{APP}"]')
    monkeypatch.setenv("APERTURE_COOKIE_SESSIONS", "true")
    settings.cache_clear()
    return settings()


@pytest.fixture
async def browser(with_cookies: Settings, ana: UUID) -> AsyncIterator[httpx2.AsyncClient]:
    """Keeps cookies and sends them by itself."""
    assert ana is not None
    async with serving(with_cookies) as client:
        yield client.http


async def post(
    browser: httpx2.AsyncClient, document: str, csrf: str | None = None, headers: Any = None, **variables: Any
) -> httpx2.Response:
    sent = {"origin": APP} | ({"x-csrf-token": csrf} if csrf is not None else {}) | (headers or {})
    return await browser.post("/graphql", json={"query": document, "variables": variables}, headers=sent)


async def logged_in(browser: httpx2.AsyncClient, csrf: str | None = None, headers: Any = None) -> Any:
    answer = await post(browser, LOG_IN, csrf, headers, input=ANA | {"delivery": "COOKIE"})
    return answer.json()["data"]["it"]


async def renewed(browser: httpx2.AsyncClient, csrf: str | None) -> Any:
    return (await post(browser, RENEW, csrf, input={})).json()["data"]["it"]


async def who(browser: httpx2.AsyncClient, csrf: str | None, headers: Any = None) -> str | None:
    viewer = (await post(browser, WHO, csrf, headers)).json()["data"]["viewer"]
    return viewer["session"]["id"] if viewer else None


def code_of(answer: httpx2.Response) -> str:
    code: str = answer.json()["errors"][0]["extensions"]["code"]
    return code


async def test_a_browser_logs_in_refreshes_and_logs_out_without_seeing_a_token(browser: httpx2.AsyncClient) -> None:
    done = await logged_in(browser)
    csrf, kept = done["tokens"]["csrfToken"], dict(browser.cookies)

    again = await renewed(browser, csrf)
    seen = await who(browser, csrf)
    out = await post(browser, LOG_OUT, csrf)

    assert (done["tokens"]["accessToken"], done["tokens"]["refreshToken"]) == (None, None)
    assert kept[CSRF] == csrf
    assert again["errors"] == []
    assert again["tokens"] == {"accessToken": None, "refreshToken": None, "csrfToken": csrf}
    assert seen == done["session"]["id"]
    assert out.json()["data"]["it"]["endedSessionIds"] == [seen]
    assert dict(browser.cookies) == {}


async def test_a_second_step_and_a_sign_up_end_in_cookies_as_well(
    browser: httpx2.AsyncClient, db: Database, ana: UUID
) -> None:
    app = await protect(db, ana)
    begun = (await post(browser, CHALLENGE, input=ANA | {"delivery": "COOKIE"})).json()["data"]["it"]
    before = dict(browser.cookies)
    second = {"challengeToken": begun["challenge"]["token"], "code": {"totp": app.code()}, "delivery": "COOKIE"}
    entered = (await post(browser, COMPLETE, input=second)).json()["data"]["it"]
    seen = await who(browser, entered["tokens"]["csrfToken"])
    new = {"email": "ben@example.com", "password": PASSWORD, "handle": "ben", "delivery": "COOKIE"}
    joined = (await post(browser, SIGN_UP, input=new | {"idempotencyKey": "of this form"})).json()["data"]["it"]

    assert before == {}
    assert seen == entered["session"]["id"]
    assert entered["tokens"]["accessToken"] is None
    assert joined["errors"] == []
    assert await who(browser, joined["tokens"]["csrfToken"]) == joined["session"]["id"]


async def test_scripts_read_no_token_and_no_neighbour_sets_one(browser: httpx2.AsyncClient) -> None:
    answer = await post(browser, LOG_IN, input=ANA | {"delivery": "COOKIE"})

    named = {each.partition("=")[0]: each.split("; ")[1:] for each in answer.headers.get_list("set-cookie")}
    assert set(named) == {ACCESS, REFRESH, CSRF}
    for name, rules in named.items():
        assert {"Path=/", "SameSite=Strict", "Secure"} <= set(rules)
        assert not any(rule.startswith("Domain") for rule in rules)
        assert ("HttpOnly" in rules) is (name != CSRF)


async def test_without_the_header_the_cookies_count_for_nothing(browser: httpx2.AsyncClient) -> None:
    await logged_in(browser)

    for missing in (None, ""):
        assert await who(browser, missing) is None
        assert code_of(await post(browser, LOG_OUT, missing)) == "UNAUTHENTICATED"
        assert (await renewed(browser, missing))["errors"] == [{"code": "REQUIRED", "path": ["input", "refreshToken"]}]


@pytest.mark.parametrize("wrong", ["x", "00" * 16, "00", "00" * 32])
async def test_with_a_wrong_header_nothing_is_done(browser: httpx2.AsyncClient, wrong: str) -> None:
    csrf = (await logged_in(browser))["tokens"]["csrfToken"]

    for document in (WHO, LOG_OUT):
        answer = await post(browser, document, wrong)
        assert (answer.status_code, code_of(answer)) == (403, "FORBIDDEN")
    browser.cookies.delete(ACCESS)

    assert code_of(await post(browser, RENEW, wrong, input={})) == "FORBIDDEN"
    assert (await renewed(browser, csrf))["errors"] == []


async def test_the_header_of_another_session_of_the_same_person_is_wrong(browser: httpx2.AsyncClient) -> None:
    first = (await logged_in(browser))["tokens"]["csrfToken"]
    second = (await logged_in(browser))["tokens"]["csrfToken"]

    assert first != second
    assert code_of(await post(browser, WHO, first)) == "FORBIDDEN"
    assert await who(browser, second)


async def test_pages_of_other_sites_have_no_cookies_whatever_they_send(browser: httpx2.AsyncClient) -> None:
    csrf = (await logged_in(browser))["tokens"]["csrfToken"]

    for origin in (EVIL, "null", "https://app.example.evil.example"):
        assert await who(browser, csrf, {"origin": origin}) is None
        assert code_of(await post(browser, LOG_OUT, csrf, {"origin": origin})) == "UNAUTHENTICATED"
    assert await who(browser, csrf)


async def test_a_page_of_another_site_logs_nobody_in_as_somebody_else(browser: httpx2.AsyncClient) -> None:
    refused = await logged_in(browser, headers={"origin": EVIL})

    assert refused["errors"] == [{"code": "INVALID", "path": ["input", "delivery"]}]
    assert dict(browser.cookies) == {}


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
async def test_forms_of_other_sites_are_not_read(browser: httpx2.AsyncClient, kind: str) -> None:
    csrf = (await logged_in(browser))["tokens"]["csrfToken"]

    body = b'{"query": "mutation { logOut(input: {}) { endedSessionIds } }"}'
    sent = await browser.post("/graphql", content=body, headers={"content-type": kind, "x-csrf-token": csrf})

    assert sent.status_code == 415
    assert await who(browser, csrf)


async def test_a_log_in_never_goes_on_with_a_session_that_came_along(browser: httpx2.AsyncClient) -> None:
    planted = await logged_in(browser)
    before = dict(browser.cookies)

    own = await logged_in(browser, planted["tokens"]["csrfToken"])

    assert own["session"]["id"] != planted["session"]["id"]
    assert not set(before.values()) & set(dict(browser.cookies).values())


async def test_of_two_cookies_with_one_name_neither_counts(browser: httpx2.AsyncClient) -> None:
    csrf = (await logged_in(browser))["tokens"]["csrfToken"]
    doubled = f"{ACCESS}={browser.cookies[ACCESS]}; {ACCESS}=planted"

    assert await who(browser, csrf, {"cookie": doubled}) is None


async def test_a_token_that_ran_out_is_taken_back_so_that_the_next_call_can_refresh_it(
    browser: httpx2.AsyncClient,
) -> None:
    csrf = (await logged_in(browser))["tokens"]["csrfToken"]

    with later(minutes=16):
        refused = await post(browser, WHO, csrf)
        again = await renewed(browser, csrf)
        seen = await who(browser, csrf)

    assert (refused.status_code, code_of(refused)) == (401, "UNAUTHENTICATED")
    assert again["errors"] == []
    assert seen == again["session"]["id"]


async def test_a_session_that_ended_leaves_no_cookies(browser: httpx2.AsyncClient) -> None:
    csrf, kept = (await logged_in(browser))["tokens"]["csrfToken"], dict(browser.cookies)
    await post(browser, LOG_OUT, csrf)
    for name, value in kept.items():
        browser.cookies.set(name, value, domain="api.example", path="/")

    assert (await post(browser, WHO, csrf)).status_code == 401
    assert (await renewed(browser, csrf))["tokens"] is None
    assert dict(browser.cookies) == {}


async def test_a_bearer_token_goes_before_cookies(browser: httpx2.AsyncClient) -> None:
    await logged_in(browser)
    other = (await post(browser, LOG_IN, input=ANA)).json()["data"]["it"]

    bearer = {"authorization": f"Bearer {other['tokens']['accessToken']}"}

    assert await who(browser, None, bearer) == other["session"]["id"]


async def test_allowed_pages_may_send_cookies_and_others_may_not(browser: httpx2.AsyncClient) -> None:
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "content-type, x-csrf-token"}
    ours = await browser.options("/graphql", headers={"origin": APP, **asked})
    evil = await browser.options("/graphql", headers={"origin": EVIL, **asked})

    assert ours.headers["access-control-allow-credentials"] == "true"
    assert ours.headers["access-control-allow-origin"] == APP
    assert "x-csrf-token" in ours.headers["access-control-allow-headers"]
    assert not [name for name in evil.headers if name.startswith("access-control")]


@pytest.mark.usefixtures("ana")
async def test_they_are_off_until_the_operator_switches_them_on(config: Settings) -> None:
    async with serving(config) as client:
        refused = await logged_in(client.http)
        told = await client.ask("{ server { capabilities } }")
        sent = {"cookie": f"aperture-access=x; {ACCESS}=x", "x-csrf-token": "x"}
        ignored = await client.http.post("/graphql", json={"query": WHO}, headers=sent)

    assert refused["errors"] == [{"code": "INVALID", "path": ["input", "delivery"]}]
    assert "COOKIE_SESSIONS" not in told["server"]["capabilities"]
    assert ignored.json() == {"data": {"viewer": None}}


async def test_clients_are_told_when_they_are_on(with_cookies: Settings) -> None:
    async with serving(with_cookies) as client:
        assert "COOKIE_SESSIONS" in (await client.ask("{ server { capabilities } }"))["server"]["capabilities"]


@pytest.mark.usefixtures("with_cookies")
def test_production_keeps_no_session_in_cookies_without_https(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APERTURE_ENVIRONMENT", "production")
    monkeypatch.setenv("APERTURE_PUBLIC_URL", "http://api.example")
    settings.cache_clear()

    with pytest.raises(ValueError, match="https"):
        settings()


@pytest.mark.parametrize(("origin", "who"), [(APP, True), (OURS, True), (None, False)])
async def test_a_socket_knows_who_opens_it_by_cookies_from_an_allowed_page_alone(
    browser: httpx2.AsyncClient, with_cookies: Settings, origin: str | None, *, who: bool
) -> None:
    await logged_in(browser)

    assert await _is_known_to_socket(with_cookies, browser, origin) is who


async def test_a_page_of_another_site_opens_no_socket(browser: httpx2.AsyncClient, with_cookies: Settings) -> None:
    await logged_in(browser)

    with pytest.raises(InvalidStatus):
        await _is_known_to_socket(with_cookies, browser, EVIL)


async def _is_known_to_socket(config: Settings, browser: httpx2.AsyncClient, origin: str | None) -> bool:
    """Whether a socket with the browser's cookies is signed in."""
    headers = {"cookie": f"{ACCESS}={browser.cookies[ACCESS]}"} | ({"origin": origin} if origin else {})
    protocols = [Subprotocol("graphql-transport-ws")]
    async with on_a_port(build(config)) as (host, port):
        address = f"ws://{host}:{port}/graphql"
        async with connect(address, subprotocols=protocols, additional_headers=headers, compression=None) as socket:
            watcher = Watcher(socket)
            await socket.send('{"type": "connection_init"}')
            assert (await watcher.message())["type"] == "connection_ack"
            await socket.send('{"id": "1", "type": "subscribe", "payload": {"query": "{ viewer { id } }"}}')
            return (await watcher.message())["payload"]["data"]["viewer"] is not None
