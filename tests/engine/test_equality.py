"""The engine and the reference executor agree on random documents over random schemas."""

import os
import random
from typing import Final

import pytest
from graphql import parse, validate

from engine.program import Compiler
from tests.engine.comparison import both
from tests.engine.conftest import ABANDONED
from tests.engine.random_documents import Documents
from tests.engine.random_graphs import Graph

SCHEMAS: Final = int(os.environ.get("APERTURE_ENGINE_SCHEMAS", "100"))
DOCUMENTS: Final = 200
"""For each schema; `APERTURE_ENGINE_SCHEMAS=2500` makes it half a million."""


pytestmark = pytest.mark.filterwarnings(*ABANDONED)


@pytest.mark.parametrize("seed", range(SCHEMAS))
async def test_both_answer_alike(seed: int) -> None:
    schema = Graph(random.Random(seed)).made()
    compiler = Compiler(schema)
    for number in range(DOCUMENTS):
        text, variables = Documents(schema, random.Random(f"{seed} {number}")).operation()
        if number % 20 == 0:
            assert not validate(schema, parse(text)), text
        (await both(compiler, text, variables)).require_equal()
