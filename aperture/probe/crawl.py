"""Walks the whole contract as one viewer, from every root field through everything that was found."""

import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from graphql import GraphQLArgument, get_named_type, get_nullable_type, is_input_object_type, is_list_type

from aperture.execution import Graph, GraphQLRequest, execute
from aperture.graphql import schema
from aperture.prices import Prices
from aperture.probe.findings import Findings, end_of
from aperture.probe.questions import HEAD, PAGE, Call, Questions
from core.backends import Backends
from core.limits import Limits
from core.viewer import Viewer
from schema.context import Context
from schema.contract import contract

AT_ONCE: Final = 25
"""How many things are asked for together, unless that costs too much."""

CHOSEN_AT_ONCE: Final = 5
"""The same with arguments that choose, such as the words of a search, which the contract allows in few lists."""

_TOO_DEAR: Final = "COST_LIMIT_EXCEEDED"
_FIELDS: Final = 6
_ROOTS: Final = 10
_BOUNDS: Final = Limits(
    characters=500_000,
    tokens=100_000,
    aliases=1000,
    selections=50_000,
    repeats=1000,
    depth=30,
    definitions=100,
)


class _TooDearError(Exception):
    """So many things cannot be asked together."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a walk starts with: ids of any kind, and words by the name of the argument they are good for."""

    ids: Sequence[str] = ()
    words: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Patience:
    """Where a walk ends although there is more: after so many seconds, operations, pages of one list, or steps."""

    seconds: float = 60
    operations: int = 5000
    pages: int = 20
    rounds: int = 1000


@cache
def graph_for_probes() -> Graph:
    """A graph of the running schema with the usual prices, whose documents may be longer than people write them."""
    return Graph(schema._schema, prices=Prices.of(contract()), bounds=_BOUNDS)  # noqa: SLF001 - no other way to graphql-core


class Probe:
    """A graph to ask, and what there is to be asked of it; good for any number of walks."""

    def __init__(self, backends: Backends, graph: Graph | None = None, page: int = PAGE) -> None:
        self.backends = backends
        self.graph = graph or graph_for_probes()
        self.questions = Questions(contract(), page)
        self.bearable: dict[tuple[str, ...], int] = {}
        """How many things of a type may be asked at once for some fields; 0 for fields to be asked alone."""

    async def walk(self, viewer: Viewer, known: Known, patience: Patience | None = None) -> Findings:
        """Everything that the viewer reaches from the root fields, with what is known for their arguments."""
        walk = _Walk(self, viewer, known, patience or Patience())
        await walk.run()
        return walk.findings


