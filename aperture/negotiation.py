"""What a client accepts: media types of answers and encodings, by quality and then by order."""

from typing import Final

GRAPHQL_JSON: Final = "application/graphql-response+json"
JSON: Final = "application/json"
EVENT_STREAM: Final = "text/event-stream"

_OFFERS: Final = {
    GRAPHQL_JSON: GRAPHQL_JSON,
    JSON: JSON,
    EVENT_STREAM: EVENT_STREAM,
    "application/*": JSON,
    "*/*": JSON,
}


def answer_type(accept: str) -> str | None:
    """The media type to answer with; JSON when nothing is asked for, None when nothing offered is accepted."""
    if not accept.strip():
        return JSON
    return next((_OFFERS[kind] for kind in _preferred(accept) if kind in _OFFERS), None)


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether gzip is named with a quality above zero."""
    return "gzip" in _preferred(accept_encoding)


def _preferred(header: str) -> list[str]:
    """The wanted values, the best first; equal ones stay in the client's order, quality zero is left out."""
    wanted = []
    for part in header.split(","):
        kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = _quality(parameters)
        if kind and quality > 0:
            wanted.append((quality, kind))
    return [kind for _, kind in sorted(wanted, key=lambda one: -one[0])]


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter[2:])
            except ValueError:
                return 0.0
    return 1.0
