"""The operator's manual names every setting with its default, and only commands that there are."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from aperture.cli import main
from core.limits import DEFAULTS, Limits
from core.metrics import REGISTRY
from core.settings import Settings
from tests.docs.documents import ROOT

DOCUMENTS = ("README.md", "CONTRIBUTING.md", *(str(path.relative_to(ROOT)) for path in ROOT.glob("docs/**/*.md")))


def test_every_setting_is_explained_with_its_default() -> None:
    rows = re.findall(r"^\| `([A-Z0-9_]+)` \| `?([^|`]+)`? \|", (ROOT / "docs/operate.md").read_text(), re.MULTILINE)

    assert rows == list(_settings())


def test_every_limit_is_explained_with_its_default() -> None:
    rows = re.findall(r"^\| `([a-z_]+)` \| `([0-9.]+)` \|", (ROOT / "docs/operate.md").read_text(), re.MULTILINE)

    assert rows == [(name, f"{field.default:g}") for name, field in Limits.model_fields.items()]


def test_every_metric_is_explained_and_every_rule_asks_for_one_that_exists() -> None:
    named = set(re.findall(r"\baperture_[a-z_]+", (ROOT / "docs/operate.md").read_text()))
    families = {family.name: family for family in REGISTRY.collect() if family.name.startswith("aperture_")}
    shown = {f"{name}_total" if family.type == "counter" else name for name, family in families.items()}

    assert {name.removesuffix("_bucket") for name in named} == shown


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_in_a_document_exists(document: str) -> None:
    known = _commands(get_command(main))

    named = {
        words[0] if words[0] not in {"admin", "documents", "keys", "schema", "tasks"} else f"{words[0]} {words[1]}"
        for words in re.findall(r"(?:`|bin/|-m )aperture ([a-z-]+)(?: ([a-z-]+))?", (ROOT / document).read_text())
    }

    assert named <= known


def _settings() -> Iterator[tuple[str, str]]:
    for name, field in Settings.model_fields.items():
        variable = field.validation_alias or f"APERTURE_{name.upper()}"
        yield str(variable), "required" if field.is_required() else _written(field.default)


def _written(default: Any) -> str:
    if default in (None, "", (), DEFAULTS):
        return "none"
    if isinstance(default, bool):
        return str(default).lower()
    return f"{default:g}" if isinstance(default, float) else str(default)


def _commands(group: Any, above: str = "") -> set[str]:
    found = set()
    for name, command in group.commands.items():
        found |= _commands(command, f"{name} ") if hasattr(command, "commands") else {f"{above}{name}"}
    return found
