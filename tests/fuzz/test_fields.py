"""Every field of Query and Mutation with all kinds of arguments and selections, as the schema allows them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.conftest import Target, amount
from tests.fuzz.documents import SCHEMA, of_mutation, of_query

assert SCHEMA.query_type
assert SCHEMA.mutation_type


@pytest.mark.parametrize("field", SCHEMA.query_type.fields)
@amount(12)
@given(data=st.data())
async def test_queries(target: Target, field: str, data: st.DataObject) -> None:
    await target.send(data.draw(of_query(field, target.ids)))


@pytest.mark.parametrize("field", SCHEMA.mutation_type.fields)
@amount(12)
@given(data=st.data())
async def test_mutations(target: Target, field: str, data: st.DataObject) -> None:
    await target.send(data.draw(of_mutation(field, target.ids)))
