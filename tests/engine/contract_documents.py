"""Random operations of the product's own contract, about things that exist."""

import json
import random
from collections.abc import Sequence
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLSchema,
    get_nullable_type,
    is_list_type,
    is_non_null_type,
    is_required_argument,
    is_required_input_field,
)

from tests.engine.random_documents import Documents

DEPTH = 6
_STRAY = 0.15
_PREFIXES = {"post": "pst_", "user": "usr_", "comment": "cmt_", "upload": "upl_", "avatarUpload": "upl_"}
_TEXTS = ["ana", "@Bob", "shy", "nobody", "Hello @ana", "", "abcdefghij1", "abcdefghij2", "x" * 60]
_SCALARS: dict[str, Sequence[Any]] = {
    "Int": [0, 1, 2, 3, 50, -1],
    "Float": [0, 1.5, -200],
    "Boolean": [True, False],
    "BigInt": [1, 10**12],
    "Date": ["2026-02-28"],
    "DateTime": ["2026-03-09T12:00:00Z"],
    "URL": ["https://example.com/a", "http://localhost:8000/p/abcdefghij1"],
    "LanguageTag": ["pt-BR"],
    "TimeZone": ["Europe/Paris"],
    "HexColor": ["#00ff00"],
}


class ContractDocuments(Documents):
    """Operations whose arguments are made by their types; `ids` are put where ids are asked for."""

    def __init__(self, schema: GraphQLSchema, draw: random.Random, ids: Sequence[str]) -> None:
        super().__init__(schema, draw, DEPTH)
        self._ids = ids

    def _arguments(self, definition: GraphQLField) -> str:
        chosen = [
            f"{name}: {self._value(each.type, name)}"
            for name, each in definition.args.items()
            if is_required_argument(each) or self._draw.random() < 0.2
        ]
        return f"({', '.join(chosen)})" if chosen else ""

    def _value(self, type_: Any, name: str) -> str:
        if not is_non_null_type(type_) and self._draw.random() < 0.1:
            return "null"
        return self._given(get_nullable_type(type_), name)

    def _given(self, inner: Any, name: str) -> str:
        if is_list_type(inner):
            return f"[{', '.join(self._value(inner.of_type, name) for _ in range(self._draw.randint(0, 3)))}]"
        if isinstance(inner, GraphQLInputObjectType):
            return self._input(inner)
        if isinstance(inner, GraphQLEnumType):
            return str(self._draw.choice(list(inner.values)))
        return json.dumps(
            self._draw.choice(self._fitting(name) if inner.name == "ID" else _SCALARS.get(inner.name, _TEXTS))
        )

    def _fitting(self, name: str) -> Sequence[str]:
        """Ids for an argument of this name: now and then of anything at all."""
        prefix = _PREFIXES.get(name.removesuffix("Id"), "")
        return self._ids if self._draw.random() < _STRAY else [each for each in self._ids if each.startswith(prefix)]

    def _input(self, type_: GraphQLInputObjectType) -> str:
        fields = list(type_.fields.items())
        if type_.is_one_of:
            name, field = self._draw.choice(fields)
            return f"{{{name}: {self._given(field.type, name)}}}"
        chosen = [
            f"{name}: {self._value(each.type, name)}"
            for name, each in fields
            if is_required_input_field(each) or self._draw.random() < 0.3
        ]
        return f"{{{', '.join(chosen)}}}"
