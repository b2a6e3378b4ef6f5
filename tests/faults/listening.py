"""Devices that listen to a stream, come back with its last cursor whatever happens, and drop what they know."""

import json
from threading import Event, Thread
from typing import Any, Self

from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from core.ids import PostId, UserId
from tests.devices import PAUSE_SECONDS, Device
from tests.live import RECOVERY_SECONDS, Live
from tests.waiting import eventually

HOME = """subscription ($after: String) { event: homeFeedEvents(after: $after) {
  __typename cursor ... on HomeFeedNewPostsEvent { hint { newPostCount authors { id } } } } }"""
POST = """subscription ($postIds: [ID!]!, $after: String) { event: postEvents(postIds: $postIds, after: $after) {
  __typename cursor ... on PostEngagementEvent { post { likeCount commentCount } } } }"""

_PROTOCOL = Subprotocol("graphql-transport-ws")
_RETRYABLE = {"UNAVAILABLE", "TIMEOUT"}


class Listener:
    """Listens while the block runs, from the moment at which the server watches `topic`.

    `events` holds every event once, in order; `closes` the codes sockets were closed with; `breaks` how streams ended.
    """

    pause_seconds = PAUSE_SECONDS

    def __init__(self, live: Live, device: Device, topic: str, document: str, **variables: Any) -> None:
        self.events: list[Any] = []
        self.closes: list[int] = []
        self.breaks: list[str] = []
        self._live = live
        self._token = device.token
        self._topic = topic
        self._query = document
        self._variables = variables
        self._cursor: str | None = None
        self._socket: ClientConnection | None = None
        self._over = Event()
        self._failure: BaseException | None = None
        self._thread = Thread(target=self._listen)

    def __enter__(self) -> Self:
        self._thread.start()
        eventually(lambda: [self._topic] in self._live.sql("select topic from topics"))
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.cut()
        self._thread.join()

    def cut(self) -> None:
        """Lose the connection, as in a tunnel."""
        if self._socket is not None:
            self._socket.close_socket()

    def until(self, count: int) -> None:
        """Wait until there were so many events; raises what went wrong."""
        eventually(lambda: self._failure is not None or len(self.events) >= count, RECOVERY_SECONDS)
        if self._failure is not None:
            raise self._failure

    def _listen(self) -> None:
        url = f"ws://{self._live.site.url.partition('//')[2]}/graphql"
        try:
            while not self._over.is_set():
                try:
                    with connect(url, subprotocols=[_PROTOCOL], compression=None, proxy=None) as self._socket:
                        self._converse(self._socket)
                except ConnectionClosed as closed:
                    self.closes.append(closed.rcvd.code if closed.rcvd else 1006)
                except (OSError, InvalidHandshake):
                    self.closes.append(1006)
                self._over.wait(self.pause_seconds)
        except BaseException as failure:  # noqa: BLE001 - told to whoever waits
            self._failure = failure

    def _converse(self, socket: ClientConnection) -> None:
        """Speak the protocol. A stream that ends is begun again on its socket; an unread event costs the socket."""
        _send(socket, type="connection_init", payload={"authorization": f"Bearer {self._token}"})
        for text in socket:
            message = json.loads(text)
            match message["type"]:
                case "connection_ack":
                    self._subscribe(socket)
                case "next" if "errors" in message["payload"]:
                    self._break(message["payload"]["errors"])
                    return
                case "next":
                    self._hear(message["payload"]["data"]["event"])
                case "error":
                    self._break(message["payload"])
                    self._over.wait(PAUSE_SECONDS)
                    self._subscribe(socket)
                case other:
                    raise AssertionError(other)

    def _subscribe(self, socket: ClientConnection) -> None:
        variables = {**self._variables, "after": self._cursor}
        _send(socket, type="subscribe", id="1", payload={"query": self._query, "variables": variables})

    def _hear(self, event: Any) -> None:
        if event["cursor"] not in {known["cursor"] for known in self.events}:
            self.events.append(event)
        self._cursor = event["cursor"]

    def _break(self, errors: Any) -> None:
        codes = [error["extensions"]["code"] for error in errors]
        assert set(codes) <= _RETRYABLE, errors
        self.breaks += codes


def home_listener(live: Live, device: Device) -> Listener:
    """Listens to what happens to the home feed of a person."""
    return Listener(live, device, f"home:{UserId.parse(device.id).id}", HOME)


def post_listener(live: Live, device: Device, post: str) -> Listener:
    """Listens to what happens to one post."""
    return Listener(live, device, f"post:{PostId.parse(post).id}", POST, postIds=[post])


def _send(socket: ClientConnection, **message: Any) -> None:
    socket.send(json.dumps(message))
