"""Spans sent by OTLP over HTTP; imported only where tracing is switched on, since the extra `otel` may be missing."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from core.tracing import NOTHING, About, End, Kind, Span

LAST_SECONDS: Final = 3.0

_KINDS: Final = {
    "internal": SpanKind.INTERNAL,
    "server": SpanKind.SERVER,
    "consumer": SpanKind.CONSUMER,
}


def connect(service: str) -> tuple["OtlpTracer", Callable[[], None]]:
    """A tracer that sends by the standard variables, and what sends the last spans, in three seconds or not at all."""
    named = {} if "OTEL_SERVICE_NAME" in os.environ else {SERVICE_NAME: service}
    provider = TracerProvider(resource=Resource.create(named), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))

    def end() -> None:
        ending = threading.Thread(target=provider.shutdown, daemon=True)
        ending.start()
        ending.join(LAST_SECONDS)

    return OtlpTracer(provider), end


class OtlpTracer:
    """Spans of one provider."""

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer("aperture")
        self._propagator = TraceContextTextMapPropagator()

    @contextmanager
    def span(self, name: str, kind: Kind, parent: str | None, about: About) -> Iterator[Span]:
        """See `core.tracing.span`. Errors are told by their class: a message can hold what people wrote."""
        is_inside = _is_inside()
        if kind == "internal" and not is_inside:
            yield NOTHING
            return
        if kind == "server" and is_inside:
            kind = "internal"
        above = self._propagator.extract({"traceparent": parent}) if parent else None
        with self._tracer.start_as_current_span(
            name, above, _KINDS[kind], about, record_exception=False, set_status_on_exception=False
        ) as current:
            try:
                yield OtlpSpan(current)
            except BaseException as error:
                _tell_error(current, error)
                raise

    def call(self, name: str, about: About) -> End:
        """See `core.tracing.call`."""
        if not _is_inside():
            return lambda _: None
        span = self._tracer.start_span(name, kind=SpanKind.CLIENT, attributes=about)

        def end(error: BaseException | None) -> None:
            if error is not None:
                _tell_error(span, error)
            span.end()

        return end

    def traceparent(self) -> str | None:
        """The W3C name of the open span."""
        carrier: dict[str, str] = {}
        self._propagator.inject(carrier)
        return carrier.get("traceparent")


class OtlpSpan:
    """One span."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    @property
    def trace_id(self) -> str:
        """The 32 digits that name its trace."""
        return trace.format_trace_id(self._span.get_span_context().trace_id)

    def tell(self, about: About, name: str | None = None) -> None:
        """Give it more attributes, and another name."""
        if name is not None:
            self._span.update_name(name)
        self._span.set_attributes(about)


def _is_inside() -> bool:
    return trace.get_current_span().get_span_context().is_valid


def _tell_error(span: trace.Span, error: BaseException) -> None:
    span.set_attribute("error.type", type(error).__name__)
    span.set_status(Status(StatusCode.ERROR))
