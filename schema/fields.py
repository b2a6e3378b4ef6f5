"""How fields are declared: a plain function, its kind, and the same function behind Strawberry's own executor."""

import inspect
import types
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, Union, get_args, get_origin

import strawberry
from aiodataloader import DataLoader
from graphql import GraphQLResolveInfo

from engine.kinds import MARK, Call, FieldKind, Guard, Kind, Wanted
from engine.wanted import wanted_below

__all__ = ["Wanted", "attribute", "batched", "declare_root", "personal", "root"]

F = TypeVar("F", bound=Callable[..., Any])

_STREAMS = (AsyncGenerator, AsyncIterator)
_KEYWORD = inspect.Parameter.KEYWORD_ONLY
_SELF = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
_INFO = inspect.Parameter("info", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=strawberry.Info[Any, Any])


def personal(field: F) -> F:
    """Mark a field that goes by who the viewer is, and not only by what the viewer may see: put it above its kind."""
    declared: Any = field
    declared.metadata[MARK].is_personal = True
    return field


def attribute(function: F) -> F:
    """A value of the object, at once: `def caption(self, *, size: ImageSize = …) -> str`."""
    kind = FieldKind(Kind.ATTRIBUTE, _null_is_default(function))

    def resolve(self: Any, **args: Any) -> Any:
        return kind.call(self, **args)

    field: F = _field(resolve, function, kind, _method(function, given=1, own=(_SELF,)))
    return field


def _batched(function: Call) -> Any:
    """A value for each of many objects in one call: `async def author(parents, ctx, *, …) -> list[User]`.

    The list holds a value or an exception per parent, in their order; the graph shows its item type. A keyword
    `wanted: Wanted` is filled with what is asked for below the field and does not appear in the graph.
    """
    kind = FieldKind(Kind.BATCHED, _awaited(_null_is_default(function)), _looks_ahead(function))

    async def resolve(self: Any, info: strawberry.Info, **args: Any) -> Any:
        return await _batch_of(kind, info, args).load(self)

    shown = _method(function, given=2).replace(return_annotation=_item_of(function))
    return _field(resolve, function, kind, shown)


def _root(function: Call) -> Any:
    """A field of Query, Mutation or Subscription: `async def post(ctx, *, by: PostLookup) -> Post | None`.

    A subscription is an async generator, or opens one and returns it. `wanted` as for batched fields.
    """
    return declare_root(function)


if TYPE_CHECKING:
    # Both take no `self`, which a type checker accepts of static functions alone.
    batched = staticmethod
    root = staticmethod
else:
    batched = _batched
    root = _root


def declare_root(function: Call, around: Guard | None = None, *, is_nullable: bool = False) -> Any:
    """A root field; `around` wraps it outside of every guard; the graph shows its answer as nullable if told so."""
    declared = _opened(function) if inspect.isasyncgenfunction(function) else _awaited(function)
    kind = FieldKind(Kind.ROOT, _null_is_default(declared), _looks_ahead(function), *([around] if around else ()))

    async def resolve(self: Any, info: strawberry.Info, **args: Any) -> Any:  # noqa: ARG001 - a root has no object
        return await kind.call(info.context, **args, **_look_ahead(kind, info._raw_info))  # noqa: SLF001

    shown = _method(function, given=1)
    if is_nullable:
        shown = shown.replace(return_annotation=shown.return_annotation | None)
    return _field(resolve, function, kind, shown)


def _awaited(function: Call) -> Call:
    """Let loaders know that the field runs, so that fields beside it can share what they ask for.

    The context is the last of what every function is given. After a write the loaders are others; those of before hold
    back nobody.
    """

    @wraps(function)
    async def awaited(*given: Any, **args: Any) -> Any:
        with given[-1].loaders.field():
            return await function(*given, **args)

    return awaited


def _opened(generator: Call) -> Call:
    """Await to open, then iterate: guards may refuse a stream before its first event."""

    @wraps(generator)
    async def opened(ctx: Any, **args: Any) -> Any:
        return generator(ctx, **args)

    return opened


