"""Spans leave by the standard variables of OpenTelemetry, and by nothing else."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from core import tracing

_VARIABLES = ("OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER", "OTEL_SERVICE_NAME")


class Collector(ThreadingHTTPServer):
    """Takes what is sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Taking)
        self.bodies: list[bytes] = []


class _Taking(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        self.server.bodies.append(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(autouse=True)
def _off_again(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in _VARIABLES:
        monkeypatch.delenv(name, raising=False)
    yield
    tracing.use(None)


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """Where the environment says spans go."""
    with Collector() as taking:
        thread = threading.Thread(target=taking.serve_forever)
        thread.start()
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{taking.server_port}")
        yield taking
        taking.shutdown()
        thread.join()


def test_spans_are_sent_to_where_the_environment_says(collector: Collector) -> None:
    end = tracing.configure("aperture-test")
    with tracing.span("GET /somewhere", "server"):
        pass
    end()

    (body,) = collector.bodies
    assert b"GET /somewhere" in body
    assert b"aperture-test" in body


@pytest.mark.parametrize("setting", [("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_EXPORTER", "none")])
def test_what_the_environment_switches_off_is_not_traced(
    collector: Collector, monkeypatch: pytest.MonkeyPatch, setting: tuple[str, str]
) -> None:
    monkeypatch.setenv(*setting)

    tracing.configure("aperture-test")()

    assert not tracing.is_on()


def test_without_a_word_from_the_environment_nothing_is_traced() -> None:
    tracing.configure("aperture-test")()

    with tracing.span("GET /somewhere", "server") as span:
        assert (span.trace_id, tracing.traceparent()) == ("", None)
