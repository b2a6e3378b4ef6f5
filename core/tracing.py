"""Spans: how long a request, its phases, its statements and all that follows from it take, as one trace.

Nothing is traced, and it costs next to nothing, unless the environment says where the spans go: then `core.otlp` sends
them. Spans hold no content: no variables, no literals, no parameters of statements, no messages of errors.
"""

import importlib.util
import os
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Final, Literal, Protocol, Self

from core import telemetry

Kind = Literal["internal", "server", "consumer"]
About = Mapping[str, str | int | float | bool]

_EMPTY: Final[About] = {}
_TRACEPARENT: Final = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")

log = telemetry.logger(__name__)


class Span(Protocol):
    """One span while it is open."""

    @property
    def trace_id(self) -> str: ...

    def tell(self, about: About, name: str | None = None) -> None:
        """Give it more attributes, and another name."""


End = Callable[[BaseException | None], None]
"""Ends a span, with the error that ended its work."""


class Tracer(Protocol):
    """Where spans go."""

    def call(self, name: str, about: About) -> End: ...

    def span(self, name: str, kind: Kind, parent: str | None, about: About) -> AbstractContextManager[Span]: ...

    def traceparent(self) -> str | None: ...


class _Nothing:
    """The span of a process that does not trace."""

    trace_id = ""

    def tell(self, about: About, name: str | None = None) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


NOTHING: Final = _Nothing()
_tracer: Tracer | None = None


def span(
    name: str, kind: Kind = "internal", parent: str | None = None, about: About = _EMPTY
) -> AbstractContextManager[Span]:
    """A span around the block, with attributes `about` it.

    An internal one is only there inside of another, and a server's counts as internal there. `parent` is the W3C
    `traceparent` under which it begins, that of another process or of what was done before.
    """
    return NOTHING if _tracer is None else _tracer.span(name, kind, parent, about)


def call(name: str, about: About) -> End:
    """A client's span inside of another one, which nothing else is inside of; the answer ends it."""
    return _end_nothing if _tracer is None else _tracer.call(name, about)


def _end_nothing(_error: BaseException | None) -> None:
    pass


def is_on() -> bool:
    """Whether this process traces."""
    return _tracer is not None


def traceparent() -> str | None:
    """The W3C name of the open span, to be carried to where its work goes on."""
    return None if _tracer is None else _tracer.traceparent()


def trace_id_of(traceparent: str) -> str:
    """The 32 digits that name the trace in a W3C `traceparent`; empty for anything else."""
    found = _TRACEPARENT.fullmatch(traceparent)
    return found[1] if found else ""


def use(tracer: Tracer | None) -> None:
    """Send the spans of this process to `tracer`, or trace nothing."""
    global _tracer  # noqa: PLW0603 - one tracer per process
    _tracer = tracer


def configure(service: str) -> Callable[[], None]:
    """Trace if the standard variables of OpenTelemetry say where to; answers what sends the last spans at the end."""
    if not _is_wanted():
        return lambda: None
    if importlib.util.find_spec("opentelemetry.sdk") is None:
        log.warning("not traced", reason="the extra `otel` is not installed")
        return lambda: None
    otlp = importlib.import_module("core.otlp")
    tracer, end = otlp.connect(service)
    use(tracer)
    return end  # type: ignore[no-any-return]  # a module that is not always there


def _is_wanted() -> bool:
    if os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    exporter = os.environ.get("OTEL_TRACES_EXPORTER")
    has_address = any(f"OTEL_EXPORTER_OTLP_{part}ENDPOINT" in os.environ for part in ("", "TRACES_"))
    return exporter == "otlp" or (exporter is None and has_address)
