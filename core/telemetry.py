"""Logs as JSON lines, and the request id that a request, its jobs and its log lines share."""

import logging
import random
import re
import sys
import time
import traceback
from contextvars import ContextVar
from datetime import datetime
from json import JSONEncoder
from typing import Any, Final

import orjson
import structlog

from core import clock

LINE_LIMIT: Final = 4096
FRAMES: Final = 12

BLOT: Final = "[removed]"
# Mail addresses, access and identity tokens, refresh tokens, bearer headers, hashes of passwords.
_SECRET: Final = re.compile(
    r"[^\s@<>\"'=:/?&,;]+@[\w-]+(?:\.[\w-]+)+"
    r"|\beyJ[\w-]+\.[\w-]+\.[\w-]*|\brfr_[\w=-]+"
    r"|\b[Bb]earer [^\s<>\"']+|\$argon2\w*\$[^\s<>\"']+"
)
_GIVEAWAY: Final = re.compile(r"@|eyJ|rfr_|[Bb]earer |\$argon2")
_SANE_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_REQUESTS: Final = logging.getLogger("aperture.requests")
_LEVELS: Final = {logging.DEBUG: "debug", logging.INFO: "info"}
_request_id: ContextVar[str] = ContextVar("request_id", default="")
_notes: ContextVar[dict[str, Any] | None] = ContextVar("notes", default=None)


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """The log of one module; fields are keywords, the event is a short constant word or two."""
    return structlog.stdlib.get_logger(name)


def request_id() -> str:
    """The id of the request, socket or job that is being served; empty outside of one."""
    return _request_id.get()


def sane_request_id(wish: str) -> str:
    """The caller's own request id if it is 1 to 64 plain characters, else a new one."""
    return wish if wish and _SANE_ID.fullmatch(wish) else f"{random.getrandbits(128):032x}"


class serving:  # noqa: N801 - read as a verb, and a plain class since a generator takes several times as long
    """Carry this request id through everything done inside; a job begins with the id its outbox row kept."""

    __slots__ = ("_request", "_token")

    def __init__(self, request: str) -> None:
        self._request = request

    def __enter__(self) -> None:
        self._token = _request_id.set(self._request)

    def __exit__(self, *_: object) -> None:
        _request_id.reset(self._token)


class one_line:  # noqa: N801 - as above
    """Write one line when the work inside ends: its time in milliseconds and all that was noted meanwhile.

    There is one for each request, so it takes none of the steps of other lines that it does not need.
    """

    __slots__ = ("_began", "_event", "_level", "_notes", "_token")

    def __init__(self, event: str, level: int = logging.INFO, **fields: Any) -> None:
        self._event = event
        self._level = level
        self._notes = fields

    def __enter__(self) -> None:
        self._token = _notes.set(self._notes)
        self._began = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        _notes.reset(self._token)
        if _REQUESTS.isEnabledFor(self._level):
            line = {
                "event": self._event,
                "level": _LEVELS[self._level],
                "logger": _REQUESTS.name,
                "timestamp": clock.machine_time(),
                "request": _request_id.get(),
                **self._notes,
                # Cut to tenths: to round a float takes ten times as long.
                "ms": int((time.perf_counter() - self._began) * 10_000) / 10,
            }
            _write(_rendered(line))


def note(**fields: Any) -> None:
    """Add fields to the line of the work that is being done; outside of one they are dropped."""
    notes = _notes.get()
    if notes is not None:
        notes.update(fields)


def configure(level: str = "INFO", *, shows_messages: bool = False) -> None:
    """Send every logger of this process to standard error as JSON lines of at most 4 KB.

    Errors are told by class and place. Their messages can hold values of people, so only development shows them.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_request_id,
        _told_error(shows_messages=shows_messages),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            lambda _logger, _method, event: _rendered(event),
        ],
    )
    handler = _StandardError()
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [*(one for one in root.handlers if not isinstance(one, _StandardError)), handler]
    root.setLevel(level.upper())


class _StandardError(logging.Handler):
    """Writes to whatever standard error is at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            _write(self.format(record))
        except Exception:  # noqa: BLE001 - a log that cannot be written must not break what it tells of
            self.handleError(record)


def _add_request_id(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    if request := _request_id.get():
        event.setdefault("request", request)
    return event


def _told_error(*, shows_messages: bool) -> structlog.typing.Processor:
    def tell(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        error = event.pop("exc_info", None)
        if error is True:
            error = sys.exc_info()
        if isinstance(error, tuple):
            error = error[1]
        if isinstance(error, BaseException):
            event["error"] = type(error).__name__
            event["where"] = _frames(error)
            if shows_messages:
                event["message"] = str(error)
        return event

    return tell


def _frames(error: BaseException) -> list[str]:
    """Where it was raised, the innermost frame first."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    return [f"{_module(frame.filename)}:{frame.lineno} {frame.name}" for frame in reversed(frames)]


def _module(path: str) -> str:
    return path.rpartition("site-packages/")[2]


def _rendered(event: structlog.typing.EventDict) -> str:
    """ASCII JSON, so that control characters and line separators are escaped; the longest fields are cut to fit.

    No log of ours has an address or a token in it. Should one come with the words of a library, it is blotted out.
    """
    line = _plain(event) or _json(event)
    if _GIVEAWAY.search(line):
        event = {name: _blotted(value) for name, value in event.items()}
        line = _json(event)
    while len(line) >= LINE_LIMIT:
        longest = max(event, key=lambda field: len(_json(event[field])))
        value = event[longest]
        text = value if isinstance(value, str) else _json(value)
        event[longest] = text[: len(text) // 2]
        line = _json(event)
    return line


def _blotted(value: Any) -> Any:
    """The value without what nobody may read in a log."""
    if isinstance(value, str):
        return _SECRET.sub(BLOT, value)
    if isinstance(value, dict):
        return {_blotted(name): _blotted(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_blotted(each) for each in value]
    return value if value is None or isinstance(value, bool | int | float) else _SECRET.sub(BLOT, _text(value))


def _plain(event: structlog.typing.EventDict) -> str | None:
    """The same text, faster, if it has nothing to escape but what every JSON text escapes."""
    try:
        line = orjson.dumps(event, default=str, option=orjson.OPT_UTC_Z)
    except orjson.JSONEncodeError:
        return None
    return line.decode() if line.isascii() and b"\x7f" not in line else None


def _text(value: Any) -> str:
    """What JSON has no form for, moments as orjson writes them."""
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else str(value)


_json: Final = JSONEncoder(default=_text).encode


def _write(line: str) -> None:
    try:  # noqa: SIM105 - once for each request, and `suppress` takes longer than the writing
        sys.stderr.write(line + "\n")
    except (OSError, ValueError):  # a log that cannot be written must not break what it tells of
        pass
