"""A small schema with a contract of its own, to bind and to run."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import strawberry
from graphql import parse, print_ast
from strawberry.schema.config import StrawberryConfig

from core.buckets import Buckets
from core.errors import NotFound
from core.overload import Overload
from core.redis import Cache
from core.settings import Settings
from core.viewer import Viewer
from loaders.base import Loaders
from schema.contract import Contract, bind, contract
from schema.errors import NotFoundError, RateLimitedError, UserError, ValidationError
from schema.fields import attribute, batched, root
from schema.mutation import mutation
from schema.scalars import SCALARS, URL

ANA = Viewer(id=UUID(int=1), address="10.0.0.1")
SUSPENDED = Viewer(id=UUID(int=2), address="10.0.0.2", status="SUSPENDED")
NOBODY = Viewer(address="10.0.0.3")


def _borrowed(*names: str) -> str:
    """Definitions of the real contract."""
    written: Any = parse(contract().text).definitions
    definitions = {each.name.value: each for each in written}
    return "\n\n".join(print_ast(definitions[name]) for name in names)


CONTRACT = '''
"""Absolute URL."""
scalar URL @specifiedBy(url: "https://url.spec.whatwg.org/")

"""Where reads start."""
type Query {
  """Notes, at most 50."""
  notes(
    """How many."""
    first: Int! = 2 @constraint(min: 1, max: 50)
  ): [Note!] @semanticNonNull
  note(by: NoteLookup!): Note
  desk: Desk
  extra: Int @degradable
  often: Int @rateLimit(limit: 2, window: 60) @rateLimit(limit: 3, window: 3600, scope: ADDRESS)
}

type Mutation {
  writeNote(input: WriteNoteInput!): WriteNotePayload @auth(requires: VIEWER) @rateLimit(limit: 2, window: 60)
  signUp(input: WriteNoteInput!): WriteNotePayload @rateLimit(limit: 2, window: 60, scope: ADDRESS)
}

type Subscription {
  ticks(upTo: Int! = 3 @constraint(max: 3)): Int @auth(requires: ACCOUNT)
}

input NoteLookup @oneOf {
  id: ID
  title: String @constraint(maxLength: 3)
}

"""A short text."""
type Note {
  title: String!
  short(length: Int! = 3 @constraint(min: 1)): String!
  secret: String @auth
  name: String! @deprecated(reason: "Use `title`. Removed after 2027-06-01.")
}

type Desk @auth(requires: VIEWER) {
  lamp: Boolean!
}

input WriteNoteInput {
  title: String! @constraint(minLength: 2, maxLength: 5, pattern: "^[a-z]+$")
  parts: [PartInput!] @constraint(maxItems: 2)
}

input PartInput {
  altText: String @constraint(maxLength: 3)
  parts: [PartInput!]
  link: URL
}

type WriteNotePayload {
  note: Note
  errors: [UserError!]!
}
''' + _borrowed(
    *("auth", "constraint", "degradable", "rateLimit", "semanticNonNull", "AuthLevel", "RateLimitScope", "DateTime"),
    *("UserError", "UserErrorCode", "ValidationError", "NotFoundError", "RateLimitedError"),
)


@strawberry.type
class Note:
    title: str

    @attribute
    def short(self, *, length: int = 3) -> str:
        return self.title[:length]

    @attribute
    def name(self) -> str:
        return self.title

    @batched
    async def secret(parents: list["Note"], ctx: "Ctx") -> list[str | None]:
        return [each.title[::-1] for each in parents]


@strawberry.type
class Desk:
    lamp: bool = True


@strawberry.input(one_of=True)
class NoteLookup:
    id: strawberry.ID | None = strawberry.UNSET
    title: str | None = strawberry.UNSET


@strawberry.input
class PartInput:
    alt_text: str | None = strawberry.UNSET
    parts: list["PartInput"] | None = strawberry.UNSET
    link: URL | None = strawberry.UNSET


@strawberry.input
class WriteNoteInput:
    title: str
    parts: list[PartInput] | None = strawberry.UNSET


@strawberry.type
class WriteNotePayload:
    note: Note | None = None
    errors: list[UserError] = strawberry.field(default_factory=list)


@strawberry.type
class Query:
    @root
    async def notes(ctx: "Ctx", *, first: int = 2) -> list[Note] | None:
        return [Note(title=f"note {number}") for number in range(first)]

    @root
    async def note(ctx: "Ctx", *, by: NoteLookup) -> Note | None:
        return Note(title=by.title) if by.title else None

    @root
    async def desk(ctx: "Ctx") -> Desk | None:
        return Desk()

    @root
    async def extra(ctx: "Ctx") -> int | None:
        return 1

    @root
    async def often(ctx: "Ctx") -> int | None:
        return 1


@strawberry.type
class Mutation:
    @mutation
    async def write_note(ctx: "Ctx", *, input: WriteNoteInput) -> WriteNotePayload:
        if input.title == "gone":
            raise NotFound(("input", "title"), id="gone")
        return WriteNotePayload(note=Note(title=input.title))

    @mutation
    async def sign_up(ctx: "Ctx", *, input: WriteNoteInput) -> WriteNotePayload:
        return WriteNotePayload(note=Note(title=input.title))


@strawberry.type
class Subscription:
    @root
    async def ticks(ctx: "Ctx", *, up_to: int = 3) -> AsyncIterator[int | None]:
        for number in range(up_to):
            yield number


@dataclass
class Backends:
    """The settings, and how busy the process is."""

    settings: Settings
    overload: Overload = field(default_factory=Overload)


@dataclass
class Ctx:
    """The least that fields and guards need of a context; limits are counted in this process."""

    viewer: Viewer = NOBODY
    backends: Backends = field(default_factory=lambda: Backends(settings_with()))
    quotas: dict[str, datetime | None] = field(default_factory=dict)
    buckets: Buckets = field(default_factory=lambda: Buckets(Cache.from_url("redis://127.0.0.1:1/0")))
    batches: dict[Any, Any] = field(default_factory=dict)
    loaders: Loaders = field(default_factory=lambda: Loaders(cast("Any", None)))


def settings_with(**changes: Any) -> Settings:
    """Settings of a process that nothing else asks for any."""
    required: dict[str, Any] = {"secret_key": "x" * 32, "DATABASE_URL": "postgresql://db", "REDIS_URL": "redis://cache"}
    return Settings.model_validate(required | changes)


def small_schema(**changes: Any) -> strawberry.Schema:
    """The small schema; `changes` are further settings of the schema."""
    errors = [NotFoundError, RateLimitedError, ValidationError]
    return strawberry.Schema(
        Query, Mutation, Subscription, types=errors, config=StrawberryConfig(scalar_map=SCALARS), **changes
    )


WRITTEN = Contract.read(CONTRACT)
SCHEMA = small_schema()
BOUND = bind(SCHEMA, WRITTEN)
