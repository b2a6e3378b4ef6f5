"""The moderators' desk: what is known of an account, and what moderators and administrators did."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

import strawberry

from core import clock
from core.ids import AuditEntryId, ModerationId, RecordId, UserId, readable
from core.paging import Page, Window
from loaders.staff import audit_entries_by_id, trust_by_id
from schema import nodes
from schema.accounts import AccountRole
from schema.connections import PageInfo, fill_pages, page_info
from schema.context import Context
from schema.fields import attribute, batched
from schema.mutation import Payload
from schema.nodes import Node
from schema.profiles import User
from services import staff
from services.staff import Act, AuditRow

if TYPE_CHECKING:
    from core.db import Read


@strawberry.type
class AuditChange:
    field: str
    before: str | None
    after: str | None


@strawberry.type
class AuditLogEntry(Node):
    row: strawberry.Private[AuditRow]

    def global_id(self) -> AuditEntryId:
        return AuditEntryId(self.row.id)

    @attribute
    def action(self) -> str:
        return self.row.action

    @batched
    async def actor(parents: list["AuditLogEntry"], ctx: Context) -> list[User | None]:
        return await nodes.load(ctx, [UserId(each.row.actor_id) for each in parents])

    @batched
    async def subject(parents: list["AuditLogEntry"], ctx: Context) -> list[Node | None]:
        return await nodes.load_texts(ctx, [each.row.subject or "" for each in parents])

    @attribute
    def reason(self) -> str | None:
        return self.row.reason

    @attribute
    def changes(self) -> list[AuditChange]:
        return [AuditChange(**each) for each in self.row.changes]

    @attribute
    def ip_address(self) -> str | None:
        return self.row.address

    @attribute
    def created_at(self) -> datetime:
        return self.row.created_at


@strawberry.type
class AuditLogEdge:
    node: AuditLogEntry
    cursor: str


@strawberry.type
class AuditLogConnection:
    edges: list[AuditLogEdge]
    nodes: list[AuditLogEntry]
    page_info: PageInfo


@strawberry.type
class ModerationRecord(Node):
    user_id: strawberry.Private[UserId]
    created_at: strawberry.Private[datetime]
    trust: strawberry.Private[float]

    def global_id(self) -> RecordId:
        return RecordId(self.user_id.id)

    @batched
    async def user(parents: list["ModerationRecord"], ctx: Context) -> list[User]:
        return await nodes.present(ctx, [each.user_id for each in parents])

    @attribute
    def trust_score(self) -> float:
        return self.trust

    @attribute
    def account_age_days(self) -> int:
        return (clock.now() - self.created_at).days


@strawberry.input
class AuditLogFilter:
    actor_id: strawberry.ID | None = strawberry.UNSET
    subject_id: strawberry.ID | None = strawberry.UNSET
    actions: list[str] | None = strawberry.UNSET
    after: datetime | None = strawberry.UNSET
    before: datetime | None = strawberry.UNSET


@strawberry.type
class Moderation(Node):
    key: strawberry.Private[ModerationId]

    def global_id(self) -> ModerationId:
        return self.key

    @batched
    async def record(
        parents: list["Moderation"], ctx: Context, *, user_id: strawberry.ID
    ) -> list[ModerationRecord | None]:
        asked = readable(UserId, [user_id])
        found = await nodes.one(ctx, RecordId(asked[0].id), ModerationRecord) if asked else None
        return [found] * len(parents)

    @batched
    async def audit_log(
        parents: list["Moderation"],
        ctx: Context,
        *,
        first: int | None = 50,
        after: str | None = None,
        filter: AuditLogFilter | None = None,
    ) -> list[AuditLogConnection | None]:
        wanted = _wanted(filter)

        async def fetch(db: "Read", asked: Sequence[tuple[Moderation, Window]]) -> list[Page[AuditEntryId]]:
            return [await staff.page(db, wanted, window) for _, window in asked]

        found = await fill_pages(ctx, parents, Window(first or 50, after), fetch)
        return [
            AuditLogConnection(
                edges=[AuditLogEdge(node=one, cursor=at) for one, at in zip(page.items, page.cursors, strict=True)],
                nodes=list(page.items),
                page_info=page_info(page),
            )
            for page in found
        ]


_NOBODY = UUID(int=0)


def _wanted(given: AuditLogFilter | None) -> staff.AuditFilter:
    if not given:
        return staff.AuditFilter()
    return staff.AuditFilter(
        actor_id=next((each.id for each in readable(UserId, [given.actor_id])), _NOBODY) if given.actor_id else None,
        subject=given.subject_id or None,
        actions=given.actions or None,
        after=given.after or None,
        before=given.before or None,
    )


async def load_desks(ctx: Context, ids: Sequence[ModerationId]) -> list[Moderation | None]:
    """The desk of a moderator; nobody else sits at it."""
    who, is_staff = ctx.viewer, staff.RANKS[ctx.viewer.role] >= staff.RANKS["MODERATOR"]
    return [Moderation(key=each) if is_staff and each.id == who.id else None for each in ids]


async def load_entries(ctx: Context, ids: Sequence[AuditEntryId]) -> list[AuditLogEntry | None]:
    """Acts of staff by id."""
    rows = await ctx.loaders.load(audit_entries_by_id, [each.id for each in ids])
    return [AuditLogEntry(row=row) if row else None for row in rows]


async def load_records(ctx: Context, ids: Sequence[RecordId]) -> list[ModerationRecord | None]:
    """What is known of people; that it was read is written down of each."""
    if staff.RANKS[ctx.viewer.role] < staff.RANKS["MODERATOR"]:
        return [None] * len(ids)
    found = await records(ctx, ids)
    for record in found:
        if record is not None:
            act = Act("moderation.record", str(record.user_id))
            read = partial(staff.exercise, viewer=ctx.viewer, role="MODERATOR", act=act)
            await ctx.backends.db.write(read)
    return found


async def records(ctx: Context, ids: Sequence[RecordId]) -> list[ModerationRecord | None]:
    """What is known of people, for those who have just used a power on them."""
    people = await nodes.load(ctx, [UserId(each.id) for each in ids])
    known = await ctx.loaders.load(trust_by_id, [each.id for each in ids])
    return [
        ModerationRecord(user_id=UserId(each.id), created_at=facts[0], trust=facts[1]) if person and facts else None
        for each, person, facts in zip(ids, people, known, strict=True)
    ]


nodes.refetchable(ModerationId, load_desks)
nodes.refetchable(AuditEntryId, load_entries)
nodes.refetchable(RecordId, load_records)


@strawberry.input
class SetVerifiedInput:
    user_id: strawberry.ID
    is_verified: bool
    reason: str


@strawberry.type
class SetVerifiedPayload(Payload):
    user: User | None = None


@strawberry.input
class SetAccountRoleInput:
    user_id: strawberry.ID
    role: AccountRole
    reason: str


@strawberry.type
class SetAccountRolePayload(Payload):
    record: ModerationRecord | None = None
