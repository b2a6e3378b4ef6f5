"""Whom a text mentions: found when it is written, so that a handle that changes hands leads nobody astray."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, Row, TextClause, Uuid, bindparam, select, text

from core.db import Read, Write
from core.events import PostUpdated
from core.ids import UserId
from core.viewer import Viewer
from models.privacy import PrivacySetting
from models.profiles import Handle
from services import handles, outbox, pairs, permissions
from services.text import mentioned_handles
from services.visibility import profiles


def _says(column: str) -> str:
    """Whether a column of mentions leads to `:person`."""
    return f"cast(:person as text) in (select value from jsonb_each_text({column}))"  # noqa: S608 - constants


def _taking(table: str, column: str, where: str) -> TextClause:
    """Take `:person` out of a column of mentions, whatever handles lead to the person there."""
    keys = f"select key from jsonb_each_text({column}) where value = cast(:person as text)"  # noqa: S608 - constants
    return text(f"update {table} set {column} = {column} - array({keys}) where {where}")  # noqa: S608 - constants


_IN_BIO: Final = _taking("users", "bio_mentions", f"id = :writer and {_says('bio_mentions')}")
_IN_CAPTIONS: Final = _taking(
    "posts",
    "caption_mentions",
    f"""author_id = :writer and id in (
        select id from posts where author_id = :writer and caption_mentions <> '{{}}' and {_says("caption_mentions")}
        limit :limit
    ) returning id""",  # noqa: S608 - constants
)
_OF_COMMENTS: Final = text(
    f"""
    select author_id, id from comments
    where commenter_id = :writer and mentions <> '{{}}' and {_says("mentions")} limit :limit
    """  # noqa: S608 - constants
)
_IN_COMMENTS: Final = _taking(
    "comments", "mentions", "(author_id, id) in (select * from unnest(:authors, :ids))"
).bindparams(bindparam("authors", type_=ARRAY(Uuid)), bindparam("ids", type_=ARRAY(Uuid)))


async def resolve(tx: Write, writer: Viewer, *texts: str | None) -> dict[str, str]:
    """The people whom texts mention, as handle in lower case to global id.

    Unknown handles are left out, and so is who does not want to be mentioned by the writer: that is no error, the
    handle stays plain text. Three statements, however many people there are.
    """
    mentioned = mentioned_handles(texts)
    named = await _named(tx, mentioned) if mentioned else ()
    holders = {row.user_id for row in named}
    await pairs.keep_together(tx, writer.user_id, holders)
    seen = await profiles.users(tx, writer, holders)
    return {
        row.handle: str(UserId(row.user_id))
        for row in named
        if row.user_id in seen and permissions.may_mention(seen[row.user_id], row.audience or "EVERYONE") is None
    }


def people(mentions: Mapping[str, str]) -> list[UUID]:
    """The ids of mentioned people."""
    return [UserId.parse(one).id for one in mentions.values()]


async def remove_some(tx: Write, person: UUID, writer: UUID, limit: int) -> int:
    """Take mentions of a person out of what somebody wrote: a bio, and at most `limit` captions and comments in all.

    The words stay. Answers out of how many captions and comments; it looks for those that are left.
    """
    said = {"person": str(UserId(person)), "writer": writer}
    await tx.execute(_IN_BIO, said)
    captions = await tx.scalars(_IN_CAPTIONS, {**said, "limit": limit})
    for post_id in captions:
        outbox.emit(tx, PostUpdated(author_id=writer, post_id=post_id))
    found = await tx.all(_OF_COMMENTS, {**said, "limit": limit - len(captions)})
    if found:
        keys = {"authors": [row.author_id for row in found], "ids": [row.id for row in found]}
        await tx.execute(_IN_COMMENTS, {"person": said["person"], **keys})
    return len(captions) + len(found)


async def _named(db: Read, mentioned: list[str]) -> Sequence[Row[Any]]:
    """Who has these handles, and whom they let mention them."""
    held = select(Handle.handle, Handle.user_id).where(Handle.handle.in_(mentioned), handles.is_held())
    # A cluster reads the handles where they are, and only then asks the people's shards.
    holders = held.cte("holders").prefix_with("materialized", dialect="postgresql")
    chosen = select(holders.c.handle, holders.c.user_id, PrivacySetting.mention_audience.label("audience"))
    return await db.all(chosen.outerjoin_from(holders, PrivacySetting, PrivacySetting.user_id == holders.c.user_id))
