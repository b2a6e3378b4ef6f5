"""The base of all tables, and the words that say how a table is sharded."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import DateTime, MetaData, Text
from sqlalchemy import types as sqltypes
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    """Columns are typed by their Python types; names of keys follow one convention."""

    metadata = MetaData(
        naming_convention={
            "ix": "%(table_name)s_%(column_0_N_name)s",
            "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "ck": "%(table_name)s_%(constraint_name)s_check",
            "pk": "%(table_name)s_pkey",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text,
        UUID: sqltypes.Uuid,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
    }


def distributed_by(column: str, group: str = "users") -> dict[str, Any]:
    """The table is sharded by `column`; tables of one group with equal values stand on one shard."""
    return {"info": {"sharding": "distributed", "column": column, "group": group}}


def reference() -> dict[str, Any]:
    """The table is small and stands whole on every shard."""
    return {"info": {"sharding": "reference"}}


def local() -> dict[str, Any]:
    """The table stands on the coordinator alone."""
    return {"info": {"sharding": "local"}}