def _field(resolve: Call, function: Call, kind: FieldKind, shown: inspect.Signature) -> Any:
    """Show Strawberry `resolve` as if it were a method written with the signature `shown`."""
    for name in ("__module__", "__name__", "__qualname__", "__doc__"):
        setattr(resolve, name, getattr(function, name))
    shown_types = {each.name: each.annotation for each in shown.parameters.values() if each is not _SELF}
    resolve.__annotations__ = {**shown_types, "return": shown.return_annotation}
    vars(resolve)["__signature__"] = shown
    declare = strawberry.subscription if get_origin(shown.return_annotation) in _STREAMS else strawberry.field
    return declare(resolver=resolve, metadata={MARK: kind})


def _method(function: Call, *, given: int, own: tuple[inspect.Parameter, ...] = (_SELF, _INFO)) -> inspect.Signature:
    """`(self, info, *, …)` with the arguments of `function`, less the `given` first ones and `wanted`.

    A default of None is a plain optional argument; in the graph it has no default at all.
    """
    written = inspect.signature(function)
    kept = [each for name, each in list(written.parameters.items())[given:] if name != "wanted"]
    shown = [each.replace(default=strawberry.UNSET) if each.default is None else each for each in kept]
    return written.replace(parameters=[*own, *(each.replace(kind=_KEYWORD) for each in shown)])


def _null_is_default(function: Call) -> Call:
    """A nullable argument with a default reads null as that default, on every path."""
    without = (inspect.Parameter.empty, None, strawberry.UNSET)
    defaults = {name for name, each in inspect.signature(function).parameters.items() if each.default not in without}
    if not defaults:
        return function

    @wraps(function)
    def call(*given: Any, **args: Any) -> Any:
        return function(
            *given, **{name: value for name, value in args.items() if value is not None or name not in defaults}
        )

    return call


def _item_of(function: Call) -> Any:
    """`X` of a function annotated `list[X]`; exceptions among the items are no part of the graph."""
    answer = inspect.signature(function).return_annotation
    if get_origin(answer) not in {list, Sequence}:
        raise TypeError(f"{function.__qualname__} must be annotated to return a list, outside of quotes")
    (item,) = get_args(answer)
    if get_origin(item) not in {Union, types.UnionType}:
        return item
    shown = [each for each in get_args(item) if not (isinstance(each, type) and issubclass(each, Exception))]
    return Union[tuple(shown)]  # noqa: UP007 - made at run time


def _looks_ahead(function: Call) -> bool:
    return "wanted" in inspect.signature(function).parameters


def _look_ahead(kind: FieldKind, info: GraphQLResolveInfo[Any]) -> dict[str, Wanted]:
    if not kind.looks_ahead:
        return {}
    return {"wanted": wanted_below(info.field_nodes, info.fragments, _coerced(info))}


def _coerced(info: GraphQLResolveInfo[Any]) -> dict[str, Any]:
    """The variables, which the library's executor keeps with their sources and Strawberry's own does not."""
    values: Any = info.variable_values
    coerced: dict[str, Any] = getattr(values, "coerced", values)
    return coerced


def _batch_of(kind: FieldKind, info: strawberry.Info, args: dict[str, Any]) -> DataLoader[Any, Any]:
    """The loader of one place in the operation: one field, one set of arguments, all parents of that level."""
    ctx = info.context
    raw = info._raw_info  # noqa: SLF001 - Strawberry shows neither fragments nor the parent type
    place = (kind, raw.parent_type.name, *(key for key in raw.path.as_list() if isinstance(key, str)))
    if place not in ctx.batches:
        ahead = _look_ahead(kind, raw)

        async def load(parents: list[Any]) -> list[Any]:
            return list(await kind.call(parents, ctx, **args, **ahead))

        # Nothing is remembered: an object may be gone, and its number given to another, before the operation ends.
        ctx.batches[place] = DataLoader(load, cache=False, get_cache_key=id)
    batch: DataLoader[Any, Any] = ctx.batches[place]
    return batch
