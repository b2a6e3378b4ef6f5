"""The operations printed in the documents are valid, and those that need nothing but a person run without an error."""

from collections.abc import Sequence

import pytest
from graphql import OperationDefinitionNode, build_schema, parse, validate

from core.backends import Backends
from core.settings import Settings
from tests.client import serving
from tests.docs.documents import ROOT, Block, blocks
from tests.factories.people import person
from tests.factories.sessions import enter

DOCUMENTS = ("README.md", "CONTRIBUTING.md", *(str(path.relative_to(ROOT)) for path in ROOT.glob("docs/**/*.md")))
PRINTED = [block for document in DOCUMENTS for block in blocks(document) if block.language == "graphql"]


def _operations(block: Block) -> Sequence[OperationDefinitionNode]:
    return [each for each in parse(block.text).definitions if isinstance(each, OperationDefinitionNode)]


def _needs_input(operation: OperationDefinitionNode) -> bool:
    return operation.operation.value != "query" or bool(operation.variable_definitions)


RUNNABLE = [block for block in PRINTED if not any(map(_needs_input, _operations(block)))]


@pytest.mark.parametrize("block", PRINTED, ids=lambda block: block.place)
def test_every_printed_operation_is_in_the_contract(block: Block) -> None:
    contract = build_schema((ROOT / "schema.graphql").read_text())

    assert not validate(contract, parse(block.text))


@pytest.mark.parametrize("block", RUNNABLE, ids=lambda block: block.place)
async def test_printed_queries_without_variables_run(config: Settings, backends: Backends, block: Block) -> None:
    reader = await person(backends.db)
    token = (await enter(backends, reader.user_id)).access_token

    async with serving(config) as client:
        answer = await client.signed_in(token).send(block.text)

    assert "errors" not in answer.json()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_leads_to_a_file(document: str) -> None:
    folder = (ROOT / document).parent

    assert [link for link in _links(document) if not (folder / link).exists()] == []


def test_the_index_of_decisions_lists_every_page() -> None:
    pages = {path.name for path in ROOT.glob("docs/decisions/*.md")} - {"README.md"}

    assert pages == {*_links("docs/decisions/README.md")}


def _links(document: str) -> list[str]:
    targets = [rest.partition(")")[0] for rest in (ROOT / document).read_text().split("](")[1:]]
    return [target.partition("#")[0] for target in targets if not target.startswith(("http", "#"))]
