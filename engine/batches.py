"""Objects of one type at one place of an operation, read together."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from engine.columns import Column, LeafColumn, ObjectColumn
from engine.failures import BROKEN, Path
from engine.kinds import Kind
from engine.leaves import Leaf
from engine.plan import Field, Shape

if TYPE_CHECKING:
    from engine.run import Run


class Batch:
    """Objects that share a shape, and a column for each of its fields.

    `above` is the column they are values of, None for the root. `places` says where they stand in it, None if they are
    all it has.
    """

    __slots__ = ("above", "columns", "objects", "places", "run", "shape")

    def __init__(
        self,
        run: "Run",
        shape: Shape,
        objects: Sequence[Any],
        above: Column | None = None,
        places: Sequence[int] | None = None,
    ) -> None:
        self.run = run
        self.shape = shape
        self.objects = objects
        self.above = above
        self.places = places
        self.columns: list[Column] = []

    def below(self, column: Column, shape: Shape, objects: Sequence[Any], places: Sequence[int] | None) -> "Batch":
        """A batch of what a column of this one holds."""
        return Batch(self.run, shape, objects, column, places)

    def open(self) -> Iterator[Column]:
        """Read all attributes, here and below, while it is iterated over; yields the columns left to be asked for."""
        self.columns = [self._column(field) for field in self.shape.fields]
        for column in self.columns:
            if column.field.kind.kind is not Kind.ATTRIBUTE:
                yield column
            else:
                column.fill(self._attributes(column.field))
                for batch in column.batches:
                    yield from batch.open()

    def _column(self, field: Field) -> Column:
        inner = field.inner
        return LeafColumn(field, self, inner) if isinstance(inner, Leaf) else ObjectColumn(field, self, inner)

    def rows(self) -> list[Any]:
        """The answer for each object; `BROKEN` for one with a field from which a null rises."""
        told = [column.rise() for column in self.columns]
        # They hold each other, and would be kept until the collector walks by.
        self.columns = []
        rows: list[Any] = self.shape.rows(len(self.objects), told)
        if self.run.failures:
            for values in told:
                for place, value in enumerate(values):
                    if value is BROKEN:
                        rows[place] = BROKEN
        return rows

    def paths(self) -> list[Path]:
        """Where each object stands in the answer; only errors ask."""
        if self.above is None:
            return [()]
        paths = self.above.paths(self.above.depth)
        return paths if self.places is None else [paths[place] for place in self.places]

    def _attributes(self, field: Field) -> list[Any]:
        read = field.kind.call
        try:
            args = field.arguments.values(self.run.variables)
            values = [read(each, **args) for each in self.objects] if args else list(map(read, self.objects))
        except Exception:  # noqa: BLE001 - read again one by one, to tell which
            values = []
        # A StopIteration ends `map` without a word, and leaves too few values.
        if len(values) == len(self.objects):
            return values
        return [self._attribute(field, each) for each in self.objects]

    def _attribute(self, field: Field, one: Any) -> Any:
        try:
            return field.kind.call(one, **field.arguments.values(self.run.variables))
        except Exception as error:  # noqa: BLE001 - a value like any other here
            return error

    async def ask(self, column: Column) -> None:
        """Fill a column of a batched field by one call for all objects, or of a root field by one for the place."""
        field, count, context = column.field, len(self.objects), self.run.context
        try:
            args = field.arguments.values(self.run.variables)
            if field.kind.looks_ahead:
                args = {**args, "wanted": field.wanted}
            if field.kind.kind is Kind.BATCHED:
                values = list(await field.kind.call(list(self.objects), context, **args))
            else:
                values = [await field.kind.call(context, **args)] * count
            if len(values) != count:
                raise TypeError(f"{field} was asked for {count} objects and told {len(values)} values")  # noqa: TRY301
        except Exception as error:  # noqa: BLE001 - told for each object
            values = [error] * count
        column.fill(values)
