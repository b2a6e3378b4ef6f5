"""The operations of the GraphiQL page obey the contract, and the page that ships is built from these sources."""

import hashlib
import os
from pathlib import Path

import pytest
from graphql import (
    DocumentNode,
    GraphQLSchema,
    build_schema,
    get_operation_ast,
    parse,
    print_ast,
    validate,
)

from tests.operations import OPERATIONS as SENT

ROOT = Path(__file__).parents[2]
WEB = ROOT / "web"
EXAMPLES = ROOT / "aperture/examples"
SCREENS = sorted(EXAMPLES.glob("*_screen.graphql"))
OPERATIONS = sorted([*EXAMPLES.glob("*.graphql"), *WEB.glob("src/operations/*.graphql")])


@pytest.fixture(scope="module")
def contract() -> GraphQLSchema:
    return build_schema((ROOT / "schema.graphql").read_text())


@pytest.mark.parametrize("path", OPERATIONS, ids=lambda path: path.stem)
def test_an_operation_of_the_page_is_valid(contract: GraphQLSchema, path: Path) -> None:
    assert validate(contract, parse(path.read_text())) == []


@pytest.mark.parametrize("path", SCREENS, ids=lambda path: path.stem)
def test_a_whole_screen_is_the_one_that_client_teams_start_from(path: Path) -> None:
    example = parse(path.read_text())
    operation = get_operation_ast(example)
    assert operation
    assert operation.name

    assert _printed(example) == _printed(SENT[operation.name.value])


def _printed(document: DocumentNode) -> list[str]:
    return sorted(print_ast(each) for each in document.definitions)


def test_the_page_that_ships_is_built_from_these_sources() -> None:
    files = [WEB / name for name in ("index.html", "package-lock.json", "tsconfig.json", "vite.config.ts")]
    folders = [EXAMPLES, WEB / "src", WEB / "src/operations"]
    files += [path for folder in folders for path in folder.iterdir() if path.is_file()]
    digest = hashlib.sha256()
    for name, path in sorted((os.path.relpath(path, WEB), path) for path in files):
        digest.update(f"{name}\n".encode() + path.read_bytes())

    built = (ROOT / "aperture/graphiql_static/sources.sha256").read_text().strip()

    assert built == digest.hexdigest(), "run `npm ci && npm run build` in web/"
