"""Close friends: whom a person lets see what is for close friends alone; nobody is told."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from sqlalchemy import Text, Uuid, bindparam, text

from core import clock
from core.db import Read, Write
from core.errors import Invalid, NotFound
from core.events import CloseFriendAdded, CloseFriendRemoved
from core.ids import UserId
from core.paging import Page, Window, decode_cursor, encode_cursor, page_of
from core.viewer import Viewer
from services import follows, outbox, permissions, stances
from services.visibility import profiles


async def update(tx: Write, viewer: Viewer, add: Sequence[UserId], remove: Sequence[UserId]) -> None:
    """Put people on the list and take others off it, all or none; who is there, or is not, already changes nothing.

    Refused are oneself, people the viewer cannot find or blocks, and whoever is in both lists.
    """
    if set(add) & set(remove):
        raise Invalid("INVALID", "Somebody is to be added and taken off at once.", ("input", "remove"))
    if UserId(viewer.user_id) in {*add, *remove}:
        raise Invalid("INVALID", "You cannot be a close friend of yourself.", ("input",))
    await follows.hold(tx, viewer.user_id, *(each.id for each in {*add, *remove}))
    seen = await profiles.users(tx, viewer, [each.id for each in add])
    for each in add:
        if each.id not in seen:
            raise NotFound(id=str(each))
        permissions.require(permissions.may_add_close_friend(seen[each.id]))
    for person in dict.fromkeys(add):
        await _add(tx, viewer.user_id, person.id)
    for person in dict.fromkeys(remove):
        await end(tx, viewer.user_id, person.id)
    await stances.require_room(tx, viewer.user_id, "close_friends")


async def _add(tx: Write, owner_id: UUID, person_id: UUID) -> None:
    was = await stances.chosen(tx, owner_id, person_id)
    if was.close_friend_since is None:
        await stances.choose(tx, owner_id, person_id, replace(was, close_friend_since=clock.now()))
        outbox.emit(tx, CloseFriendAdded(owner_id=owner_id, person_id=person_id))


async def end(tx: Write, owner_id: UUID, person_id: UUID) -> None:
    """Take a person off somebody's list; both are held. Who is not on it changes nothing."""
    was = await stances.chosen(tx, owner_id, person_id)
    if was.close_friend_since is not None:
        await stances.choose(tx, owner_id, person_id, replace(was, close_friend_since=None))
        outbox.emit(tx, CloseFriendRemoved(owner_id=owner_id, person_id=person_id))


async def page(db: Read, viewer: Viewer, window: Window) -> Page[UserId]:
    """The viewer's close friends, in the order of their handles."""
    scope = f"close_friends:{viewer.user_id}"
    handle, after = decode_cursor(scope, window.after) if window.after else ("", str(UUID(int=0)))
    asked = {"owner": viewer.user_id, "handle": handle, "after": UUID(after), "limit": window.first + 1}
    rows = await db.all(_BY_HANDLE, asked)
    found = page_of(rows, window, lambda row: encode_cursor(scope, row.handle, row.id))
    return found.each(lambda row: UserId(row.id))


# The list is bounded: its people are found where they are, and then put into order.
# unguarded: handles are for all to see, and stand in the place of a page alone
_BY_HANDLE: Final = text(
    """
    with friends as materialized (
        select person_id from stances where owner_id = :owner and close_friend_since is not null
    )
    select u.id, u.handle collate "C" as handle from friends join users u on u.id = friends.person_id
    where (u.handle collate "C", u.id) > (:handle, :after) order by 2, 1 limit :limit
    """
).bindparams(bindparam("owner", type_=Uuid), bindparam("handle", type_=Text), bindparam("after", type_=Uuid))
