"""The contract in the order it is read: chapters of types, types of members, members of arguments."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import (
    GraphQLNamedType,
    get_named_type,
    is_enum_type,
    is_input_object_type,
    is_interface_type,
    is_object_type,
    is_scalar_type,
    is_union_type,
    print_ast,
)

from aperture.reference.words import Note, breaches, notes
from schema.contract import Contract

_BANNER: Final = re.compile(r"^# -+\n# (.+)\n# -+$", re.MULTILINE)
_GROUP: Final = re.compile(r"^  # (.+)$", re.MULTILINE)
_KINDS: Final = (
    (is_object_type, "type"),
    (is_interface_type, "interface"),
    (is_union_type, "union"),
    (is_input_object_type, "input"),
    (is_enum_type, "enum"),
    (is_scalar_type, "scalar"),
)
ROOTS: Final = ("Query", "Mutation", "Subscription")


@dataclass(frozen=True, slots=True)
class Member:
    """A field, argument, input field or enum value; `where` is its coordinate. An enum value has no type."""

    where: str
    name: str
    words: str
    type: str = ""
    default: str | None = None
    arguments: tuple["Member", ...] = ()
    notes: tuple[Note, ...] = ()
    deprecated: str | None = None
    group: str = ""
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """A type or a directive, with what stands around it in the graph."""

    name: str
    kind: str
    words: str
    members: tuple[Member, ...] = ()
    notes: tuple[Note, ...] = ()
    interfaces: tuple[str, ...] = ()
    possible: tuple[str, ...] = ()
    specified_by: str | None = None
    used_by: tuple[str, ...] = ()


@dataclass(slots=True)
class Chapter:
    """A part of the contract under one of its headings."""

    title: str
    entries: list[Entry] = field(default_factory=list)

    @property
    def anchor(self) -> str:
        return "chapter-" + re.sub(r"\W+", "-", self.title.lower()).strip("-")


def preface(contract: Contract) -> tuple[str, str]:
    """What the comment at the top of the contract says: a sentence, and how to read it as a list in Markdown."""
    lines = contract.text.split("\n\n", maxsplit=1)[0].splitlines()
    said = "\n".join(line.removeprefix("#").removeprefix(" ") for line in lines)
    lead, _, rest = said.partition("\n\n")
    sentence = lead.partition(": ")[2]
    return sentence[:1].upper() + sentence[1:], rest[rest.index("  - ") :]


def chapters(contract: Contract) -> list[Chapter]:
    """All of it: first what operations start from, then the rest as the contract has it."""
    reading = _Reading(contract)
    headings = [(match.start(), match[1]) for match in _BANNER.finditer(contract.text)]
    found = {title: Chapter(title) for _, title in headings}
    for start, entry in reading.entries():
        found[next(title for place, title in reversed(headings) if place < start)].entries.append(entry)
    return sorted(
        (each for each in found.values() if each.entries),
        key=lambda each: (not any(entry.name in ROOTS for entry in each.entries), each.title == "Directives"),
    )


class _Reading:
    """One reading of a contract, with an index of who uses which type."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._types = contract.schema.type_map
        self._groups = [(match.start(), match[1]) for match in _GROUP.finditer(contract.text)]
        self._users: dict[str, list[str]] = defaultdict(list)
        for where, part in contract.places():
            if hasattr(part, "type") and "(" not in where and not where.startswith("__"):
                self._users[get_named_type(part.type).name].append(where)

    def entries(self) -> Iterator[tuple[int, Entry]]:
        """Each entry and where it begins in the text."""
        for each in self._types.values():
            if each.ast_node and each.ast_node.loc:
                yield each.ast_node.loc.start, self._entry(each)
        for directive in self._contract.schema.directives:
            if directive.ast_node and directive.ast_node.loc:
                arguments = tuple(self._members(f"@{directive.name}", directive.args))
                yield (
                    directive.ast_node.loc.start,
                    Entry(f"@{directive.name}", "directive", directive.description or "", arguments),
                )

    def _entry(self, each: GraphQLNamedType) -> Entry:
        parts: Mapping[str, Any] = getattr(each, "values" if is_enum_type(each) else "fields", {})
        interfaces = getattr(each, "interfaces", ())
        possible = (
            self._contract.schema.get_possible_types(each) if is_union_type(each) or is_interface_type(each) else ()
        )
        return Entry(
            name=each.name,
            kind=next(kind for is_kind, kind in _KINDS if is_kind(each)),
            words=each.description or "",
            members=tuple(self._members(each.name, parts)),
            notes=tuple(notes(self._contract.applied(each, each.name))),
            interfaces=tuple(one.name for one in interfaces),
            possible=tuple(one.name for one in possible),
            specified_by=getattr(each, "specified_by_url", None),
            used_by=tuple(self._users[each.name]),
        )

    def _members(self, parent: str, parts: Mapping[str, Any]) -> Iterator[Member]:
        for name, part in parts.items():
            where = f"{parent}.{name}"
            node = part.ast_node
            default = getattr(node, "default_value", None)
            yield Member(
                where=where,
                name=name,
                words=part.description or "",
                type=str(getattr(part, "type", "")),
                default=print_ast(default) if default else None,
                arguments=tuple(self._members(where, getattr(part, "args", {}))),
                notes=tuple(notes(self._contract.applied(part, where))),
                deprecated=part.deprecation_reason,
                group=self._group(node.loc.start) if parent in ROOTS else "",
                errors=tuple(self._errors(parent, part)) if parent in ROOTS else (),
            )

    def _group(self, start: int) -> str:
        return next((title for place, title in reversed(self._groups) if place < start), "")

    def _errors(self, parent: str, part: Any) -> Iterable[str]:
        """What the contract lets one expect: from the directives, and from the input of a mutation."""
        applied = {each.name: each for each in self._contract.applied(part, "")}
        payload = "UserErrorCode." if parent == "Mutation" else "error."
        found = []
        if "auth" in applied:
            found += ["error.UNAUTHENTICATED"] + ["error.FORBIDDEN"] * (applied["auth"].values["requires"] != "ACCOUNT")
        if "rateLimit" in applied:
            found.append(f"{payload}RATE_LIMITED")
        broken = [code for each in part.args.values() for code in self._breaches(each, set())]
        found += [f"{payload}{code}" if parent == "Mutation" else "error.BAD_USER_INPUT" for code in broken]
        return dict.fromkeys(found)

    def _breaches(self, part: Any, seen: set[str]) -> Iterator[str]:
        """Codes of whatever may be wrong with a value, at any depth."""
        yield from breaches(self._contract.applied(part, ""))
        target = get_named_type(part.type)
        if is_input_object_type(target) and target.name not in seen:
            seen.add(target.name)
            for name, each in target.fields.items():
                if name == "idempotencyKey":
                    yield "IDEMPOTENCY_MISMATCH"
                if get_named_type(each.type).name == "ID":
                    yield "NOT_FOUND"
                yield from self._breaches(each, seen)
