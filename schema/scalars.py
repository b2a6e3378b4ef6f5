"""Scalars of the graph: how each is written, and what is accepted for it."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, NewType
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

BigInt = NewType("BigInt", int)
Blurhash = NewType("Blurhash", str)
HexColor = NewType("HexColor", str)
LanguageTag = NewType("LanguageTag", str)
TimeZone = NewType("TimeZone", str)
URL = NewType("URL", str)

LARGEST = 2**53 - 1
"""The largest whole number that every JSON reader keeps exact."""

LONGEST_URL = 2048
"""Characters of the longest URL that is accepted."""

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_COLOR = re.compile(r"#[0-9a-f]{6}")
_BLURHASH = re.compile(r"[0-9A-Za-z#$%*+,\-.:;=?@\[\]^_{|}~]{6,166}")
_LANGUAGE = re.compile(
    r"(?P<language>[a-z]{2,3})(-(?P<script>[a-z]{4}))?(-(?P<region>[a-z]{2}|[0-9]{3}))?(?P<rest>(-[a-z0-9]{4,8}){0,3})",
    re.ASCII | re.IGNORECASE,
)
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s\x00-\x20\x7f\ud800-\udfff]+")


def _text(value: Any, form: re.Pattern[str], expected: str) -> re.Match[str]:
    found = form.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise GraphQLError(expected)
    return found


def write_moment(value: datetime) -> str:
    """A moment in UTC with milliseconds, ending in `Z`; one without a zone is a fault of ours."""
    if value.tzinfo is None:
        raise ValueError("a moment without a time zone")
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read_moment(value: Any) -> datetime:
    """A moment with any offset, turned to UTC."""
    expected = "Expected a moment as 2026-03-09T17:45:00.000Z."
    text = _text(value, _MOMENT, expected)[0]
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise GraphQLError(expected) from None


def read_day(value: Any) -> date:
    """A day of the calendar."""
    expected = "Expected a date as 2026-03-09."
    text = _text(value, _DAY, expected)[0]
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise GraphQLError(expected) from None


def read_big(value: Any) -> int:
    """A whole number from 0 to 2^53 - 1."""
    if type(value) is not int or not 0 <= value <= LARGEST:
        raise GraphQLError(f"Expected a whole number from 0 to {LARGEST}.")
    return value


def read_url(value: Any) -> str:
    """An absolute URL with a host."""
    expected = f"Expected an absolute URL of at most {LONGEST_URL} characters."
    text = _text(value, _URL, expected)[0]
    try:
        parts = urlsplit(text)
        leads_somewhere = bool(parts.hostname) and parts.port != 0
    except ValueError:
        leads_somewhere = False
    if not leads_somewhere or len(text) > LONGEST_URL:
        raise GraphQLError(expected)
    return text


def read_language(value: Any) -> str:
    """A language tag in its usual case, as `pt-BR` or `zh-Hant`."""
    found = _text(value, _LANGUAGE, "Expected a language tag as en or pt-BR.")
    parts = [found["language"].lower(), (found["script"] or "").title(), (found["region"] or "").upper()]
    return "-".join(part for part in parts if part) + found["rest"].lower()


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset({"UTC", *available_timezones()})


def read_zone(value: Any) -> str:
    """A time zone this machine knows."""
    if not isinstance(value, str) or value not in _zones():
        raise GraphQLError("Expected the name of a time zone as Europe/Lisbon.")
    return value


def _read(form: re.Pattern[str], expected: str) -> Callable[[Any], str]:
    return lambda value: _text(value, form, expected)[0]


SCALARS: dict[object, ScalarDefinition] = {
    BigInt: strawberry.scalar(name="BigInt", parse_value=read_big),
    Blurhash: strawberry.scalar(
        name="Blurhash",
        parse_value=_read(_BLURHASH, "Expected a Blurhash."),
        specified_by_url="https://github.com/woltapp/blurhash/blob/master/Algorithm.md",
    ),
    date: strawberry.scalar(
        name="Date",
        serialize=date.isoformat,
        parse_value=read_day,
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339#section-5.6",
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        serialize=write_moment,
        parse_value=read_moment,
        specified_by_url="https://scalars.graphql.org/andimarek/date-time.html",
    ),
    HexColor: strawberry.scalar(name="HexColor", parse_value=_read(_COLOR, "Expected a color as #rrggbb.")),
    LanguageTag: strawberry.scalar(
        name="LanguageTag", parse_value=read_language, specified_by_url="https://www.rfc-editor.org/info/bcp47"
    ),
    TimeZone: strawberry.scalar(
        name="TimeZone", parse_value=read_zone, specified_by_url="https://www.iana.org/time-zones"
    ),
    URL: strawberry.scalar(name="URL", parse_value=read_url, specified_by_url="https://url.spec.whatwg.org/"),
}
"""What `StrawberryConfig.scalar_map` gets: Python's own `datetime` and `date`, and the names above."""
