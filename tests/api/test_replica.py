"""Reads from a real replica that lags: people see at once what they wrote themselves."""

from collections.abc import AsyncIterator, Iterator

import pytest

from aperture.servers import Servers
from core import own_writes
from core.backends import Backends
from core.db import Database
from core.ids import UserId
from core.settings import Settings, settings
from core.viewer import Viewer
from tests.api.conftest import SignIn
from tests.client import Client, serving
from tests.factories.people import person
from tests.factories.sessions import PASSWORD, account
from tests.realtime.sockets import api_on_a_port
from tests.replicas import Replica, replicated

FOLLOW = """mutation ($input: FollowUserInput!) { followUser(input: $input) { errors { code } } }"""
SEEN = "query ($id: ID!) { node(id: $id) { ... on User { followerCount relationship { followState } } } }"
LOG_IN = """mutation ($input: LogInInput!) { logIn(input: $input) { tokens { accessToken } } }"""
SESSION = "{ viewer { session { id } account { sessions { nodes { id } } } } }"


@pytest.fixture(scope="module")
def follower(servers: Servers, database_url: str) -> Iterator[Replica]:
    """A replica of the session's server, which replays unless a test holds it up."""
    assert database_url
    with replicated(servers.postgres) as replica:
        yield replica


@pytest.fixture
def replica(follower: Replica) -> Iterator[Replica]:
    """A replica that is as far as its primary."""
    follower.catch_up()
    yield follower
    follower.resume()


@pytest.fixture
def config(config: Settings, replica: Replica, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings of a process that reads from the replica."""
    monkeypatch.setenv("REPLICA_URL", replica.url(database_url.partition("?")[0].rpartition("/")[2]))
    settings.cache_clear()
    return settings()


@pytest.fixture
async def other_process(config: Settings) -> AsyncIterator[Client]:
    """A client of another API process."""
    async with serving(config) as client:
        yield client


async def seen(client: Client, who: Viewer) -> tuple[int, str | None]:
    found = (await client.ask(SEEN, id=str(UserId(who.user_id))))["node"]
    return found["followerCount"], found["relationship"] and found["relationship"]["followState"]


async def follow(client: Client, who: Viewer) -> None:
    answer = await client.ask(FOLLOW, input={"userId": str(UserId(who.user_id))})
    assert answer["followUser"]["errors"] == []


async def test_a_follow_is_seen_by_who_made_it_in_every_process_and_by_others_when_it_arrives(
    other_process: Client, sign_in: SignIn, db: Database, ana: Viewer, replica: Replica
) -> None:
    ben, eva = await sign_in(await person(db, "ben")), await sign_in(await person(db, "eva"))
    replica.catch_up()
    replica.pause()

    await follow(ben, ana)

    assert await seen(ben, ana) == (1, "FOLLOWING")
    assert await seen(other_process.signed_in(str(ben.token)), ana) == (1, "FOLLOWING")
    assert await seen(eva, ana) == (0, "NOT_FOLLOWING")
    assert await seen(other_process, ana) == (0, None)
    replica.resume()
    replica.catch_up()
    assert await seen(eva, ana) == (1, "NOT_FOLLOWING")


async def test_once_the_replica_has_the_write_it_is_read_again(
    sign_in: SignIn, db: Database, ana: Viewer, replica: Replica
) -> None:
    ben, eva = await sign_in(await person(db, "ben")), await sign_in(await person(db, "eva"))
    await follow(ben, ana)
    replica.catch_up()
    replica.pause()

    await follow(eva, ana)

    assert await seen(ben, ana) == (1, "FOLLOWING")
    assert await seen(eva, ana) == (2, "FOLLOWING")


async def test_a_socket_sees_what_was_written_by_http(
    config: Settings, sign_in: SignIn, db: Database, ana: Viewer, replica: Replica
) -> None:
    ben = await sign_in(await person(db, "ben"))
    replica.catch_up()
    replica.pause()
    await follow(ben, ana)

    async with api_on_a_port(config) as port, port.subscribing(ben.token, SEEN, id=str(UserId(ana.user_id))) as socket:
        assert await socket.event() == {"followerCount": 1, "relationship": {"followState": "FOLLOWING"}}


async def test_who_logs_in_sees_the_new_session(api: Client, db: Database, replica: Replica) -> None:
    await account(db, "cleo")
    replica.catch_up()
    replica.pause()

    entered = await api.ask(LOG_IN, input={"identifier": "cleo", "password": PASSWORD})
    viewer = (await api.signed_in(entered["logIn"]["tokens"]["accessToken"]).ask(SESSION))["viewer"]

    assert viewer["account"]["sessions"]["nodes"] == [viewer["session"]]


async def test_without_redis_who_is_signed_in_reads_from_the_primary(
    config: Settings, sign_in: SignIn, db: Database, ana: Viewer, replica: Replica
) -> None:
    ben = await sign_in(await person(db, "ben"))
    replica.catch_up()
    replica.pause()
    alone = config.model_copy(update={"redis_url": "unix:///nowhere/valkey.sock"})

    async with serving(alone) as client:
        signed_in = client.signed_in(str(ben.token))
        await follow(signed_in, ana)
        assert await seen(signed_in, ana) == (1, "FOLLOWING")
        assert await seen(client, ana) == (0, None)


async def test_without_a_replica_nothing_is_noted(config: Settings, backends: Backends, ana: Viewer) -> None:
    alone = Backends.open(config.model_copy(update={"replica_url": None}))
    assert await own_writes.position(alone.db, alone.cache, ana.user_id) == 0
    await own_writes.note(alone.db, alone.cache, ana.user_id)
    await alone.aclose()

    assert await own_writes.position(backends.db, backends.cache, ana.user_id) == 0
    await own_writes.note(backends.db, backends.cache, ana.user_id)
    assert await own_writes.position(backends.db, backends.cache, ana.user_id) > 0
