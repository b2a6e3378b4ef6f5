"""The engine and the reference executor agree on the product's own graph."""

import itertools
import os
import random
from collections.abc import AsyncIterator
from typing import Final

import pytest
from graphql import OperationDefinitionNode
from graphql.execution.values import VariableValues

from aperture.documents import DocumentRefused
from aperture.execution import Graph
from aperture.graphql import schema
from aperture.servers import Servers
from core.errors import ApiError
from core.settings import Settings, settings
from engine.program import Compiler
from tests.engine.conftest import ABANDONED
from tests.engine.contract_documents import ContractDocuments
from tests.engine.twins import Twins, made
from tests.operations import OPERATIONS

WORLDS: Final = int(os.environ.get("APERTURE_ENGINE_WORLDS", "10"))
DOCUMENTS: Final = 50
"""For each world; `APERTURE_ENGINE_WORLDS=400` makes it twenty thousand."""

pytestmark = pytest.mark.filterwarnings(*ABANDONED)


@pytest.fixture
async def twins(config: Settings, servers: Servers) -> AsyncIterator[Twins]:
    """What both executors answer from."""
    async with made(config, servers) as both:
        yield both


@pytest.mark.parametrize("seed", range(WORLDS))
async def test_both_answer_alike(twins: Twins, seed: int) -> None:
    for number in range(DOCUMENTS):
        await _require_equal(twins, random.Random(f"{seed} {number}"))


async def _require_equal(twins: Twins, draw: random.Random) -> None:
    """Of the first document drawn that is not refused before it runs."""
    while True:
        text, variables = ContractDocuments(schema._schema, draw, twins.ids).operation()
        try:
            pair = await twins.compare(text, variables)
        except (DocumentRefused, ApiError):
            continue
        return pair.require_equal()


@pytest.mark.parametrize(("engine", "is_planned"), [("compiled", True), ("reference", False)])
def test_the_setting_chooses_the_executor(engine: str, is_planned: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APERTURE_ENGINE", engine)
    settings.cache_clear()

    document = Graph(schema._schema).documents["{ __typename }"]

    settings.cache_clear()
    assert (document.program is not None) is is_planned


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_of_a_screen_has_a_plan(name: str) -> None:
    document = OPERATIONS[name]
    (operation,) = (each for each in document.definitions if isinstance(each, OperationDefinitionNode))
    steering = [each.variable.name.value for each in operation.variable_definitions or ()]
    program = Compiler(schema._schema).program(document)

    for choice in itertools.product([True, False], repeat=min(len(steering), 4)):
        assert program.plan(operation, VariableValues({}, dict(zip(steering, choice, strict=False)))).root.fields
