"""Thousands of subscribers in one process of their own, as cheap as Python makes them: `bench.live` starts it.

One thread waits for all sockets at once and looks at each frame just long enough to find the number in it and
the time. Plans come as lines of JSON on standard input, and what was received goes out the same way.
"""

import base64
import json
import os
import select
import socket
import sys
import time
from array import array
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, field
from typing import Any, Final

MARK: Final = b"event-"
DIGITS: Final = 6
BATCH: Final = 25
QUIET_SECONDS: Final = 15.0
AGAIN_SECONDS: Final = 0.5
TEXT, PING, PONG, CLOSE = 0x81, 0x89, 0x8A, 0x88
# A reader that stopped long ago: whatever it does not take must wait at the server.
IDLE_BUFFER: Final = 4096


@dataclass(frozen=True)
class Person:
    """Who opens a socket: the token, if any, and the address it comes from."""

    token: str | None
    address: str


@dataclass(frozen=True)
class Plan:
    """Whom to connect to, who does, and what they subscribe to; the last `idle` of them never read again."""

    port: int
    people: list[Person]
    query: str
    variables: dict[str, Any]
    idle: int = 0

    @classmethod
    def parse(cls, text: str) -> "Plan":
        told = json.loads(text)
        return cls(**{**told, "people": [Person(**each) for each in told["people"]]})


@dataclass
class Received:
    """What came of it: counts of frames, milliseconds from commit to receipt, and this process's CPU seconds.

    `astray` are frames that were told twice, out of order, or show the post as it was before their event.
    """

    events: int = 0
    frames: int = 0
    expected: int = 0
    astray: int = 0
    closed: dict[str, int] = field(default_factory=dict)
    p50: float = 0
    p99: float = 0
    slowest: float = 0
    cpu_seconds: float = 0


class Reader:
    """One socket: what it has of an unfinished frame, how many events it was told, and the number in the latest."""

    __slots__ = ("latest", "rest", "socket", "told")

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self.rest = b""
        self.told = 0
        self.latest = -1

    def send(self, kind: int, payload: bytes) -> None:
        """One masked frame; the mask is zero, which servers may not mind."""
        size = len(payload)
        head = bytes([kind, 0x80 | size]) if size < 126 else bytes([kind, 0xFE]) + size.to_bytes(2)
        self.socket.sendall(head + b"\0\0\0\0" + payload)

    def say(self, message: dict[str, Any]) -> None:
        self.send(TEXT, json.dumps(message).encode())

    def frames(self, data: bytes) -> list[tuple[int, bytes]]:
        """The whole frames in what has arrived; servers do not mask theirs."""
        data, found, at = self.rest + data, [], 0
        while len(data) - at >= 2:
            size, start = data[at + 1], at + 2
            if size == 126:
                size, start = int.from_bytes(data[at + 2 : at + 4]), at + 4
            elif size == 127:
                size, start = int.from_bytes(data[at + 2 : at + 10]), at + 10
            if len(data) < start + size:
                break
            found.append((data[at], data[start : start + size]))
            at = start + size
        self.rest = data[at:]
        return found


