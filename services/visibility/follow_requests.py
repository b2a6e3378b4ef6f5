"""Requests to follow, for the two people each of them concerns."""

from collections.abc import Iterable, Mapping

from sqlalchemy import ARRAY, Uuid, bindparam, text

from core.db import Read
from core.ids import FollowRequestId
from core.viewer import Viewer
from services.visibility import profiles, rules
from services.visibility.rows import FollowRequestRow, VisibleFollowRequest

_BY_ID = text(
    """
    select follower_id, followee_id, created_at from follows
    where (follower_id, followee_id) in (select * from unnest(:requesters, :recipients)) and state = 'PENDING'
    """
).bindparams(bindparam("requesters", type_=ARRAY(Uuid)), bindparam("recipients", type_=ARRAY(Uuid)))


async def requests(
    db: Read, viewer: Viewer, ids: Iterable[FollowRequestId]
) -> Mapping[FollowRequestId, VisibleFollowRequest]:
    """The requests that wait and that the viewer sent or was sent."""
    own = [each for each in set(ids) if viewer.id in (each.user_id, each.id)]
    if not own:
        return {}
    pairs = {"requesters": [each.user_id for each in own], "recipients": [each.id for each in own]}
    waiting = {FollowRequestId(row.follower_id, row.followee_id): row for row in await db.all(_BY_ID, pairs)}
    people = await profiles.users(db, viewer, {person for each in waiting for person in (each.user_id, each.id)})
    found = {}
    for each, row in waiting.items():
        requester, recipient = people.get(each.user_id), people.get(each.id)
        if requester and recipient and rules.follow_request_wall(requester.access) is None:
            found[each] = VisibleFollowRequest(FollowRequestRow(each, requester, recipient, row.created_at))
    return found
