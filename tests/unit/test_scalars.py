"""Scalars: what is written, what is accepted, and what is refused in plain words."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from graphql import GraphQLError

from schema.scalars import (
    LARGEST,
    SCALARS,
    Blurhash,
    HexColor,
    read_big,
    read_day,
    read_language,
    read_moment,
    read_url,
    read_zone,
    write_moment,
)


def test_a_moment_is_written_in_utc_with_milliseconds() -> None:
    lisbon_in_summer = timezone(timedelta(hours=1))

    assert write_moment(datetime(2026, 7, 9, 18, 45, 0, 123456, lisbon_in_summer)) == "2026-07-09T17:45:00.123Z"
    assert write_moment(datetime(2026, 3, 9, 17, 45, tzinfo=UTC)) == "2026-03-09T17:45:00.000Z"
    with pytest.raises(ValueError, match="without a time zone"):
        write_moment(datetime(2026, 3, 9, 17, 45))  # noqa: DTZ001 - the fault to be found


@pytest.mark.parametrize(
    ("read", "value", "expected"),
    [
        (read_moment, "2026-03-09T17:45:00Z", datetime(2026, 3, 9, 17, 45, tzinfo=UTC)),
        (read_moment, "2026-03-09T17:45:00.5+02:00", datetime(2026, 3, 9, 15, 45, 0, 500000, UTC)),
        (read_day, "2026-03-09", date(2026, 3, 9)),
        (read_big, 0, 0),
        (read_big, LARGEST, LARGEST),
        (read_url, "https://ana.example/über?a=b#c", "https://ana.example/über?a=b#c"),
        (read_language, "en", "en"),
        (read_language, "pt-br", "pt-BR"),
        (read_language, "ZH-hant-TW", "zh-Hant-TW"),
        (read_language, "es-419", "es-419"),
        (read_zone, "Europe/Lisbon", "Europe/Lisbon"),
        (read_zone, "UTC", "UTC"),
        (SCALARS[HexColor].parse_value, "#00ff7f", "#00ff7f"),
        (SCALARS[Blurhash].parse_value, "LEHV6nWB2yk8pyo0adR*.7kCMdnj", "LEHV6nWB2yk8pyo0adR*.7kCMdnj"),
    ],
)
def test_sound_input_is_accepted(read: Callable[[Any], Any], value: Any, expected: Any) -> None:
    assert read(value) == expected


def each(read: Any, *values: Any) -> list[tuple[Any, Any]]:
    return [(read, value) for value in values]


@pytest.mark.parametrize(
    ("read", "value"),
    [
        *each(read_moment, "2026-03-09", "2026-03-09T17:45:00", "2026-02-30T00:00:00Z", "now", 1, None),
        (read_moment, "0001-01-01T00:00:00+23:59"),
        *each(read_day, "2026-02-30", "20260309", "2026-3-9", "2026-03-09T00:00:00Z", "٢٠٢٦-٠٣-٠٩", 5),
        *each(read_big, -1, LARGEST + 1, 1.5, "1", None),
        (read_big, True),
        *each(read_url, "", "ana.example", "/me", "http://", "javascript:alert(1)", "https://[::1", "x" * 9),
        *each(read_url, "https://a b.example", "https://a.example/\0", "https://a.example/\n", 7),
        (read_url, "https://a.example/" + "x" * 2048),
        *each(read_language, "", "e", "english", "en_US", "en-", "en-USA-XYZ1234567", "\0", 7),
        *each(read_zone, "", "Lisbon", "../etc/passwd", "/etc/localtime", "Europe/Lisbon\0", "\ud800", []),
        *each(SCALARS[HexColor].parse_value, "#00FF7F", "00ff7f", "#00ff7f\n", 0),
        *each(SCALARS[Blurhash].parse_value, "", "LEHV6 nW", "é" * 6),
    ],
)
def test_anything_else_is_refused_in_our_own_words(read: Callable[[Any], Any], value: Any) -> None:
    with pytest.raises(GraphQLError, match=r"^Expected .*\.$"):
        read(value)
