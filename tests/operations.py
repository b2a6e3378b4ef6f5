"""What clients send for their screens, from `docs/operations`."""

from pathlib import Path

from graphql import parse
from graphql.utilities import separate_operations

FOLDER = Path(__file__).parents[1] / "docs/operations"

OPERATIONS = separate_operations(parse("\n".join(path.read_text() for path in sorted(FOLDER.glob("*.graphql")))))
"""Each operation with the fragments it needs, as client compilers send it."""
