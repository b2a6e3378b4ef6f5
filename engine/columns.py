"""The values of one field for all objects of a batch: flattened out of their lists going down, put back going up.

Null propagation happens here and in `Batch.rows` (README, "Where null propagation happens"). Going down, `_failed` puts
`BROKEN` for a value that is missing where its type forbids null. Going up, `_gathered` breaks the list around a broken
item, `Batch.rows` the object around a broken field, and `_rested` turns the first that may be null into null.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from graphql import GraphQLError, GraphQLObjectType, Undefined
from graphql.pyutils import is_iterable

from engine.failures import BROKEN, Path, is_any_broken
from engine.leaves import Leaf
from engine.plan import Field, Selection

if TYPE_CHECKING:
    from engine.batches import Batch

_NONE: Final = type(None)
_LISTS: Final = frozenset({list, tuple, _NONE})
_CAREFUL: Final = (Exception, type(Undefined))


class Column:
    """One field of one batch.

    `by_depth` has the values in their lists: one per object, then the items of all these, and so on until no list is
    left. What went wrong is None or `BROKEN` there already. The last of them, without lists, belongs to the subclass.
    `depth` is how many lists stand around each value.
    """

    __slots__ = ("_paths", "batch", "by_depth", "depth", "field")

    batches: "Sequence[Batch]" = ()
    """The objects it leads to."""

    def __init__(self, field: Field, batch: "Batch") -> None:
        self.field = field
        self.batch = batch
        self.depth = len(field.form.nullable) - 1
        self.by_depth: list[Sequence[Any]] = []
        self._paths: list[list[Path]] | None = None

    def fill(self, values: Sequence[Any]) -> None:
        """Take a value or an exception for each object of the batch."""
        for depth in range(self.depth):
            values = self._lists(values, depth)
            self.by_depth.append(values)
            values = list(chain.from_iterable(each for each in values if isinstance(each, list | tuple)))
        self._fill(values)

    def rise(self) -> Sequence[Any]:
        """The answer of each object of the batch, once everything below is read: where nulls propagate."""
        values, failed = self._top(), bool(self.batch.run.failures)
        for depth in reversed(range(self.depth)):
            items, lists = iter(values), self.by_depth[depth]
            if failed:
                values = self._rested([_gathered(each, items) for each in lists], depth)
            elif self.field.form.nullable[depth]:
                values = [None if each is None else list(islice(items, len(each))) for each in lists]
            else:
                values = [list(islice(items, len(each))) for each in lists]
        return values

    def paths(self, depth: int) -> list[Path]:
        """Where each value of a depth stands in the answer; only errors ask, and often many of them."""
        if self._paths is None:
            self._paths = [[(*path, self.field.key) for path in self.batch.paths()]]
        for values in self.by_depth[len(self._paths) - 1 : depth]:
            lists = zip(self._paths[-1], values, strict=True)
            self._paths.append(
                [(*path, at) for path, each in lists if isinstance(each, list | tuple) for at in range(len(each))]
            )
        return self._paths[depth]

    def _fill(self, values: Sequence[Any]) -> None:
        """Take the values without the lists around them."""
        raise NotImplementedError

    def _top(self) -> Sequence[Any]:
        """The answers without the lists around them."""
        raise NotImplementedError

    def _is_harmless(self, found: set[type], depth: int) -> bool:
        """Whether values of these types are neither exceptions nor forbidden nulls."""
        if _NONE in found and not self.field.form.nullable[depth]:
            return False
        return not any(issubclass(each, _CAREFUL) for each in found)

    def _lists(self, values: Sequence[Any], depth: int) -> Sequence[Any]:
        found = set(map(type, values))
        if found <= _LISTS and self._is_harmless(found, depth):
            return values
        return [self._completed(value, depth, place, self._listed) for place, value in enumerate(values)]

    def _listed(self, value: Any) -> list[Any]:
        """The items of anything that can be iterated over."""
        if not is_iterable(value):
            raise GraphQLError(f"Expected Iterable, but did not find one for field '{self.field}'.")
        return list(value)

    def _completed(self, value: Any, depth: int, place: int, complete: Callable[[Any], Any]) -> Any:
        """One value with care: `complete` of it; for an exception or a forbidden null what `_failed` puts there."""
        try:
            if isinstance(value, Exception):
                return self._failed(value, depth, place)
            if value is not None and value is not Undefined:
                return complete(value)
            if self.field.form.nullable[depth]:
                return None
            raise TypeError(f"Cannot return null for non-nullable field {self.field}.")  # noqa: TRY301
        except Exception as error:  # noqa: BLE001 - the product's scalars, types and iterators may raise anything
            return self._failed(error, depth, place)

    def _failed(self, error: Exception, depth: int, place: int) -> Any:
        """Where a null begins: tell the error; None stands for the value, or `BROKEN` if None is forbidden there."""
        may_be_null = self.field.form.nullable[depth]
        path = self.paths(depth)[place]
        self.batch.run.failures.add(error, self.field.nodes, path, is_rising=not may_be_null)
        return None if may_be_null else BROKEN

    def _rested(self, values: Sequence[Any], depth: int) -> Sequence[Any]:
        """Let nulls that rise come to rest where null may stand."""
        if not self.field.form.nullable[depth] or not is_any_broken(values):
            return values
        for path, value in zip(self.paths(depth), values, strict=True):
            if value is BROKEN:
                self.batch.run.failures.rested(path)
        return [None if value is BROKEN else value for value in values]


class LeafColumn(Column):
    """A column of scalars or enums, made into what JSON holds as soon as they are there."""

    __slots__ = ("leaf",)

    def __init__(self, field: Field, batch: "Batch", leaf: Leaf) -> None:
        super().__init__(field, batch)
        self.leaf = leaf

    def _fill(self, values: Sequence[Any]) -> None:
        found, depth = set(map(type, values)), self.depth
        told = self.leaf.column(values, found) if self._is_harmless(found, depth) else None
        if told is None:
            told = [self._completed(value, depth, place, self.leaf.one) for place, value in enumerate(values)]
        self.by_depth.append(told)

    def _top(self) -> Sequence[Any]:
        return self.by_depth[-1]


class ObjectColumn(Column):
    """A column of objects, of which more is selected: a batch for each type among them."""

    __slots__ = ("batches", "selection")

    def __init__(self, field: Field, batch: "Batch", selection: Selection) -> None:
        super().__init__(field, batch)
        self.selection = selection
        self.batches: list[Batch] = []

    def _fill(self, values: Sequence[Any]) -> None:
        found = set(map(type, values))
        type_ = self.selection.objects.of_all(values, found) if values else None
        if type_ is not None:
            self.by_depth.append(values)
            self.batches = [self._batch(type_, values, None)]
            return
        typed = [self._completed(value, self.depth, place, self._typed) for place, value in enumerate(values)]
        self.by_depth.append(typed)
        parts: dict[GraphQLObjectType, list[int]] = {}
        for place, each in enumerate(typed):
            if isinstance(each, _Typed):
                parts.setdefault(each.type, []).append(place)
        self.batches = [self._batch(type_, [values[at] for at in places], places) for type_, places in parts.items()]

    def _typed(self, value: Any) -> "_Typed":
        return _Typed(self.selection.objects.type_of(value))

    def _batch(self, type_: GraphQLObjectType, objects: Sequence[Any], places: Sequence[int] | None) -> "Batch":
        return self.batch.below(self, self.selection.shape(type_), objects, places)

    def _top(self) -> Sequence[Any]:
        """The rows of all batches, each at the place its object stood at."""
        if len(self.batches) == 1 and self.batches[0].places is None:
            rows: Sequence[Any] = self.batches[0].rows()
        else:
            rows = list(self.by_depth[-1])
            for batch in self.batches:
                for place, row in zip(batch.places or (), batch.rows(), strict=True):
                    rows[place] = row
        # They hold each other, and would be kept until the collector walks by.
        self.batches = []
        return self._rested(rows, self.depth) if self.batch.run.failures else rows


class _Typed(NamedTuple):
    """Stands for an object whose type is known, until its row takes the place."""

    type: GraphQLObjectType


def _gathered(each: Any, items: Iterator[Any]) -> Any:
    """A list with its items put back; broken if one of them is."""
    if each is None or each is BROKEN:
        return each
    own = list(islice(items, len(each)))
    return BROKEN if is_any_broken(own) else own
