"""What has a global id, and how an id leads back to its object."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import strawberry

from core.errors import ApiError, NotFound
from schema.context import Context
from schema.fields import attribute

T = TypeVar("T")
Load = Callable[[Context, Sequence[Any]], Awaitable[Sequence[Any]]]


@strawberry.interface
class Node:
    @attribute
    def id(self) -> strawberry.ID:
        return strawberry.ID(str(self.global_id()))

    def global_id(self) -> object:
        """The typed id; `str()` of it is the global one."""
        raise NotImplementedError

    def is_listed(self) -> bool:
        """Whether it stands in lists that others make, and not only where the viewer asks for this very one."""
        return True


_KINDS: dict[str, tuple[type[Any], Load]] = {}


def refetchable(id_type: type[Any], load: Load) -> None:
    """Let `node` and `nodes` find objects of this id type; `load` goes through the loaders and so through the door."""
    _KINDS[id_type.prefix] = (id_type, load)


async def load(ctx: Context, ids: Sequence[Any]) -> list[Any]:
    """The objects with these typed ids in the same order; None for unknown and hidden ones alike.

    Types that stand in a circle make each other's objects this way, without importing each other.
    """
    prefixes = {key.prefix for key in ids}
    if len(prefixes) == 1:
        _, question = _KINDS[prefixes.pop()]
        return list(await question(ctx, ids))
    found: dict[Any, Any] = {}
    for prefix in prefixes:
        _, question = _KINDS[prefix]
        wanted = list(dict.fromkeys(key for key in ids if key.prefix == prefix))
        found.update(zip(wanted, await question(ctx, wanted), strict=True))
    return [found[key] for key in ids]


async def load_listed(ctx: Context, ids: Sequence[Any]) -> list[Any]:
    """As `load`, without what stands in no list."""
    return [found if found and found.is_listed() else None for found in await load(ctx, ids)]


async def present(ctx: Context, ids: Sequence[Any]) -> list[Any]:
    """As `load`, for what cannot be missing; what went between two reads is an error of its own place alone."""
    return [found or vanished() for found in await load(ctx, ids)]


def vanished() -> ApiError:
    """The error of a place whose object went while the operation ran."""
    return ApiError("UNAVAILABLE", "It changed while it was read. Try again.")


async def one(ctx: Context, key: Any, kind: type[T]) -> T | None:
    """The object of this kind with this typed id, or None; only for fields that are never below a list."""
    found = (await load(ctx, [key]))[0]
    return found if isinstance(found, kind) else None


async def one_of(ctx: Context, text: str, kind: type[T]) -> T | None:
    """As `one`, for an id as a client sends it; garbage and ids of another type lead nowhere."""
    found = (await load_texts(ctx, [text]))[0]
    return found if isinstance(found, kind) else None


async def load_texts(ctx: Context, texts: Sequence[str]) -> list[Any]:
    """As `load`, for ids as clients send them; garbage is None too."""
    keys = [_parse(each) for each in texts]
    known = list(dict.fromkeys(key for key in keys if key is not None))
    found = dict(zip(known, await load(ctx, known), strict=True))
    return [found.get(key) for key in keys]


def _parse(text: str) -> Any:
    id_type, _ = _KINDS.get(text.partition("_")[0], (None, None))
    try:
        return id_type.parse(text) if id_type else None
    except NotFound:
        return None
