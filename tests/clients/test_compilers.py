"""What front-end teams build with takes the contract and the operations of `docs/operations` as they are."""

import json
from pathlib import Path

import pytest
from graphql import ExecutableDefinitionNode, OperationDefinitionNode, parse, print_ast

from aperture.persisted import Manifest
from tests.clients import kit
from tests.operations import FOLDER, OPERATIONS


@pytest.mark.parametrize("name", OPERATIONS)
def test_graphql_codegen_makes_a_typed_document_of_every_operation(generated: str, name: str) -> None:
    assert f"export const {name}Document = " in generated


def test_everything_is_typed_strictly(generated: str) -> None:
    done = kit.run("tsc")

    assert done.returncode == 0, done.stdout


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What relay-compiler makes of every operation and fragment, each in a module of its own, as Relay asks for."""
    folder = tmp_path_factory.mktemp("relay")
    (folder / "schema.graphql").write_text((kit.APP / "schema.graphql").read_text())
    (folder / "src").mkdir()
    for path in FOLDER.glob("*.graphql"):
        for definition in parse(path.read_text()).definitions:
            _write_module(folder / "src", print_ast(definition))
    config = json.loads((kit.APP / "relay.config.json").read_text())
    config |= {"src": "src", "persistConfig": {"file": "persisted.json", "algorithm": "SHA256"}}
    # Relay asks for its own @alias where a spread fits only some types: other clients do not know that directive.
    config["featureFlags"] = {"enforce_fragment_alias_where_ambiguous": {"kind": "disabled"}}
    (folder / "relay.config.json").write_text(json.dumps(config))
    (folder / "persisted.json").write_text("{}")
    done = kit.run("relay-compiler", "relay.config.json", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def _write_module(folder: Path, text: str) -> None:
    (definition,) = parse(text).definitions
    assert isinstance(definition, ExecutableDefinitionNode)
    assert definition.name
    name = definition.name.value
    if isinstance(definition, OperationDefinitionNode):
        kind = definition.operation.value
        text = text.replace(f"{kind} {name}", f"{kind} {name}{kind.title()}", 1)
    (folder / f"{name}.ts").write_text(f'import {{ graphql }} from "relay-runtime";\n\ngraphql`{text}`;\n')


@pytest.mark.parametrize("name", OPERATIONS)
def test_relay_compiler_makes_an_artifact_of_every_operation(compiled: Path, name: str) -> None:
    assert list((compiled / "src/__generated__").glob(f"{name}[QMS]*.graphql.ts"))


def test_what_relay_compiler_persists_is_a_manifest_of_trusted_documents(compiled: Path) -> None:
    persisted = compiled / "persisted.json"

    assert len(json.loads(persisted.read_text())) == len(OPERATIONS)
    Manifest.read(persisted)


def test_graphql_eslint_finds_the_contract_as_it_recommends_and_relay_asks_for() -> None:
    done = kit.run("eslint", "--max-warnings=0", "--config", "contract.eslint.config.js", "app/schema.graphql")

    assert done.returncode == 0, done.stdout + done.stderr


def test_graphql_eslint_finds_the_operations_as_it_recommends() -> None:
    files = [f"operations/{path.name}" for path in FOLDER.glob("*.graphql")]

    done = kit.run("eslint", "--max-warnings=0", *files, cwd=kit.APP)

    assert done.returncode == 0, done.stdout + done.stderr


def test_graphql_eslint_finds_what_is_wrong(tmp_path: Path) -> None:
    for name in ("schema.graphql", "eslint.config.js"):
        (tmp_path / name).write_text((kit.APP / name).read_text())
    (tmp_path / "node_modules").symlink_to(kit.PACKAGES)
    (tmp_path / "operations").mkdir()
    (tmp_path / "operations/wrong.graphql").write_text("query Wrong { viewer { user { handle nothing } } }")

    done = kit.run("eslint", "operations/wrong.graphql", cwd=tmp_path)

    assert done.returncode == 1
    assert "require-selections" in done.stdout
    assert "fields-on-correct-type" in done.stdout
