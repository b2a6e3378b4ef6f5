"""What the contract says of cost: the weights of `@cost` and the sizes of `@listSize`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import get_nullable_type, is_list_type

from schema.contract import Contract


@dataclass(frozen=True, slots=True)
class ListSize:
    """How many objects a list has: as one of the arguments `slicing` says, else `assumed`.

    With `sized` these are objects of the lists of that name one level below. More than `most` are never made: the
    field's own `@constraint` refuses them.
    """

    assumed: int | None = None
    slicing: tuple[str, ...] = ()
    sized: tuple[str, ...] = ()
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Prices:
    """Weights by `Type` and `Type.field`, sizes by `Type.field`; what is not listed has the defaults of the draft."""

    weights: Mapping[str, float] = field(default_factory=dict)
    sizes: Mapping[str, ListSize] = field(default_factory=dict)

    @classmethod
    def of(cls, written: Contract) -> "Prices":
        """The prices of a contract."""
        weights, sizes = dict[str, float](), dict[str, ListSize]()
        for where, part in written.places():
            for each in written.applied(part, where):
                if each.name == "cost":
                    weights[where] = float(each.values["weight"])
                elif each.name == "listSize":
                    sizes[where] = _size(written, part, each.values)
        return cls(weights, sizes)


def _size(written: Contract, part: Any, values: Mapping[str, Any]) -> ListSize:
    """One size; a list that no argument slices has as many objects as its one argument that is a list has items."""
    slicing = values.get("slicingArguments") or [name for name, each in part.args.items() if _takes_list(each.type)]
    most = max((_most(written, part.args[name]) or 0 for name in slicing if name in part.args), default=0)
    sized = tuple(values.get("sizedFields") or ())
    return ListSize(values.get("assumedSize"), tuple(slicing), sized, most or None)


def _most(written: Contract, argument: Any) -> int | None:
    """The largest value, or number of items, that `@constraint` lets pass."""
    for each in written.applied(argument, ""):
        if each.name == "constraint":
            limit = each.values.get("max", each.values.get("maxItems"))
            return None if limit is None else int(limit)
    return None


def _takes_list(kind: Any) -> bool:
    return is_list_type(get_nullable_type(kind))
