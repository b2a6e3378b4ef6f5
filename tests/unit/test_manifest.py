"""The manifest of trusted documents, from a folder of operations."""

from pathlib import Path

import pytest

from aperture.documents import Documents
from aperture.manifest import CannotBuild, build
from aperture.persisted import Manifest, hash_of
from tests.small_graph import SCHEMA

NAMES = "fragment Names on Thing { name }\n"


@pytest.fixture
def documents() -> Documents:
    return Documents(SCHEMA._schema, allows_introspection=True)


def test_operations_take_their_fragments_from_all_files(tmp_path: Path, documents: Documents) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/names.graphql").write_text(NAMES)
    (tmp_path / "self.graphql").write_text("fragment Self on Thing { self { ...Names } }")
    (tmp_path / "operations.graphql").write_text(
        "query B{thing{...Self ...Names}} query A{hello} subscription C { count } type Beside { it: Int }"
    )
    built = build(tmp_path, documents)

    assert list(built.values()) == [
        "query A {\n  hello\n}",
        (
            "query B {\n  thing {\n    ...Self\n    ...Names\n  }\n}\n\n"
            "fragment Self on Thing {\n  self {\n    ...Names\n  }\n}\n\nfragment Names on Thing {\n  name\n}"
        ),
        "subscription C {\n  count\n}",
    ]
    assert all(hash_of(text) == name for name, text in built.items())
    assert Manifest(built).has("query A {\n  hello\n}")


@pytest.mark.parametrize(
    "text",
    [
        "{ hello }",
        "query A { hello } query A { whoami }",
        "query A { thing { ...Names } }" + NAMES + NAMES,
        "query A { thing { ...Missing } }",
        "query A { nothing }",
        "query A {",
    ],
)
def test_what_this_server_would_refuse_is_not_built(tmp_path: Path, documents: Documents, text: str) -> None:
    (tmp_path / "one.graphql").write_text(text)

    with pytest.raises(CannotBuild):
        build(tmp_path, documents)
