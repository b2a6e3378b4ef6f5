"""What `aperture probe` answers: whether somebody sees a thing, why, and along which paths it is reached."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select

from aperture.probe.crawl import Known, Patience, Probe
from aperture.probe.findings import Findings
from core.backends import Backends
from core.db import Read
from core.errors import NotFound
from core.ids import UserId, new_uuid
from core.settings import settings
from core.viewer import Viewer
from models.accounts import Account
from models.posts import Post
from models.profiles import User
from services import handles
from services.visibility.verdicts import JUDGED, Judged, Verdict, verdict

NEAR: Final = Patience(seconds=20, operations=400, rounds=2)
"""The walk begins at the thing and what is around it, and goes two steps from there."""


class UnknownThing(Exception):
    """There is no such person or thing, or it is of no type that is judged."""


@dataclass(frozen=True, slots=True)
class Report:
    """The verdict of the door, and the ways on which the walk came to the thing; `is_leak` if the two disagree."""

    verdict: Verdict
    ways: Sequence[str]

    @property
    def is_leak(self) -> bool:
        return self.verdict.wall is not None and bool(self.ways)


async def report(handle: str | None, node: str) -> Report:
    """What becomes of a thing for the person with a handle; for somebody signed out if it is None.

    Raises `UnknownThing`. Nothing is changed but what reading changes: timelines may be built.
    """
    backends = Backends.open(settings())
    try:
        await backends.db.measure_clock()
        async with backends.db.reading(fresh=True) as db:
            viewer, thing = await _viewer(db, handle), _thing(node)
            found = await verdict(db, viewer, thing)
            if found is None:
                raise UnknownThing(f"There is no {node}.")
            known = await _around(db, thing, found)
        walked = await Probe(backends).walk(viewer, known, NEAR)
        return Report(found, _ways(walked, str(thing)))
    finally:
        await backends.aclose()


async def _viewer(db: Read, handle: str | None) -> Viewer:
    """The person as if signed in."""
    if handle is None:
        return Viewer()
    user_id = await handles.find(db, handle)
    # unguarded: a viewer is made of it
    row = select(User.status, Account.role).join(Account, Account.user_id == User.id).where(User.id == user_id)
    person = await db.first(row) if user_id else None
    if user_id is None or person is None:
        raise UnknownThing(f"Nobody has the handle {handle}.")
    return Viewer(id=user_id, session_id=new_uuid(), status=person.status, role=person.role)


def _thing(node: str) -> Judged:
    for kind in JUDGED:
        try:
            return kind.parse(node)
        except NotFound:
            continue
    raise UnknownThing(f"{node} is no id of a profile, post, comment or picture.")


async def _around(db: Read, thing: Judged, found: Verdict) -> Known:
    """The thing, its author and its post, with the names and links that lead there."""
    base, words = settings().public_url, dict[str, list[str]]()
    ids = [str(thing), str(UserId(found.owner_id))]
    # unguarded: names to look for as the viewer
    handle = await db.scalar(select(User.handle).where(User.id == found.owner_id))
    words["handle"], words["url"] = [handle], [f"{base}/{handle}"]
    if found.post is not None:
        ids.append(str(found.post))
        # unguarded: a link to look for as the viewer
        code = await db.scalar(select(Post.shortcode).where(Post.id == found.post.id, Post.author_id == found.owner_id))
        words["shortcode"] = [code]
        words["url"].append(f"{base}/p/{code}")
    return Known(list(dict.fromkeys(ids)), words)


def _ways(walked: Findings, thing: str) -> list[str]:
    found = walked.things.get(thing)
    return [" > ".join(walked.steps_to(way)) for way in found.ways] if found else []
