"""What every process counts of itself, by the names that Prometheus shows; `docs/operate.md` explains each."""

from collections.abc import Iterable
from typing import Final

from cachetools import LRUCache
from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector, disable_created_metrics

from core import tallies
from core.tallies import Histogram

REGISTRY: Final = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
disable_created_metrics()  # type: ignore[no-untyped-call]  # the library says no types here

_SECONDS: Final = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_LONG_SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900)
_LAG_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
_POINTS: Final = (1, 5, 10, 25, 50, 100, 250, 500, 1000, 2000)
_STATEMENTS: Final = (0, 1, 2, 3, 5, 8, 13, 21, 34)


def _counter(name: str, words: str, *labels: str) -> Counter:
    return Counter(f"aperture_{name}", words, labels, registry=REGISTRY)


def _tally(name: str, words: str, *labels: str) -> tallies.Counter:
    return tallies.Counter(f"aperture_{name}", words, labels, registry=REGISTRY)


def _gauge(name: str, words: str, *labels: str) -> Gauge:
    return Gauge(f"aperture_{name}", words, labels, registry=REGISTRY)


def _histogram(name: str, words: str, buckets: Iterable[float], *labels: str) -> Histogram:
    return Histogram(f"aperture_{name}", words, labels, registry=REGISTRY, buckets=buckets)


HTTP_RESPONSES = _tally("http_responses", "Answers to HTTP requests.", "status")
OPERATIONS = _tally("operations", "Operations by how they ended.", "operation", "kind", "outcome")
OPERATION_SECONDS = _histogram("operation_seconds", "Time of an operation.", _SECONDS, "operation", "kind")
OPERATION_POINTS = _histogram("operation_points", "Cost of an operation before it ran.", _POINTS, "kind")
OPERATION_STATEMENTS = _histogram("operation_statements", "SQL statements of an operation.", _STATEMENTS, "kind")
OPERATIONS_RUNNING = _gauge("operations_running", "Queries and mutations that run.")
OPERATIONS_WAITING = _gauge("operations_waiting", "Queries and mutations that wait for a place.")
UNPLANNED = _counter("unplanned", "Operations run by the reference executor, since they have no plan.", "reason")
SHED = _counter("shed", "Operations and fields refused for there was too much to do.", "rank", "reason")
ERRORS = _counter("errors", "Errors at the top level of answers.", "code")
REFUSALS = _counter("refusals", "Refusals told in the payload of a mutation.", "code")

CONNECTIONS = _gauge("connections", "Sockets and event streams that are open.", "transport")
SUBSCRIPTIONS = _gauge("subscriptions", "Subscriptions that are open.")
EVENT_SECONDS = _histogram("event_seconds", "Time to answer one event of a subscription.", _SECONDS, "operation")
EVENT_LAG = _histogram("event_lag_seconds", "From a fact to the telling of its event.", _LONG_SECONDS, "stream")

LOOP_LAG = _histogram("loop_lag_seconds", "How late the event loop comes to what is due.", _LAG_SECONDS).labels()
STATEMENT_SECONDS = _histogram("statement_seconds", "Time of an SQL statement.", _SECONDS).labels()
POOL_SIZE = _gauge("pool_connections_max", "Connections that may be open at once.", "pool")
POOL_USED = _gauge("pool_connections_used", "Connections in use.", "pool")
POOL_WAITING = _gauge("pool_waiting", "Who waits for a connection.", "pool")
CACHE_FAILURES = _counter("redis_failures", "Calls that found no Redis.")

OUTBOX_WAITING = _gauge("outbox_waiting", "Facts that wait for the relay.")
OUTBOX_AGE = _gauge("outbox_age_seconds", "Age of the oldest fact that waits for the relay.")
TASKS_OPEN = _gauge("tasks_open", "Tasks that are not done.", "queue", "consequence")
TASKS_DEAD = _gauge("tasks_dead", "Tasks that failed in every try and wait for the operator.")
TASK_AGE = _gauge("task_age_seconds", "Age of the fact behind the oldest open task.", "queue")
TASKS = _counter("tasks", "Tries of tasks by how they ended.", "consequence", "outcome")
TASK_SECONDS = _histogram("task_seconds", "Time of one try of a task.", _LONG_SECONDS, "consequence")
TASK_DELAY = _histogram("task_delay_seconds", "From a fact to the end of a task it led to.", _LONG_SECONDS, "queue")
PART_WELL = _gauge("part_well", "Whether a part was well when `/health/ready` looked at it.", "part")
PERIODIC_FAILURES = _counter("periodic_failures", "Turns of periodic work that failed.", "work")


class Names:
    """Names that clients choose, as values of a label: the known ones, those that come often, and `other`.

    Whoever invents names fills a bounded number of places and no memory: a name gets one of `places` when it has come
    `sightings` times while it was remembered, and keeps it.
    """

    def __init__(self, known: Iterable[str] = (), *, places: int = 200, sightings: int = 20, longest: int = 60) -> None:
        self._shown = set(known)
        self._free = places
        self._sightings = sightings
        self._longest = longest
        self._seen: LRUCache[str, int] = LRUCache(10 * places)

    def __getitem__(self, name: str | None) -> str:
        """The label of a name."""
        if name is None:
            return "unnamed"
        if name in self._shown:
            return name
        if self._free and len(name) <= self._longest:
            self._seen[name] = self._seen.get(name, 0) + 1
            if self._seen[name] >= self._sightings:
                self._free -= 1
                self._shown.add(name)
                return name
        return "other"
