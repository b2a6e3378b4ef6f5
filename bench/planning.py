"""What a document that was never seen costs before it runs, and what plans take in memory."""

import time
import tracemalloc
from statistics import median
from typing import Final

from graphql import is_abstract_type
from graphql.execution.values import VariableValues

from aperture.documents import Document, Documents
from aperture.graphql import schema
from aperture.prices import Prices
from bench.screen import SCREEN
from engine.plan import Plan, Selection, Shape
from schema import contract

PLANS: Final = 1_000
NEW: Final = 50


def show() -> None:
    """Print the CPU time of new documents, and the memory of plans beside that of their documents."""
    documents = _documents()
    times = []
    for number in range(NEW):
        began = time.process_time()
        _planned(documents, number)
        times.append(time.process_time() - began)
    print(f"{1000 * median(times):.1f} ms of CPU for a new document, from text to plan")
    kept = [_read(documents, number) for number in range(NEW, NEW + PLANS)]
    tracemalloc.start()
    plans = [_plan(each) for each in kept]
    print(f"{tracemalloc.get_traced_memory()[0] / 1e6:.0f} MB for {len(plans)} plans beside their documents")


def _documents() -> Documents:
    prices = Prices.of(contract.contract())
    return Documents(schema._schema, allows_introspection=False, prices=prices)  # noqa: SLF001 - graphql-core's own


def _planned(documents: Documents, number: int) -> Plan:
    return _plan(_read(documents, number))


def _read(documents: Documents, number: int) -> Document:
    """A screen that is like no other: parsed, within limits, valid and priced."""
    document = documents[SCREEN.replace("Feed", f"Feed{number}", 1).replace("likeCount", f"likes{number}: likeCount")]
    documents.plan(document.operation(None))
    return document


def _plan(document: Document) -> Plan:
    if document.program is None:
        raise RuntimeError("this process runs no plans")
    plan = document.program.plan(document.operation(None).node, VariableValues({}, {}))
    _complete(plan.root)
    return plan


def _complete(shape: Shape) -> None:
    """Work out what a plan leaves until the first object of a type turns up."""
    for field in shape.fields:
        if isinstance(field.inner, Selection):
            named = field.form.named
            types = schema._schema.get_possible_types(named) if is_abstract_type(named) else [named]  # noqa: SLF001
            for type_ in types:
                _complete(field.inner.shape(type_))
