"""A client that dies again and again is told everything once, whatever else dies meanwhile."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

from websockets.sync.client import ClientConnection

from core.ids import PostId
from tests.devices import ERRORS, Device
from tests.faults.listening import Listener
from tests.live import RECOVERY_SECONDS, Live, kill
from tests.waiting import eventually

DEATHS = 200
EDIT = f"mutation ($input: UpdatePostInput!) {{ it: updatePost(input: $input) {{ {ERRORS} }} }}"
WATCH = """subscription ($postIds: [ID!]!, $after: String) { event: postEvents(postIds: $postIds, after: $after) {
  __typename cursor occurredAt } }"""
LOGGED = """
    select to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') from topic_events
    where topic = '{}' order by seq
"""


class MortalListener(Listener):
    """Loses its connection after a few messages, and goes on with nothing but the last cursor it has heard."""

    pause_seconds = 0.01

    def __init__(self, live: Live, device: Device, post: str, chance: random.Random) -> None:
        super().__init__(live, device, f"post:{PostId.parse(post).id}", WATCH, postIds=[post])
        self.deaths = 0
        self._cursor = "from now on"
        self._chance = chance

    def _converse(self, socket: ClientConnection) -> None:
        life: Any = _Life(socket, self._chance.randrange(6) if self.events else 2)
        super()._converse(life)
        self.deaths += 1


class _Life:
    """A connection that breaks off after some messages."""

    def __init__(self, socket: ClientConnection, messages: int) -> None:
        self._socket = socket
        self._messages = messages

    def send(self, text: str) -> None:
        self._socket.send(text)

    def __iter__(self) -> Iterator[Any]:
        for _ in range(self._messages):
            yield self._socket.recv()
        self._socket.close_socket()


def test_killed_two_hundred_times_a_client_is_told_everything_once(
    live: Live, circle: list[Device], posts: list[str]
) -> None:
    ana, ben, _ = circle
    post = posts[0]

    with MortalListener(live, ben, post, random.Random(3)) as listener, ThreadPoolExecutor(1) as threads:
        listener.until(1)
        editing = threads.submit(edit_until, ana, post, listener)
        eventually(lambda: listener.deaths > DEATHS // 4, RECOVERY_SECONDS)
        kill(live.api)
        live.api.start()
        eventually(lambda: listener.deaths > DEATHS // 2, RECOVERY_SECONDS)
        kill(live.valkey)
        live.valkey.forget()
        live.valkey.start()
        edits = editing.result()
        live.await_rest()
        listener.until(1 + edits)

    (reset, *told) = listener.events
    assert reset["__typename"] == "StreamResetEvent"
    assert {event["__typename"] for event in told} == {"PostUpdatedEvent"}
    assert [[event["occurredAt"]] for event in told] == live.sql(LOGGED.format(f"post:{PostId.parse(post).id}"))
    assert len(told) == edits


def edit_until(author: Device, post: str, listener: MortalListener) -> int:
    """Change the caption until the client has died often enough; how often that was."""
    for number in count(1):
        author.do(EDIT, postId=post, caption=f"Version {number}")
        if listener.deaths >= DEATHS:
            return number
    raise AssertionError
