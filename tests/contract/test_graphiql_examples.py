"""The operations of the GraphiQL page obey the contract, and the page that ships is built from these sources."""

import hashlib
import os
from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_schema, parse, validate

ROOT = Path(__file__).parents[2]
WEB = ROOT / "web"
EXAMPLES = ROOT / "aperture/examples"
OPERATIONS = sorted([*EXAMPLES.glob("*.graphql"), *WEB.glob("src/operations/*.graphql")])


@pytest.fixture(scope="module")
def contract() -> GraphQLSchema:
    return build_schema((ROOT / "schema.graphql").read_text())


@pytest.mark.parametrize("path", OPERATIONS, ids=lambda path: path.stem)
def test_an_operation_of_the_page_is_valid(contract: GraphQLSchema, path: Path) -> None:
    assert validate(contract, parse(path.read_text())) == []


def test_the_page_that_ships_is_built_from_these_sources() -> None:
    files = [WEB / name for name in ("index.html", "package-lock.json", "tsconfig.json", "vite.config.ts")]
    folders = [EXAMPLES, WEB / "src", WEB / "src/operations"]
    files += [path for folder in folders for path in folder.iterdir() if path.is_file()]
    digest = hashlib.sha256()
    for name, path in sorted((os.path.relpath(path, WEB), path) for path in files):
        digest.update(f"{name}\n".encode() + path.read_bytes())

    built = (ROOT / "aperture/graphiql_static/sources.sha256").read_text().strip()

    assert built == digest.hexdigest(), "run `npm ci && npm run build` in web/"
