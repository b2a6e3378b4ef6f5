"""Texts that are hardly documents, and variables that hardly fit."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.conftest import Target, amount
from tests.fuzz.documents import OPERATIONS, soup, spoilt

_NUMBERS = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
_LEAVES = st.none() | st.booleans() | _NUMBERS | st.text(max_size=20)
_JSON: st.SearchStrategy[Any] = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)
_NAMES = st.sampled_from(["input", "id", "after", "first", "by", "handle", "dryRun", "persistedQuery", "cost"])
_VARIABLES = st.dictionaries(_NAMES | st.text(max_size=5), _JSON, max_size=5)


@amount(100)
@given(document=soup())
async def test_tokens_in_any_order(target: Target, document: str) -> None:
    await target.send(document)


@amount(100)
@given(document=st.text(max_size=200))
async def test_any_text(target: Target, document: str) -> None:
    await target.send(document)


@amount(100)
@given(document=spoilt(), variables=_VARIABLES)
async def test_operations_gone_wrong(target: Target, document: str, variables: dict[str, Any]) -> None:
    await target.send(document, variables=variables)


@amount(30)
@given(document=st.sampled_from(OPERATIONS), value=_JSON, extensions=_JSON)
async def test_variables_of_any_shape(target: Target, document: str, value: Any, extensions: Any) -> None:
    for name in _operations(document):
        variables = dict.fromkeys(["id", "input", "after", "first", "handle", "postId", "query"], value)
        await target.send(document, variables=variables, operationName=name, extensions=extensions)


def _operations(document: str) -> list[str]:
    kinds = ("query ", "mutation ", "subscription ")
    return [line.split()[1].partition("(")[0] for line in document.splitlines() if line.startswith(kinds)]