class _Walk:
    """One walk of one viewer."""

    def __init__(self, probe: Probe, viewer: Viewer, known: Known, patience: Patience) -> None:
        self.findings = Findings()
        self._probe = probe
        self._questions = probe.questions
        self._viewer = viewer
        self._known = known
        self._patience = patience
        self._ends_at = time.monotonic() + patience.seconds

    async def run(self) -> None:
        """Walk until nothing is left that was not asked, or patience ends."""
        for name in self._questions.fields("Query"):
            for call in self._questions.calls_of("Query", name):
                fillings = list(self._fillings("Query", call))
                for start in range(0, len(fillings), _ROOTS):
                    await self._ask_root(call, fillings[start : start + _ROOTS])
        asked = set[str]()
        rounds = 0
        while self.findings.is_whole and (new := [each for each in self.findings.things if each not in asked]):
            asked.update(new)
            rounds += 1
            self.findings.is_whole = rounds <= self._patience.rounds
            if not self.findings.is_whole:
                return
            for kind, ids in self._by_kind(new):
                await self._ask_things(kind, ids)

    async def _ask_root(self, call: Call, fillings: Sequence[Mapping[str, Any]]) -> None:
        """Call a root field several times in one operation; each time alone if that is too dear or fails."""
        known, numbered = len(self.findings.errors), list(enumerate(fillings))
        types = {f"{name}_{n}": type_ for n, _ in numbered for name, type_ in call.takes.items()}
        values = {f"{name}_{n}": value for n, filling in numbered for name, value in filling.items()}
        try:
            data = await self._send(" ".join(_numbered(call, n) for n, _ in numbered), types, values)
        except _TooDearError:
            data = {}
        for n, filling in numbered:
            answer = data.get(f"{call.name}__{n}")
            self.findings.take_in(answer, None, _told(call, filling))
        has_failed = not data or len(self.findings.errors) > known
        if has_failed and self.findings.is_whole and len(fillings) > 1:
            for filling in fillings:
                await self._ask_root(call, [filling])
        elif has_failed and self.findings.is_whole and call.bare and not any(data.values()):
            # What is there may fail to tell all of itself, as the viewer whose session has ended.
            data = await self._send(call.bare, call.takes, fillings[0])
            self.findings.take_in(data.get(call.name), None, _told(call, fillings[0]))

    def _by_kind(self, ids: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
        """Things of one type each, as many as are asked at once."""
        kinds: dict[str, list[str]] = {}
        for each in ids:
            kinds.setdefault(self.findings.things[each].kind, []).append(each)
        for kind, found in kinds.items():
            yield from ((kind, found[start : start + AT_ONCE]) for start in range(0, len(found), AT_ONCE))

    async def _ask_things(self, kind: str, ids: Sequence[str]) -> None:
        """Ask things of one type for all they say and lead to, a few fields at a time."""
        await self._ask(kind, ids, self._questions.facts(kind), {})
        there = [each for each in ids if self.findings.things[each].is_fetched]
        calls = [call for call in self._questions.calls(kind) if not call.takes]
        for start in range(0, len(calls), _FIELDS):
            await self._ask(kind, there, calls[start : start + _FIELDS], {})
        for call in self._questions.calls(kind):
            if call.takes:
                for values in self._fillings(kind, call):
                    await self._ask(kind, there, [call], values)

    async def _ask(self, kind: str, ids: Sequence[str], calls: Sequence[Call], values: Mapping[str, Any]) -> None:
        """Ask things for some fields, as many at once as their costs allow, and on to the last page of each list."""
        bearable = self._probe.bearable
        asked = (kind, *(call.name for call in calls))
        start = 0
        while start < len(ids):
            some = ids[start : start + bearable.get(asked, CHOSEN_AT_ONCE if values else AT_ONCE)]
            if not some:
                break
            try:
                await self._ask_at_once(kind, some, calls, values)
                start += len(some)
            except _TooDearError:
                bearable[asked] = len(some) // 2
        for call in calls if start < len(ids) and len(calls) > 1 else ():
            await self._ask(kind, ids[start:], [call], values)

    async def _ask_at_once(
        self, kind: str, ids: Sequence[str], calls: Sequence[Call], values: Mapping[str, Any]
    ) -> None:
        """Ask for all the fields in one operation; for each alone if one that failed took all along."""
        known = len(self.findings.errors)
        answers = await self._nodes(kind, ids, calls, values)
        if len(answers) < len(ids) and len(self.findings.errors) > known and len(calls) > 1:
            for call in calls:
                await self._ask(kind, ids, [call], values)
            return
        for asked, answer in answers:
            self.findings.things[asked].is_fetched = True
            for call in calls:
                self.findings.take_in(answer.get(call.name), asked, _told(call, values))
                await self._ask_on(kind, asked, call, values, answer)

    async def _ask_on(
        self, kind: str, id: str, call: Call, values: Mapping[str, Any], answer: Mapping[str, Any]
    ) -> None:
        """Follow the pages of a list."""
        if call.again is None:
            return
        behind = Call(call.name, call.label, call.again, {**call.takes, "after": "String"})
        for _ in range(self._patience.pages):
            cursor = end_of(answer.get(call.name))
            if cursor is None:
                return
            pages = await self._nodes(kind, [id], [behind], {**values, "after": cursor})
            answer = pages[0][1] if pages else {}
            self.findings.take_in(answer.get(call.name), id, _told(call, values))
        self.findings.is_whole = False

    async def _nodes(
        self, kind: str, ids: Sequence[str], calls: Sequence[Call], values: Mapping[str, Any]
    ) -> list[tuple[str, Mapping[str, Any]]]:
        """What each of the things answers; those that `nodes` does not give are left out."""
        parts = " ".join(call.text for call in calls)
        text = f"nodes(ids: $ids) {{ {HEAD} ... on {kind} {{ {parts} }} }}"
        types = {name: type_ for call in calls for name, type_ in call.takes.items()}
        data = await self._send(text, {"ids": "[ID!]!", **types}, {"ids": list(ids), **values})
        return [(asked, answer) for asked, answer in zip(ids, data.get("nodes") or (), strict=False) if answer]

    def _fillings(self, kind: str, call: Call) -> Iterator[dict[str, Any]]:
        """Values for the arguments that a call takes; none if nothing is known for one of them."""
        arguments = self._questions.fields(kind)[call.name.partition("_")[0]].args
        columns = {
            name: list(self._values(f"{kind}.{call.name}({name}:)", name, arguments[name])) for name in call.takes
        }
        for row in range(max(map(len, columns.values()), default=1) if all(columns.values()) else 0):
            yield {name: values[min(row, len(values) - 1)] for name, values in columns.items()}

    def _values(self, where: str, name: str, argument: GraphQLArgument) -> Iterator[Any]:
        type_ = get_nullable_type(argument.type)
        named = get_named_type(type_)
        if is_list_type(type_):
            most = self._questions.limit(where, argument, "maxItems") or 1
            found = list(self._of(named, name))
            yield from (found[start : start + most] for start in range(0, len(found), most))
        elif is_input_object_type(named):
            yield from ({key: value} for key, each in named.fields.items() for value in self._of(each.type, key))
        else:
            yield from self._of(named, name)

    def _of(self, type_: Any, name: str) -> Sequence[str]:
        return self._known.ids if get_named_type(type_).name == "ID" else self._known.words.get(name, ())

    async def _send(self, selection: str, types: Mapping[str, str], values: Mapping[str, Any]) -> Mapping[str, Any]:
        """The data of one operation; empty once patience has ended. Raises `_TooDearError`, and notes other errors."""
        if time.monotonic() > self._ends_at or self.findings.operations >= self._patience.operations:
            self.findings.is_whole = False
            return {}
        self.findings.operations += 1
        head = f"({', '.join(f'${name}: {type_}' for name, type_ in types.items())})" if types else ""
        request = GraphQLRequest(f"query Probe{head} {{ {selection} }}", variables=dict(values))
        answer = await execute(self._probe.graph, request, Context(self._probe.backends, self._viewer))
        for error in answer.get("errors") or ():
            code, path = error["extensions"]["code"], ".".join(str(step) for step in error.get("path") or ())
            if code == _TOO_DEAR:
                raise _TooDearError
            self.findings.errors.setdefault(f"{code} at {path or selection[:80]}", error["message"])
        return answer.get("data") or {}


def _numbered(call: Call, number: int) -> str:
    """A call among others of its field, with variables of its own."""
    text = call.text.replace(f"{call.name}:", f"{call.name}__{number}:", 1)
    for name in call.takes:
        text = re.sub(rf"\${name}\b", f"${name}_{number}", text)
    return text


def _told(call: Call, values: Mapping[str, Any]) -> str:
    """A call with its arguments, for people."""
    given = ", ".join(f"{name}: {_short(value)}" for name, value in values.items())
    return f"{call.label.partition('(')[0]}({given})" if given else call.label


def _short(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{name}: {each}' for name, each in value.items())}}}"
    return f"{len(value)} of them" if isinstance(value, list) else str(value)