class Crowd:
    """All subscribers of one run."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._readers: dict[int, Reader] = {}
        self._idle: list[Reader] = []
        self._poll = select.epoll()
        self._arrived: dict[int, array[float]] = defaultdict(lambda: array("d"))
        self._closed: Counter[str] = Counter()
        self._astray = 0
        self._latest_frame = 0.0
        self._cpu = 0.0

    def gather(self) -> None:
        """Connect and subscribe all, some at a time; everybody has been told something when this returns."""
        people = self._plan.people
        awake = len(people) - self._plan.idle
        for start in range(0, len(people), BATCH):
            readers = [self._connected(each, n >= awake) for n, each in enumerate(people[start : start + BATCH], start)]
            for each in readers:
                _read_head(each.socket)
            for each, person in zip(readers, people[start:], strict=False):
                token = {"authorization": f"Bearer {person.token}"} if person.token else {}
                each.say({"type": "connection_init", "payload": token})
            for each in readers:
                _heard(each, b'"connection_ack"')
            self._subscribe(readers)
            for n, each in enumerate(readers, start):
                self._take(each, is_idle=n >= awake)
            self._read_all(0)

    def _subscribe(self, readers: list[Reader]) -> None:
        """Subscribe, and again those whom a server with too much to do has sent away."""
        asked = {"query": self._plan.query, "variables": self._plan.variables}
        while readers:
            for each in readers:
                each.say({"id": "1", "type": "subscribe", "payload": asked})
            readers = [each for each in readers if b'"UNAVAILABLE"' in _heard(each, b'"next"', b'"UNAVAILABLE"')]
            time.sleep(AGAIN_SECONDS if readers else 0)

    def listen(self) -> dict[int, float]:
        """Read until standard input brings the times of all commits, and on until all has come or nothing comes."""
        self._poll.register(0, select.EPOLLIN)
        self._cpu = time.process_time()
        commits: dict[int, float] = {}
        while not (commits and self._is_over(commits)):
            if self._read_all(1):
                self._poll.unregister(0)
                told = json.loads(sys.stdin.readline() or sys.exit())
                commits = {int(event): at for event, at in told.items()}
                self._latest_frame = max(self._latest_frame, time.monotonic())
        return commits

    def _read_all(self, seconds: float) -> bool:
        """Read whatever has come, or comes so soon; True if it is standard input's turn."""
        ready = [number for number, _ in self._poll.poll(seconds)]
        for number in ready:
            if number:
                self._read(self._readers[number])
        return 0 in ready

    def received(self, commits: dict[int, float]) -> Received:
        """The figures of the events in `commits`."""
        delays = sorted((at - commits[event]) * 1000 for event in commits for at in self._arrived[event])
        told = Received(
            events=len(commits),
            frames=len(delays),
            expected=len(commits) * (len(self._plan.people) - self._plan.idle),
            astray=self._astray + sum(len(times) for event, times in self._arrived.items() if event not in commits),
            closed=dict(self._closed),
            cpu_seconds=time.process_time() - self._cpu,
        )
        if delays:
            told.p50, told.p99, told.slowest = delays[len(delays) // 2], delays[int(len(delays) * 0.99)], delays[-1]
        return told

    def _connected(self, person: Person, is_idle: bool) -> Reader:  # noqa: FBT001 - said once, above
        connection = socket.socket()
        if is_idle:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, IDLE_BUFFER)
        connection.bind((person.address, 0))
        connection.connect(("127.0.0.1", self._plan.port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(
            b"GET /graphql HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
            b"sec-websocket-version: 13\r\nsec-websocket-protocol: graphql-transport-ws\r\n"
            b"sec-websocket-key: " + base64.b64encode(os.urandom(16)) + b"\r\n\r\n"
        )
        return Reader(connection)

    def _take(self, reader: Reader, *, is_idle: bool) -> None:
        if is_idle:
            self._idle.append(reader)
            return
        reader.socket.settimeout(0)
        self._readers[reader.socket.fileno()] = reader
        self._poll.register(reader.socket.fileno(), select.EPOLLIN)

    def _read(self, reader: Reader) -> None:
        data = reader.socket.recv(65536)
        now = time.monotonic()
        if not data:
            self._gone(reader, "without a word")
        for kind, payload in reader.frames(data):
            if kind == TEXT:
                self._note(reader, payload, now)
            elif kind == PING:
                reader.send(PONG, payload)
            elif kind == CLOSE:
                self._gone(reader, str(int.from_bytes(payload[:2])))

    def _note(self, reader: Reader, payload: bytes, now: float) -> None:
        at = payload.find(MARK)
        if at < 0:
            self._closed[payload[:200].decode()] += 1
            return
        number = int(payload[at + len(MARK) : at + len(MARK) + DIGITS])
        if number < max(reader.latest, reader.told):
            self._astray += 1
        self._arrived[reader.told].append(now)
        reader.latest, reader.told = number, reader.told + 1
        self._latest_frame = now

    def _gone(self, reader: Reader, why: str) -> None:
        self._closed[why] += 1
        self._poll.unregister(reader.socket.fileno())
        del self._readers[reader.socket.fileno()]
        reader.socket.close()

    def _is_over(self, commits: dict[int, float]) -> bool:
        awake = len(self._plan.people) - self._plan.idle
        is_whole = all(len(self._arrived[event]) >= awake for event in commits)
        return is_whole or time.monotonic() - self._latest_frame > QUIET_SECONDS


def _read_head(connection: socket.socket) -> None:
    connection.settimeout(60)
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        more = connection.recv(4096)
        head += more
        if not more:
            break
    if not head.startswith(b"HTTP/1.1 101 "):
        raise SystemExit(f"The server refuses sockets: {head.decode(errors='replace')}")


def _heard(reader: Reader, *expected: bytes) -> bytes:
    """The next message, which has to be one of the expected ones."""
    while not (frames := reader.frames(reader.socket.recv(65536))):
        continue
    text = frames[0][1]
    if not any(each in text for each in expected):
        raise SystemExit(f"The server says: {text.decode(errors='replace')}")
    return text


def main() -> None:
    """Gather, say so, listen, and tell."""
    crowd = Crowd(Plan.parse(sys.stdin.readline()))
    crowd.gather()
    print("standing", flush=True)
    commits = crowd.listen()
    print(json.dumps(asdict(crowd.received(commits))), flush=True)


if __name__ == "__main__":
    main()
