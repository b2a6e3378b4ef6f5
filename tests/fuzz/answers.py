"""What every answer must be, whatever was asked."""

import re
from collections.abc import Iterator
from typing import Any

import httpx2
import orjson

OURS = {"INTERNAL", "UNAVAILABLE", "TIMEOUT"}
"""Codes that say the fault is not the client's."""

_LIBRARIES = "sqlalchemy|asyncpg|postgres|redis|valkey|strawberry|graphql-core|orjson|uvicorn|starlette|pydantic"
_REMAINS = r"Traceback|site-packages|\.py\b|<class |<function |<bound method|object at 0x|NoneType"
_LEAKS = re.compile(f"{_REMAINS}|(?i:{_LIBRARIES}|select .+ from)")


def require_sane(answer: httpx2.Response) -> None:
    """No fault of the server, JSON with the errors of the contract, and no word of a library."""
    assert answer.status_code < 500, answer.text
    assert answer.headers["content-type"].startswith(("application/json", "application/graphql-response+json"))
    require_sane_json(answer.content)


def require_sane_json(content: bytes) -> None:
    """The same of the JSON alone."""
    answer = orjson.loads(content)
    assert not any(_LEAKS.search(words) for words in _words(answer)), answer
    assert not codes(answer) & OURS, answer


def codes(answer: Any) -> set[str]:
    """Codes of errors, at the top level and in payloads."""
    match answer:
        case {"message": str(), "code": str(code)}:
            return {code}
        case {"message": str(), "extensions": {"code": str(code)}}:
            return {code}
        case dict():
            return set().union(*map(codes, answer.values()))
        case list():
            return set().union(*map(codes, answer))
    return set()


def _words(answer: Any) -> Iterator[str]:
    """The messages of all errors."""
    match answer:
        case {"message": str(message)}:
            yield message
        case dict():
            for value in answer.values():
                yield from _words(value)
        case list():
            for value in answer:
                yield from _words(value)
