"""Mutations: what every payload holds, and how a refusal becomes data in it."""

import inspect
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any, cast

import strawberry
from strawberry.utils.str_converters import to_camel_case

from core.errors import NotFound, Path, Refusal
from core.metrics import REFUSALS
from engine.kinds import Call
from schema.errors import UserError, as_user_errors
from schema.fields import attribute, declare_root

if TYPE_CHECKING:
    from aperture.graphql import Query


@strawberry.interface(name="MutationPayload")
class Payload:
    errors: list[UserError] = strawberry.field(default_factory=list)

    @attribute
    def query(self) -> Annotated["Query", strawberry.lazy("aperture.graphql")]:
        return cast("Query", _ROOT)


_ROOT = object()
"""What stands above root fields below `payload.query`; they never look at it."""


def _mutation(function: Call) -> Any:
    """A root field whose refusals come back as data: `async def like_post(ctx, *, input: LikePostInput) -> …Payload`.

    Every field of the payload needs a default, since a refusal fills `errors` alone. The graph shows the payload as
    nullable, so that an unexpected failure of one mutation leaves the others of the operation their answers.
    """
    payload = _payload_of(function)

    def told(call: Call) -> Call:
        @wraps(call)
        async def refused_or_done(ctx: Any, **args: Any) -> Any:
            try:
                return await call(ctx, **args)
            except Refusal as refusal:
                REFUSALS.labels(refusal.code).inc()
                _place(refusal, args.get("input"))
                return payload(errors=as_user_errors(refusal))

        return refused_or_done

    return declare_root(function, told, is_nullable=True)


def _place(refusal: Refusal, given: object) -> None:
    """Let the client know which part of the input led nowhere, wherever the id in it was found out."""
    if isinstance(refusal, NotFound) and refusal.id is not None and not refusal.path:
        refusal.path = next(_places(refusal.id, given, ("input",)), ())


def _places(text: str, value: object, path: Path) -> Iterator[Path]:
    match value:
        case str() if value == text:
            yield path
        case strawberry.Some():
            yield from _places(text, value.value, path)
        case list():
            for number, item in enumerate(value):
                yield from _places(text, item, (*path, str(number)))
        case _ if is_dataclass(value):
            for each in fields(value):
                yield from _places(text, getattr(value, each.name), (*path, to_camel_case(each.name)))


def _payload_of(function: Call) -> Any:
    payload = inspect.signature(function).return_annotation
    if "errors" not in getattr(payload, "__dataclass_fields__", {}):
        raise TypeError(f"{function.__qualname__} must be annotated to return a payload, outside of quotes")
    return payload


if TYPE_CHECKING:
    # As for the kinds of fields: no `self`.
    mutation = staticmethod
else:
    mutation = _mutation
