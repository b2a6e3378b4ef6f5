"""What the directives of the contract say, in words for people."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from schema.contract.written import Applied

CODES: Final = {
    "UNAUTHENTICATED": "There is no session, or it has ended. Refresh the tokens once, then log in.",
    "FORBIDDEN": "The session may not do this.",
    "ACCOUNT_RESTRICTED": "The account is suspended or restricted for now.",
    "BAD_USER_INPUT": "A variable or argument cannot be used: mend the operation.",
    "PARSE_FAILED": "The document is not GraphQL.",
    "VALIDATION_FAILED": "The document asks for something that is not in the contract.",
    "COST_LIMIT_EXCEEDED": "The operation is too dear or too large: `cost` and `maxCost` say how much. Ask for less.",
    "DEPTH_LIMIT_EXCEEDED": "The operation is nested too deeply.",
    "RATE_LIMITED": "Too many calls or points in a short time: wait until `retryAt`.",
    "TIMEOUT": "It took too long and was stopped. Try again after a moment, writes with the same idempotency key.",
    "PERSISTED_OPERATION_NOT_FOUND": "No document has this hash: send the text with it.",
    "UNAVAILABLE": "A part of the service is down or busy. Try again after a moment.",
    "INTERNAL": "A fault of ours. Give us the `traceId`.",
}
"""Codes at the top level of an answer, in `extensions.code`."""

_BREACHES: Final = {
    "minLength": "TOO_SHORT",
    "maxLength": "TOO_LONG",
    "pattern": "BAD_FORMAT",
    "min": "OUT_OF_RANGE",
    "max": "OUT_OF_RANGE",
    "minItems": "TOO_FEW",
    "maxItems": "TOO_MANY",
}
_RANGES: Final = (("minLength", "maxLength", " characters"), ("min", "max", ""), ("minItems", "maxItems", " items"))
_SPANS: Final = {1: "a second", 60: "a minute", 3600: "an hour", 86400: "a day"}
_WHO: Final = {"VIEWER": "for each account", "ADDRESS": "for each address"}
_SESSIONS: Final = {"ACCOUNT": "any account", "VIEWER": "signed in"}


class Note(NamedTuple):
    """A few words beside a member: the directive they come from, and a longer sentence for who points at them."""

    kind: str
    text: str
    title: str = ""


def notes(applied: Iterable[Applied]) -> list[Note]:
    """What the directives have to say, always in the same order."""
    order = list(_NOTES)
    told = sorted((each for each in applied if each.name in _NOTES), key=lambda each: order.index(each.name))
    return [note for each in told for note in _NOTES[each.name](each.values)]


def breaches(applied: Iterable[Applied]) -> list[str]:
    """The codes of `UserErrorCode` that a value gets which breaks one of these constraints."""
    return [_BREACHES[name] for each in applied if each.name == "constraint" for name in each.values]


def _auth(values: Mapping[str, Any]) -> Iterator[Note]:
    level = values["requires"]
    yield Note("auth", _SESSIONS.get(level, level.lower().replace("_", " ")), f"Needs a session of level {level}")


def _rate_limit(values: Mapping[str, Any]) -> Iterator[Note]:
    window = values["window"]
    minutes, rest = divmod(window, 60)
    span = _SPANS.get(window) or (f"in {window} seconds" if rest else f"in {minutes} minutes")
    told = f"{values['limit']:,} {span}"
    yield Note("rate", told, f"At most {told}, {_WHO.get(values['scope'], values['scope'])}")


def _cost(values: Mapping[str, Any]) -> Iterator[Note]:
    yield Note("cost", f"{values['weight']} points", "Weight of each object in the cost of an operation")


def _list_size(values: Mapping[str, Any]) -> Iterator[Note]:
    slicing, assumed = values.get("slicingArguments"), values.get("assumedSize")
    if slicing:
        names = " or ".join(slicing)
        yield Note("size", f"{names} times", f"Costs {names} times what is selected of an item")
    elif assumed is not None:
        yield Note(
            "size", f"{assumed} times", f"Costs {assumed} times what is selected of an item, if nothing says less"
        )


def _constraint(values: Mapping[str, Any]) -> Iterator[Note]:
    for least, most, unit in _RANGES:
        low, high = (_number(values.get(name)) for name in (least, most))
        if low and high:
            yield Note("limit", f"{low} to {high}{unit}")
        elif low or high:
            yield Note("limit", f"at least {low}{unit}" if low else f"at most {high}{unit}")
    if "pattern" in values:
        yield Note("limit", f"like {values['pattern']}", "A regular expression the value has to match")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.15g}"


def _semantic_non_null(_: Mapping[str, Any]) -> Iterator[Note]:
    yield Note("null", "null only on failure", "If this is null, an error of the answer has its path")


def _one_of(_: Mapping[str, Any]) -> Iterator[Note]:
    yield Note("one", "exactly one field")


_NOTES: Final = {
    "auth": _auth,
    "rateLimit": _rate_limit,
    "cost": _cost,
    "listSize": _list_size,
    "constraint": _constraint,
    "semanticNonNull": _semantic_non_null,
    "oneOf": _one_of,
}
