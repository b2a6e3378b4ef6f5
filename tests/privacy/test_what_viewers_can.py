"""What the contract says a viewer can do, and what the mutations let the same viewer do: the two agree everywhere."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import pytest
from graphql import is_object_type

from core import clock
from core.backends import Backends
from core.db import Database
from core.ids import new_uuid
from core.viewer import Viewer
from schema.contract import contract
from tests.client import mutation
from tests.factories.people import block, follow, person, stance
from tests.factories.posts import comment, post
from tests.privacy.asking import answer
from tests.privacy.undone import Trials, trials

SPEAKS_OF: Final = {
    "Post.viewerCanComment": ("addComment",),
    "Post.viewerCannotCommentReason": ("addComment",),
    "Post.viewerCanEdit": ("updatePost", "deletePost"),
    "Comment.viewerCanDelete": ("deleteComment",),
    "Comment.viewerCanModerate": ("hideComments", "approveComments"),
}
"""The mutations whose rule each field tells."""

INPUTS: Final[dict[str, dict[str, Any]]] = {
    "addComment": {"postId": "$id", "text": "Oh"},
    "updatePost": {"postId": "$id", "caption": "Oh"},
    "deletePost": {"postId": "$id"},
    "deleteComment": {"commentId": "$id"},
    "hideComments": {"commentIds": ["$id"]},
    "approveComments": {"commentIds": ["$id"]},
}

AUDIENCES: Final = ("EVERYONE", "FOLLOWERS", "FOLLOWING", "NOBODY")
RELATIONS: Final = (
    "signed out",
    "stranger",
    "requester",
    "follower",
    "close friend",
    "restricted",
    "followed by the author",
    "blocked",
    "blocks",
    "author",
)

_ALL_OF = {
    kind: " ".join(path.partition(".")[2] for path in SPEAKS_OF if path.startswith(f"{kind}."))
    for kind in ("Post", "Comment")
}
READ: Final = f"""query ($ids: [ID!]!) {{ nodes(ids: $ids) {{
  __typename ... on Post {{ {_ALL_OF["Post"]} }} ... on Comment {{ {_ALL_OF["Comment"]} }}
}} }}"""


@dataclass(frozen=True, slots=True)
class Stage:
    """Everybody by relation to Eva, and the ids of posts and comments, hers and Ben's."""

    viewers: Mapping[str, Viewer]
    ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class Trial:
    """What somebody was told by a field, and how the mutation it speaks of was answered; `code` is None if done."""

    who: str
    path: str
    id: str
    told: Any
    does: str
    code: str | None
    reason: str | None

    @property
    def agrees(self) -> bool:
        """Whether the two say the same. Who is signed out is told before anything is looked for."""
        if self.code == "NOT_FOUND" or (self.code == "UNAUTHENTICATED" and self.told == "absent"):
            return bool(self.told == "absent")
        return bool(self.told == (self.reason if self.path.endswith("Reason") else self.code is None))


def fields() -> Iterator[str]:
    """Every field of the contract that tells what the viewer can do, or why not."""
    for type_ in contract().schema.type_map.values():
        if is_object_type(type_):
            yield from (f"{type_.name}.{name}" for name in type_.fields if name.startswith("viewerCan"))


def test_of_every_field_it_is_known_what_it_speaks_of() -> None:
    assert set(fields()) == SPEAKS_OF.keys()
    assert {does for each in SPEAKS_OF.values() for does in each} == INPUTS.keys()


@pytest.mark.parametrize("is_private", [False, True], ids=["public", "private"])
async def test_fields_and_mutations_agree(backends: Backends, db: Database, *, is_private: bool) -> None:
    stage, found = await _staged(db, is_private=is_private), list[Trial]()
    async with trials(backends) as world:
        for name, viewer in stage.viewers.items():
            for thing, said in zip(stage.ids, await _read(backends, viewer, stage.ids), strict=True):
                for does in _tried(thing):
                    code, reason = await _try(world, viewer, does, thing)
                    found += [
                        Trial(name, path, thing, _told(said, path), does, code, reason)
                        for path, about in SPEAKS_OF.items()
                        if does in about
                    ]

    assert [each for each in found if not each.agrees] == []
    codes = (None, "NOT_ALLOWED", "NOT_FOUND", "UNAUTHENTICATED")
    assert {(does, code) for does in INPUTS for code in codes} == {(each.does, each.code) for each in found}
    reasons = {each.told for each in found if each.path == "Post.viewerCannotCommentReason"}
    assert reasons == {"absent", None, "AUDIENCE", "COMMENTS_OFF"}


def _tried(id: str) -> Iterator[str]:
    own = "commentId" if id.startswith("cmt_") else "postId"
    return (does for does, given in INPUTS.items() if own in given or f"{own}s" in given)


def _told(said: Mapping[str, Any] | None, path: str) -> Any:
    return said[path.partition(".")[2]] if said else "absent"


async def _read(backends: Backends, viewer: Viewer, ids: Sequence[str]) -> list[Any]:
    told = await answer(backends, viewer, READ, ids=list(ids))
    assert "errors" not in told, told
    found: list[Any] = told["data"]["nodes"]
    return found


async def _try(world: Trials, viewer: Viewer, does: str, id: str) -> tuple[str | None, str | None]:
    """The code and the reason that a mutation is refused with; what it does is taken back."""
    document = mutation(does, "errors { code ... on NotAllowedError { reason } }")
    given = {
        name: [id] if value == ["$id"] else id if value == "$id" else value for name, value in INPUTS[does].items()
    }
    async with world.trial() as backends:
        told = await answer(backends, viewer, document, input=given)
    if "errors" in told:
        return told["errors"][0]["extensions"]["code"], None
    refused = told["data"]["it"]["errors"]
    return (refused[0]["code"], refused[0].get("reason")) if refused else (None, None)


async def _staged(db: Database, *, is_private: bool) -> Stage:
    """Eva, on whose posts may comment whoever she likes, and what everybody wrote under one of hers and of Ben's."""
    eva, ben = await person(db, "eva", is_private=is_private), await person(db, "ben")
    viewers = {"signed out": Viewer()} | {
        name: eva if name == "author" else await person(db, name.replace(" ", "_")) for name in RELATIONS[1:]
    }
    await follow(db, viewers["requester"], eva, "PENDING")
    for who in (*(viewers[name] for name in ("follower", "close friend", "restricted")), ben):
        await follow(db, who, eva)
    await follow(db, eva, viewers["followed by the author"])
    await stance(db, eva, viewers["close friend"], close_friend_since=clock.now())
    await stance(db, eva, viewers["restricted"], restricted_at=clock.now())
    await block(db, eva, viewers["blocked"])
    await block(db, viewers["blocks"], eva)
    own = [await post(db, eva, comment_audience=each) for each in AUDIENCES]
    own.append(await post(db, eva, audience="FOLLOWERS"))
    bens = await post(db, ben)
    writers = [eva, ben, viewers["stranger"], viewers["follower"], viewers["blocked"], viewers["blocks"]]
    said = [await comment(db, who, under) for under in (own[0], bens) for who in writers]
    said.append(await comment(db, viewers["restricted"], own[0], state="HELD"))
    signed_in = {name: replace(who, session_id=new_uuid()) for name, who in viewers.items() if who.is_signed_in}
    return Stage(viewers | signed_in, [str(each) for each in (*own, bens, *said)])
