"""The documents clients sent lately, parsed and validated once each."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Final

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    specified_rules,
    validate,
)
from graphql.validation.rules import overlapping_fields_can_be_merged

from aperture import cost, errors, limits, personal
from aperture.prices import Prices
from core import tracing
from core.errors import ApiError
from core.limits import DEFAULTS, Limits
from engine.program import Compiler, Program

# A parsed document takes some 330 bytes per character: at most 66 MB.
REMEMBERED_CHARACTERS: Final = 200_000

# Comparing repeated fields is quadratic: by default 2 kB of them take half a second. Real screens need below 100.
overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = 1_000


class DocumentRefused(Exception):
    """A document that cannot run: its errors as the library tells them, and the code they share."""

    def __init__(self, code: str, errors: list[GraphQLError]) -> None:
        super().__init__(code)
        self.code = code
        self.errors = errors


@dataclass(frozen=True)
class Document:
    """A document that passed the limits and the rules of the schema."""

    text: str
    ast: DocumentNode
    operations: dict[str, OperationDefinitionNode]
    program: Program | None = None
    plans: dict[str, cost.Plan] = field(default_factory=dict)
    personal: dict[str, bool] = field(default_factory=dict)

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """The operation to run; raises ApiError when the name leaves none or several."""
        if name is not None:
            if name not in self.operations:
                raise ApiError("BAD_USER_INPUT", "The document has no operation of this name.")
            return self.operations[name]
        if len(self.operations) != 1:
            raise ApiError("BAD_USER_INPUT", "Send operationName: the document does not have exactly one operation.")
        return next(iter(self.operations.values()))

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the text, in hexadecimal digits."""
        return sha256(self.text.encode()).hexdigest()


class Documents:
    """A bounded memory of valid documents by their text; invalid ones are not remembered."""

    def __init__(
        self,
        schema: GraphQLSchema,
        *,
        allows_introspection: bool,
        prices: Prices | None = None,
        bounds: Limits = DEFAULTS,
        before_reading: Callable[[], None] = lambda: None,
        runs_plans: bool = True,
    ) -> None:
        """What `before_reading` raises keeps an unknown document from being read."""
        self._schema = schema
        self._before_reading = before_reading
        self._bounds = bounds
        self._compiler = Compiler(schema) if runs_plans else None
        self._prices = prices or Prices()
        self.allows_introspection = allows_introspection
        self._rules = [*specified_rules, *(() if allows_introspection else (NoSchemaIntrospectionCustomRule,))]
        self._known: OrderedDict[str, Document] = OrderedDict()
        self._characters = 0

    def __getitem__(self, text: str) -> Document:
        """The document of this text; raises DocumentRefused, or ApiError when it is too large."""
        document = self._known.get(text)
        if document is None:
            self._before_reading()
            document = self._remembered(self._read(text))
        else:
            self._known.move_to_end(text)
        return document

    def __contains__(self, text: str) -> bool:
        """Whether this text is known, so that it takes no time to read."""
        return text in self._known

    def plan(self, document: Document, operation: OperationDefinitionNode) -> cost.Plan:
        """What one operation of a document costs, made when it runs first; ApiError if that takes too long."""
        name = operation.name.value if operation.name else ""
        if name not in document.plans:
            document.plans[name] = cost.plan(self._schema, self._prices, document.ast, operation)
        return document.plans[name]

    def is_personal(self, document: Document, operation: OperationDefinitionNode) -> bool:
        """Whether an operation selects a field that goes by who the viewer is."""
        name = operation.name.value if operation.name else ""
        if name not in document.personal:
            document.personal[name] = personal.selects_personal(self._schema, document.ast, operation)
        return document.personal[name]

    def require(self, text: str) -> None:
        """Read a document without running it; raises as reading it does."""
        self[text]

    def _remembered(self, document: Document) -> Document:
        """The document, which takes the place of those that were not asked for the longest."""
        self._known[document.text] = document
        self._characters += len(document.text)
        while self._characters > REMEMBERED_CHARACTERS:
            forgotten, _ = self._known.popitem(last=False)
            self._characters -= len(forgotten)
        return document

    def _read(self, text: str) -> Document:
        with tracing.span("parse"):
            try:
                ast = limits.parse_within_limits(text, self._bounds)
            except GraphQLError as error:
                raise DocumentRefused("PARSE_FAILED", [error]) from None
            limits.check(ast, self._bounds)
        with tracing.span("validate"):
            hides = not self.allows_introspection
            found = validate(self._schema, ast, self._rules, max_errors=errors.ERRORS - 1, hide_suggestions=hides)
        if found:
            raise DocumentRefused("VALIDATION_FAILED", found)
        return Document(text, ast, _operations(ast), self._compiler.program(ast) if self._compiler else None)


def _operations(ast: DocumentNode) -> dict[str, OperationDefinitionNode]:
    found = (one for one in ast.definitions if isinstance(one, OperationDefinitionNode))
    return {one.name.value if one.name else "": one for one in found}
