"""Statements of the hot paths, asked of the driver itself: SQLAlchemy takes as long as the driver and the network."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from sqlalchemy import TextClause
from sqlalchemy.dialects.postgresql.asyncpg import dialect

from core.statements import running


class Record(Protocol):
    """A row; its columns are found by name, place or slice."""

    def __getitem__(self, column: Any) -> Any: ...


@dataclass(frozen=True, slots=True)
class _Named:
    """A row of SQLAlchemy's, read as one of the driver's."""

    row: Any

    def __getitem__(self, column: Any) -> Any:
        return self.row._mapping[column] if isinstance(column, str) else self.row[column]  # noqa: SLF001 - public


def named(rows: Iterable[Any]) -> Sequence[Record]:
    """Rows of SQLAlchemy's as records."""
    return [_Named(row) for row in rows]


class Direct:
    """A statement as the driver takes it, made when it is asked first; parameters are what the driver takes as well."""

    def __init__(self, statement: TextClause) -> None:
        self.statement = statement

    async def ask(self, driver: Any, params: Mapping[str, Any]) -> Sequence[Record]:
        """All rows that a connection of asyncpg answers."""
        sql, names = self._written
        with running(sql):
            found: Sequence[Record] = await driver.fetch(sql, *[params[name] for name in names])
            return found

    @cached_property
    def _written(self) -> tuple[str, Sequence[str]]:
        compiled: Any = self.statement.compile(dialect=dialect())  # type: ignore[no-untyped-call]
        return str(compiled), compiled.positiontup
