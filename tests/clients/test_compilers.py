"""What front-end teams build with takes the contract and the operations of `docs/operations` as they are."""

import pytest

from tests.clients import kit
from tests.operations import OPERATIONS


@pytest.mark.parametrize("name", OPERATIONS)
def test_graphql_codegen_makes_a_typed_document_of_every_operation(generated: str, name: str) -> None:
    assert f"export const {name}Document = " in generated


def test_everything_is_typed_strictly(generated: str) -> None:
    done = kit.run("tsc")

    assert done.returncode == 0, done.stdout
