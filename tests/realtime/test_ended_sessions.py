"""A session that ends in one process ends in all of them as soon as they hear of it; without Redis by looking."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from websockets.exceptions import ConnectionClosed

from aperture import sse
from aperture.callers import Api as Callers
from aperture.news import News, hear
from aperture.presence import Presence, Presences, SignedOut
from aperture.socket import SocketLimits
from core.backends import Backends
from core.db import Database, Write
from core.ending import end as stop
from core.events import AccountUpdated
from core.ids import new_uuid
from core.settings import Settings
from core.viewer import Viewer
from services import outbox
from services.auth.news import part_of
from tests.factories.sessions import account, end, enter, is_let_in, set_status
from tests.jobs.parts import until
from tests.realtime.sockets import Api, api_on_a_port, working
from tests.small_graph import World, small_graph

WATCH = "subscription ($after: String) { it: mediaEvents(after: $after) { ... on StreamResetEvent { reason } } }"
LOG_OUT = "mutation { logOut(input: {}) { endedSessionIds } }"
REVOKE = "mutation { revokeSessions(input: {}) { revokedSessionIds } }"
NOWHERE = "redis://127.0.0.1:1"
SECONDS = 20


@pytest.fixture
async def ana(db: Database) -> UUID:
    return await account(db)


@pytest.fixture
def _nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sockets that look around by themselves only once an hour."""
    seldom = SocketLimits(check_seconds=3600)
    monkeypatch.setattr(SocketLimits, "of", lambda _: seldom)
    monkeypatch.setattr(sse, "StreamLimits", partial(sse.StreamLimits, check_seconds=3600))


@asynccontextmanager
async def hearing(config: Settings) -> AsyncIterator[Backends]:
    """Another process, which remembers sessions for an hour unless it hears of them."""
    opened = Backends.open(config)
    opened.tokens.sessions = type(opened.tokens.sessions)(10, 3600)
    listening = asyncio.create_task(hear(opened, News()))
    try:
        await until(lambda: _has_heard(opened))
        yield opened
    finally:
        await stop(listening)
        await opened.aclose()


async def _has_heard(backends: Backends) -> bool:
    """The subscriptions of all parts stand: each of them rings once."""
    return backends.tokens.news > 0


async def close_code(watcher: Any) -> int:
    """How the server ends the socket."""
    try:
        while True:
            await watcher.message()
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 0


@pytest.mark.usefixtures("_nobody_looks")
@pytest.mark.parametrize("mutation", [LOG_OUT, REVOKE])
async def test_the_sockets_of_a_session_close_in_every_process(
    backends: Backends, config: Settings, ana: UUID, mutation: str
) -> None:
    watching, ending = await enter(backends, ana), await enter(backends, ana)
    acting = watching if mutation == LOG_OUT else ending

    async with working(config), api_on_a_port(config) as here, api_on_a_port(config) as there:
        async with here.watching(watching.access_token, WATCH) as watcher:
            await there.of(acting.access_token).ask(mutation)

            assert await close_code(watcher) == 4403
        assert await _refused(here, watching.access_token)


async def _refused(api: Api, token: str) -> bool:
    return await api.of(token).refusal("{ viewer { id } }") == "UNAUTHENTICATED"


@pytest.mark.usefixtures("_nobody_looks")
async def test_the_event_streams_of_a_session_end_with_it(backends: Backends, config: Settings, ana: UUID) -> None:
    tokens = await enter(backends, ana)
    headers = {"authorization": f"Bearer {tokens.access_token}", "accept": "text/event-stream"}
    body = {"query": WATCH, "variables": {"after": "from now on"}}

    async with (
        working(config),
        api_on_a_port(config) as here,
        api_on_a_port(config) as there,
        here.client.http.stream("POST", "/graphql", json=body, headers=headers, timeout=SECONDS) as answer,
    ):
        lines = answer.aiter_lines()
        while "CURSOR_INVALID" not in await anext(lines):
            pass
        await there.of(tokens.access_token).ask(LOG_OUT)
        rest = "".join([line async for line in lines])

    assert "UNAUTHENTICATED" in rest
    assert "event: complete" in rest


@pytest.mark.usefixtures("_nobody_looks")
async def test_a_change_of_the_account_is_looked_at_at_once(backends: Backends, config: Settings, ana: UUID) -> None:
    tokens = await enter(backends, ana)

    async def tell(tx: Write) -> None:
        outbox.emit(tx, AccountUpdated(user_id=ana))

    async with working(config), api_on_a_port(config) as api, api.watching(tokens.access_token, WATCH) as watcher:
        await set_status(backends.db, ana, "SUSPENDED")
        await backends.db.write(tell)

        assert await close_code(watcher) == 4403


async def test_other_processes_forget_a_session_that_ends(backends: Backends, config: Settings, ana: UUID) -> None:
    tokens, kept = await enter(backends, ana), await enter(backends, ana)

    async with working(config), hearing(config) as other:
        assert await is_let_in(other, tokens)
        await end(backends, tokens.session)

        await until(lambda: _is_shut_out(other, tokens))
        assert await is_let_in(other, kept)


async def _is_shut_out(process: Backends, tokens: Any) -> bool:
    return not await is_let_in(process, tokens)


async def test_what_was_read_before_the_news_is_not_remembered(backends: Backends, ana: UUID) -> None:
    tokens = await enter(backends, ana)
    assert await is_let_in(backends, tokens)
    backends.tokens.forget(tokens.session)

    reading = asyncio.create_task(is_let_in(backends, tokens))
    await asyncio.sleep(0)
    backends.tokens.forget_people(lambda _: True)

    assert await reading

    assert backends.tokens.sessions.get(tokens.session.id) is None


async def test_without_redis_a_process_believes_what_it_has_seen_for_its_time(
    backends: Backends, config: Settings, ana: UUID
) -> None:
    tokens = await enter(backends, ana)
    away = Backends.open(config.model_copy(update={"redis_url": NOWHERE}))
    seconds = [100.0]
    away.tokens.sessions = type(away.tokens.sessions)(10, 2, timer=lambda: seconds[0])
    listening = asyncio.create_task(hear(away, News()))

    async with working(config):
        assert await is_let_in(away, tokens)
        await end(backends, tokens.session)
        assert await is_let_in(away, tokens)
        seconds[0] = 102.0
        assert not await is_let_in(away, tokens)

    await stop(listening)
    await away.aclose()


async def test_news_has_those_looked_at_of_whom_it_is() -> None:
    world, news, gone = World(), News(), asyncio.Queue[UUID]()
    near, far = (Viewer(id=new_uuid(), session_id=new_uuid()) for _ in range(2))
    while part_of(far.user_id) == part_of(near.user_id):
        far = replace(far, id=new_uuid())
    presences = Presences(Callers(small_graph(), world.authenticate, world.look, world.context, news), 3600)
    held = [_enter(presences, viewer, gone) for viewer in (near, far)]

    news.tell(frozenset([part_of(near.user_id)]))

    assert await asyncio.wait_for(gone.get(), SECONDS) == near.user_id
    assert gone.empty()
    for presence in held:
        presences.leave(presence)


def _enter(presences: Presences, viewer: Viewer, gone: "asyncio.Queue[UUID]") -> Presence:
    def leave(_: SignedOut) -> None:
        gone.put_nowait(viewer.user_id)

    return presences.enter(viewer, leave)
