"""The documents clients sent lately, parsed and validated once each."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
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


@dataclass(slots=True, eq=False)
class Operation:
    """One operation of a document, and what is found out about it when it is asked for first."""

    document: "Document"
    node: OperationDefinitionNode
    name: str | None
    kind: str
    plan: cost.Plan | None = None
    is_personal: bool | None = None

    @classmethod
    def of(cls, document: "Document", node: OperationDefinitionNode) -> "Operation":
        """An operation as it stands in the document."""
        return cls(document, node, node.name.value if node.name else None, node.operation.value)


@dataclass(frozen=True)
class Document:
    """A document that passed the limits and the rules of the schema."""

    text: str
    ast: DocumentNode
    program: Program | None = None

    @cached_property
    def operations(self) -> dict[str, Operation]:
        """Its operations by their names, a nameless one by an empty name."""
        nodes = (one for one in self.ast.definitions if isinstance(one, OperationDefinitionNode))
        found = (Operation.of(self, node) for node in nodes)
        return {each.name or "": each for each in found}

    def operation(self, name: str | None) -> Operation:
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

    def plan(self, operation: Operation) -> cost.Plan:
        """What an operation costs; ApiError if it takes too long to find."""
        if operation.plan is None:
            operation.plan = cost.plan(self._schema, self._prices, operation.document.ast, operation.node)
        return operation.plan

    def is_personal(self, operation: Operation) -> bool:
        """Whether an operation selects a field that goes by who the viewer is."""
        if operation.is_personal is None:
            ast, node = operation.document.ast, operation.node
            operation.is_personal = personal.selects_personal(self._schema, ast, node)
        return operation.is_personal

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
        return Document(text, ast, self._compiler.program(ast) if self._compiler else None)
