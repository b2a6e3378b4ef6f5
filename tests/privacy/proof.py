"""The proof: what a viewer found along all paths of the contract is compared with what the reference says."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

from aperture.probe.crawl import Known, Patience, Probe
from aperture.probe.findings import Findings
from core import clock
from core.ids import CommentId, PostId, UserId
from core.settings import settings
from core.storage.grants import Grants
from core.storage.local import LocalStorage
from core.viewer import Viewer
from tests.privacy.reference import World

PROVEN = ("User", "Post", "Comment", "Image")
"""Types whose things the reference knows."""
ALLOWED_ERRORS = ("UNAUTHENTICATED", "FORBIDDEN", "ACCOUNT_RESTRICTED")
SIGNED = "/media/signed/"

WANTED = "e"
"""What people are searched for by: Eva is in every scene and town."""
LONGEST = timedelta(minutes=10)
"""How long a signed address may be good for."""

_OF_ONE_PERSON = {"vwr", "acc", "prv", "ses", "upl", "rel", "mod"}
_WALK = Patience(seconds=120)


@dataclass(frozen=True, slots=True)
class Proof:
    """A probe and the world it walks."""

    probe: Probe
    world: World

    @property
    def grants(self) -> Grants:
        """Reads the signatures of addresses."""
        store = self.probe.backends.store
        assert isinstance(store, LocalStorage)
        return store.grants

    async def walked(self, viewer: Viewer) -> Findings:
        """All that a viewer finds who knows every id, name and link there is."""
        return await self.probe.walk(viewer, known(self.world), _WALK)

    async def differences(self, viewers: Iterable[Viewer]) -> list[str]:
        """What each of the viewers finds and should not, or should find and does not."""
        found = []
        for viewer in viewers:
            name = self.world.users[viewer.id].handle if viewer.id else "nobody"
            walked = await self.walked(viewer)
            found += [f"{name}: {each}" for each in differences(self.world, viewer, walked, self.grants)]
        return found


def known(world: World) -> Known:
    """Every id, handle, short code and link of a world."""
    base = settings().public_url
    handles = sorted({row.handle for row in world.users.values()})
    codes = {key: row.shortcode for key, row in world.posts.items()}
    links = [f"{base}/{handle}" for handle in handles] + [f"{base}/p/{code}" for code in codes.values()]
    # A link for each post is enough: that of a comment takes a search of its own.
    newest = {row.post_id: CommentId(row.author_id, key) for key, row in world.comments.items()}
    links += [f"{base}/p/{codes[post]}?comment={comment}" for post, comment in newest.items()]
    words = {"handle": handles, "shortcode": list(codes.values()), "url": links, "query": [WANTED]}
    return Known(list(world.ids()), words)


def differences(world: World, viewer: Viewer, found: Findings, grants: Grants) -> list[str]:
    """One sentence for everything that a viewer found and should not have, or should have and did not."""
    return [*leaks(world, viewer, found, grants), *_of_errors(found), *_of_gaps(world, viewer.id, found)]


def leaks(world: World, viewer: Viewer, found: Findings, grants: Grants) -> list[str]:
    """One sentence for everything that a viewer found and should not have."""
    return [
        *_of_ids(world, viewer.id, found),
        *_of_texts(world, viewer.id, found),
        *_of_lists(world, viewer.id, found),
        *_of_counts(world, viewer.id, found),
        *_of_others(viewer.id, found),
        *_of_addresses(world, viewer.id, found, grants),
    ]


def _of_errors(found: Findings) -> Iterator[str]:
    if not found.is_whole:
        yield "the walk was not finished"
    for error, message in found.errors.items():
        if not error.startswith(ALLOWED_ERRORS):
            yield f"error {error}: {message}"


def _of_gaps(world: World, viewer: UUID | None, found: Findings) -> Iterator[str]:
    """What should have been found and was not."""
    for each in sorted(world.reach(viewer) - found.of_kind(*PROVEN)):
        yield f"does not reach {_named(world, each)}"
    for kind, text, key in world.texts():
        if kind != "file" and world.may_read(viewer, kind, key) and not found.saying(text):
            yield f"does not read {text!r} of a {kind}"
    for here, name, should in world.lists(viewer):
        listed = _lists(found, here, name, is_whole=True)
        for path, ids in listed.items():
            yield from (f"misses {_named(world, each)} in {path} of {_named(world, here)}" for each in should - ids)
        if should and not listed:
            yield f"finds nothing in {name} of {_named(world, here)}"


def _of_ids(world: World, viewer: UUID | None, found: Findings) -> Iterator[str]:
    should = world.reach(viewer)
    for each in sorted(found.of_kind(*PROVEN) - should):
        yield f"reaches {_named(world, each)} by {ways_to(found, each)}"
    for each in sorted(world.ids().keys() - should - found.of_kind(*PROVEN)):
        for place in found.saying(each):
            yield f"is told the id of {_named(world, each)} in {place}"


def _of_texts(world: World, viewer: UUID | None, found: Findings) -> Iterator[str]:
    for kind, text, key in world.texts():
        places = found.saying(text)
        if places and not world.may_read(viewer, kind, key):
            yield f"reads {text!r} of a {kind} in {places[0]}"


def _of_lists(world: World, viewer: UUID | None, found: Findings) -> Iterator[str]:
    for here, name, should in world.lists(viewer):
        for path, ids in _lists(found, here, name).items():
            yield from (f"finds {_named(world, each)} in {path} of {_named(world, here)}" for each in ids - should)


def _lists(found: Findings, here: str, name: str, *, is_whole: bool = False) -> dict[str, set[str]]:
    """The ids in a list of a thing, for each way that it was read; lists of a choice are not whole."""
    thing, listed = found.things.get(here), dict[str, set[str]]()
    for path, ids in thing.lists.items() if thing else ():
        call, _, below = path.partition(".")
        is_choice = "(" in call
        if call.partition("(")[0] == name and below in ("nodes", "edges.node") and not (is_whole and is_choice):
            listed[path] = set(ids)
    return listed


def _of_counts(world: World, viewer: UUID | None, found: Findings) -> Iterator[str]:
    for here, name, should in world.counts(viewer):
        thing = found.things.get(here)
        if thing and thing.facts.get(name, should) != should:
            yield f"counts {thing.facts[name]} for {name} of {_named(world, here)}, which is {should}"


def _of_others(viewer: UUID | None, found: Findings) -> Iterator[str]:
    """What is private to one person is found by nobody else."""
    own = str(UserId(viewer)).removeprefix("usr_")[:20] if viewer else None
    for thing in found.things.values():
        kind, _, rest = thing.id.partition("_")
        if kind in _OF_ONE_PERSON and (own is None or not rest.startswith(own)):
            yield f"reaches {thing.kind} {thing.id}, which is another's, by {ways_to(found, thing.id)}"


def ways_to(found: Findings, id: str) -> str:
    """How a thing was reached, for people."""
    return " | ".join(" > ".join(found.steps_to(way)) for way in found.things[id].ways[:2])


def _named(world: World, id: str) -> str:
    """What an id names: whose it is and what it says."""
    kind = world.ids().get(id, "?")
    if kind == "User":
        return f"{world.users[UserId.parse(id).id].handle} ({id})"
    if kind == "Post":
        row = world.posts[PostId.parse(id).id]
        return f"a {row.audience} post of {world.users[row.author_id].handle} ({id})"
    if kind == "Comment":
        row = world.comments[CommentId.parse(id).id]
        return f"a {row.state} comment of {world.users[row.commenter_id].handle} ({id})"
    return f"{kind} {id}"


def _of_addresses(world: World, viewer: UUID | None, found: Findings, grants: Grants) -> Iterator[str]:
    """Files that not everybody may see have addresses that are signed, for them alone who see them, and run out."""
    keys = {text: key for kind, text, key in world.texts() if kind == "file"}
    for address in addresses(found):
        path = urlsplit(address).path
        if path.startswith(SIGNED):
            grant, until = grants.read(path.removeprefix(SIGNED))
            if not world.sees_picture(viewer, keys[grant.key]):
                yield f"is given an address of {grant.key}"
            if until - clock.now() > LONGEST:
                yield f"is given an address of {grant.key} that is good until {until}"
        else:
            name = path.rpartition("/")[2]
            picture = next((key for text, key in keys.items() if text.endswith(name)), None)
            if picture is None or not world.sees_picture(None, picture):
                yield f"is given an open address of {name}"


def addresses(found: Findings) -> list[str]:
    """The addresses of files among all that was said."""
    parts = (part for word in found.words for part in word.split())
    return [part for part in parts if "/media/" in urlsplit(part).path]
