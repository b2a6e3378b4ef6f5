"""The rooms look alike: every file says what it owns, and a few things are done in one place alone."""

import ast
import re
from collections.abc import Iterator

from core.events import Event
from jobs.routes import ROUTES
from models.base import Base
from models.registry import metadata
from tests.architecture.sharding import CLOCKS
from tests.architecture.tree import ROOMS, Module, called, dotted, imported, modules

PRODUCT = modules()
TESTS = modules(rooms=("tests", "bench"))
SERVICES = [module for module in PRODUCT if module.path.startswith("services/")]

# What a command needs and nothing else does; boto3 costs 40 MB and half a second.
IMPORTS_LATER = {"aperture/cli.py", "core/storage/opening.py"}
NO_NAMES = {"util", "utils", "common", "misc", "manager", "managers", "helper", "helpers", "base_service"}
READS_THE_CLOCK = {"core/clock.py"}
MACHINE_CLOCKS = {
    "time.time",
    "time.time_ns",
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
}
# The database is asked for its time where its distance from the machine's is measured.
ASKS_THE_DATABASE = {"core/db.py"}
# Transactions of their own: an epoch and a key are no part of what a person does, a sign of life and a warning that a
# refused log-in leaves behind it may be lost.
# An attempt is used up before its provider is asked, and what it says is kept: no network inside a transaction.
OPEN_TRANSACTIONS = {
    "services/auth/gate.py",
    "services/auth/keys.py",
    "services/auth/log_in.py",
    "services/epochs.py",
    "services/providers/log_in.py",
}
END_TRANSACTIONS = {"commit", "rollback"}

WITHOUT_CONSEQUENCE = {
    **dict.fromkeys(
        (
            "FollowRequested",
            "FollowRequestEnded",
            "UserUnblocked",
            "UserRestricted",
            "UserUnrestricted",
        ),
        "the door goes by it at the next look",
    ),
    "PostSubmitted": "a post that waits is published by what follows from its last upload",
}


def test_a_module_begins_with_one_sentence() -> None:
    first = {module.path: told(module) for module in [*PRODUCT, *TESTS]}

    assert [path for path, sentence in first.items() if not re.fullmatch(r".+[.!?]", sentence)] == []
    assert [path for path, sentence in first.items() if re.search(r"[.!?] [A-Z]", sentence) if not is_hall(path)] == []


def test_a_room_says_its_purpose() -> None:
    assert {f"{room}/__init__.py" for room in ROOMS} <= {module.path for module in PRODUCT if told(module)}


def test_imports_stand_at_the_top() -> None:
    late = {
        module.path
        for module in PRODUCT
        for node in module.nodes
        if isinstance(node, ast.Import | ast.ImportFrom)
        if any(isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) for each in module.above(node))
    }

    assert late == IMPORTS_LATER


def test_files_are_called_by_what_they_own() -> None:
    assert [module.path for module in [*PRODUCT, *TESTS] if NO_NAMES & set(re.split(r"[/_.]", module.path))] == []


def test_one_clock_is_read() -> None:
    assert {module.path for module in [*PRODUCT, *TESTS] if MACHINE_CLOCKS & set(uses(module))} == READS_THE_CLOCK


def test_sql_never_asks_for_the_time() -> None:
    asks = re.compile(
        rf"\b({'|'.join(CLOCKS)})\s*\(|\b(current_timestamp|current_date|localtimestamp)\b", re.IGNORECASE
    )
    written = {
        module.path
        for module in PRODUCT
        for node in module.nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and asks.search(node.value)
        if not isinstance(module.parents[node], ast.Expr)
    }
    built = {
        module.path
        for module in PRODUCT
        for name in uses(module)
        if name.startswith("sqlalchemy.") and name.rpartition(".")[2] in {*CLOCKS, "current_timestamp", "current_date"}
    }

    assert written | built == ASKS_THE_DATABASE
    assert [column for table in metadata.tables.values() for column in table.c if column.server_default] == []


def test_nothing_of_our_own_is_mocked() -> None:
    names = {(module.path, name) for module in TESTS for name in imported(module).values()}

    assert [each for each in names if re.search(r"\bmock\b|pytest_mock|respx|fakeredis", each[1])] == []


def test_models_have_no_relationships() -> None:
    assert [mapper.class_ for mapper in Base.registry.mappers if list(mapper.relationships)] == []


def test_services_never_end_a_transaction() -> None:
    assert [module.path for module in SERVICES for node in module.nodes if called(node) in END_TRANSACTIONS] == []


def test_few_services_open_a_transaction() -> None:
    opened = {
        module.path
        for module in SERVICES
        for node in module.nodes
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and called(node) in {"write", "transaction"}
    }

    assert opened == OPEN_TRANSACTIONS


def test_the_map_says_what_follows_from_every_event() -> None:
    events = {name for name, event in Event.registry.items() if event.__module__ == "core.events"}
    without = {event.__name__ for event, consequences in ROUTES.items() if not consequences}

    assert {event.__name__ for event in ROUTES} == events
    assert without == WITHOUT_CONSEQUENCE.keys()


def told(module: Module) -> str:
    """The first paragraph of the docstring; a step of a migration says what it does in its first line."""
    return (ast.get_docstring(module.tree) or "").partition("\n\n")[0].replace("\n", " ")


def is_hall(path: str) -> bool:
    return path.endswith("__init__.py")


def uses(module: Module) -> Iterator[str]:
    """The full names of what the module takes from modules it imports."""
    names = imported(module)
    yield from names.values()
    for node in module.nodes:
        if isinstance(node, ast.Attribute) and (name := dotted(node)):
            first, _, rest = name.partition(".")
            if first in names:
                yield f"{names[first]}.{rest}"
