"""What a client accepts: media types of answers and encodings, by quality and then by order."""

import re
from functools import lru_cache
from typing import Final

GRAPHQL_JSON: Final = "application/graphql-response+json"
JSON: Final = "application/json"
EVENT_STREAM: Final = "text/event-stream"

# More than any client lists; what comes after is not looked at.
_LISTED: Final = 50
_ANYTHING: Final = {"application/*", "*/*"}

LONGEST_WAIT: Final = 30

_WAIT: Final = re.compile(r"(?:^|[,;\s])wait=(\d{1,4})(?=$|[,;\s])")


# The few that programs send, read once each; a header may have 32 KiB.
_remembered: Final = lru_cache(maxsize=100)


@_remembered
def answer_type(accept: str) -> str | None:
    """The media type to answer with; JSON when nothing is asked for, None when nothing offered is accepted."""
    if not accept.strip():
        return JSON
    qualities = _qualities(accept)
    for kind in _preferred(qualities):
        if kind in _ANYTHING:
            return next((offer for offer in (JSON, GRAPHQL_JSON) if qualities.get(offer, 1.0) > 0), None)
        if kind in {GRAPHQL_JSON, JSON, EVENT_STREAM}:
            return kind
    return None


@_remembered
def is_json(content_type: str) -> bool:
    """Whether a body is said to be JSON in UTF-8."""
    kind, *parameters = [piece.strip() for piece in content_type.lower().split(";")]
    charsets = [one.partition("=")[2].strip('"') for one in parameters if one.startswith("charset=")]
    return kind == JSON and all(charset in {"utf-8", "utf8"} for charset in charsets)


@_remembered
def accepts_gzip(accept_encoding: str) -> bool:
    """Whether gzip is named with a quality above zero."""
    return _qualities(accept_encoding).get("gzip", 0.0) > 0


def seconds_to_wait(prefer: str) -> int | None:
    """How many seconds a client wants to wait at most, by RFC 7240, cut to `LONGEST_WAIT`; None if it says nothing."""
    found = _WAIT.search(prefer.lower())
    return min(int(found[1]), LONGEST_WAIT) if found else None


def _preferred(qualities: dict[str, float]) -> list[str]:
    """The wanted values, the best first; equal ones stay in the client's order, quality zero is left out."""
    wanted = [kind for kind, quality in qualities.items() if kind and quality > 0]
    return sorted(wanted, key=lambda kind: -qualities[kind])


def _qualities(header: str) -> dict[str, float]:
    """What is listed, as it comes first."""
    found: dict[str, float] = {}
    for part in header.lower().split(",", _LISTED)[:_LISTED]:
        kind, *parameters = [piece.strip() for piece in part.split(";", _LISTED)]
        found.setdefault(kind, _quality(parameters))
    return found


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter[2:])
            except ValueError:
                return 0.0
    return 1.0
