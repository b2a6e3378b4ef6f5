"""Logs: one JSON line each, short, and with nothing of the people in them."""

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from core import telemetry

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    telemetry.configure()
    return lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_control_characters_and_line_separators_are_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.configure()
    telemetry.logger("a").info("told", text="a\nb\x1b[31m\x7f\u2028é")

    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert told.isascii()
    assert "\x1b" not in told
    assert "\x7f" not in told


@pytest.mark.parametrize("value", ["x" * 20_000, "\x00" * 20_000, ["y" * 50] * 900])
def test_a_line_is_at_most_4_kilobytes(capsys: pytest.CaptureFixture[str], value: object) -> None:
    telemetry.configure()
    telemetry.logger("a").info("told", small="kept", large=value)

    told = capsys.readouterr().err
    assert len(told) <= 4096
    assert json.loads(told)["small"] == "kept"


def test_an_error_is_told_by_class_and_place_without_its_words(lines: Lines) -> None:
    try:
        int("ana@example.org")
    except ValueError as error:
        telemetry.logger("a").error("unforeseen", exc_info=error)

    (line,) = lines()
    assert line["error"] == "ValueError"
    assert "test_an_error_is_told" in line["where"][0]
    assert "example.org" not in json.dumps(line)


def test_other_libraries_speak_the_same_way(lines: Lines) -> None:
    logging.getLogger("uvicorn.error").warning("lost %s", "a peer")

    (line,) = lines()
    assert (line["event"], line["logger"], line["level"]) == ("lost a peer", "uvicorn.error", "warning")


async def test_the_request_id_goes_along_with_what_is_started(lines: Lines) -> None:
    async def work() -> str:
        telemetry.logger("a").info("working")
        return telemetry.request_id()

    with telemetry.serving("request-1"):
        seen = await asyncio.create_task(work())

    assert seen == lines()[0]["request"] == "request-1"
    assert not telemetry.request_id()


async def test_one_line_says_all_that_was_noted(lines: Lines) -> None:
    async def inner() -> None:
        telemetry.note(user="ana")

    with telemetry.one_line("request", path="/graphql"):
        await asyncio.create_task(inner())
        telemetry.note(status=200)
    telemetry.note(status=500)

    (line,) = lines()
    assert (line["event"], line["path"], line["user"], line["status"]) == ("request", "/graphql", "ana", 200)
    assert line["ms"] >= 0


@pytest.mark.parametrize(("wish", "is_kept"), [("a.B-1_", True), ("x" * 64, True), ("x" * 65, False), ("a\nb", False)])
def test_only_a_plain_request_id_is_taken_over(wish: str, is_kept: bool) -> None:
    assert (telemetry.sane_request_id(wish) == wish) is is_kept


@pytest.mark.parametrize(
    "secret",
    [
        "ana.lima+photos@mail.example.org",
        "ána@beispiel.de",
        "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ1c3JfMSJ9.c2lnbmF0dXJl",
        "rfr_AbC-_123==",
        "Bearer opaque-token",
        "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA",
    ],
)
def test_addresses_and_tokens_that_come_with_the_words_of_others_are_blotted_out(lines: Lines, secret: str) -> None:
    log = telemetry.logger("somebody.else")

    log.warning("could not reach %s", secret, peer=secret, tried=[secret, 3], more={"to": f"<{secret}>"}, count=2)

    (line,) = lines()
    assert secret not in json.dumps(line, ensure_ascii=False)
    assert (line["event"], line["peer"]) == ("could not reach [removed]", "[removed]")
    assert (line["tried"], line["more"], line["count"]) == (["[removed]", 3], {"to": "<[removed]>"}, 2)
