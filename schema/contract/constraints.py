"""`@constraint`: the rules of input values, and the walk that finds every breach of them."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import strawberry

from core.errors import Invalid, Path

Breaches = Iterator[Invalid]


@dataclass(frozen=True, slots=True)
class Rules:
    """The arguments of one `@constraint`; lengths count Unicode code points."""

    min_length: int | None = None
    max_length: int | None = None
    pattern: re.Pattern[str] | None = None
    min: float | None = None
    max: float | None = None
    min_items: int | None = None
    max_items: int | None = None

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Rules":
        """The rules a directive states; `$` at the end of a pattern never lets a line break through."""
        pattern = values.get("pattern")
        return cls(
            values.get("minLength"),
            values.get("maxLength"),
            re.compile(re.sub(r"\$$", r"\\Z", pattern)) if pattern else None,
            values.get("min"),
            values.get("max"),
            values.get("minItems"),
            values.get("maxItems"),
        )


@dataclass(slots=True)
class Check:
    """One argument or input field: its names in the graph and in Python, its rules, and what lies within it."""

    name: str
    python_name: str
    rules: Rules = field(default_factory=Rules)
    inner: Sequence["Check"] = ()


def breaches(checks: Sequence[Check], read: Callable[[str], Any], path: Path = ()) -> Breaches:
    """The first breach of each place, depth first. `read` gives the value of a Python name, or None or UNSET."""
    for check in checks:
        yield from _value(check, read(check.python_name), (*path, check.name))


def _value(check: Check, value: Any, path: Path) -> Breaches:
    if isinstance(value, strawberry.Some):
        value = value.value
    match value:
        case None | strawberry.UNSET | bool() | Enum():
            return
        case list():
            yield from _first(_items(check.rules, value, path))
            for number, item in enumerate(value):
                yield from _value(check, item, (*path, str(number)))
        case str():
            yield from _first(_text(check.rules, value, path))
        case int() | float():
            yield from _first(_number(check.rules, value, path))
        case _:
            yield from breaches(check.inner, lambda name: getattr(value, name), path)


def _first(found: Breaches) -> Breaches:
    breach = next(found, None)
    if breach is not None:
        yield breach


def _items(rules: Rules, value: list[Any], path: Path) -> Breaches:
    if rules.min_items is not None and len(value) < rules.min_items:
        yield _breach("TOO_FEW", f"Give at least {_count(rules.min_items, 'item')}.", path, "minItems", rules.min_items)
    if rules.max_items is not None and len(value) > rules.max_items:
        yield _breach("TOO_MANY", f"Give at most {_count(rules.max_items, 'item')}.", path, "maxItems", rules.max_items)


def _text(rules: Rules, value: str, path: Path) -> Breaches:
    if not _is_storable(value):
        yield Invalid("BAD_FORMAT", "This has characters that cannot be stored.", path)
    length = len(value)
    if rules.min_length is not None and length < rules.min_length:
        message = f"Use at least {_count(rules.min_length, 'character')}."
        yield _breach("TOO_SHORT", message, path, "minLength", rules.min_length)
    if rules.max_length is not None and length > rules.max_length:
        message = f"Use at most {_count(rules.max_length, 'character')}."
        yield _breach("TOO_LONG", message, path, "maxLength", rules.max_length)
    if rules.pattern is not None and not rules.pattern.search(value):
        yield Invalid("BAD_FORMAT", "This does not have the needed form.", path, constraint="pattern")


def _number(rules: Rules, value: float, path: Path) -> Breaches:
    if rules.min is not None and value < rules.min:
        yield _breach("OUT_OF_RANGE", f"Must be at least {rules.min:g}.", path, "min", rules.min)
    if rules.max is not None and value > rules.max:
        yield _breach("OUT_OF_RANGE", f"Must be at most {rules.max:g}.", path, "max", rules.max)


def _is_storable(value: str) -> bool:
    """No NUL, which PostgreSQL has no place for, and no half of a surrogate pair, which is no text at all."""
    return "\0" not in value and not any("\ud800" <= each <= "\udfff" for each in value)


def _breach(code: str, message: str, path: Path, constraint: str, limit: float) -> Invalid:
    return Invalid(code, message, path, constraint=constraint, limit=limit)


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" + ("" if number == 1 else "s")
