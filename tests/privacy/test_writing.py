"""Whoever sends whatever mutation: nothing is in the answer that the reference hides from the sender."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import pytest
from graphql import (
    FieldNode,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    is_composite_type,
    parse,
    print_ast,
    visit,
)
from sqlalchemy import select

from aperture.probe.findings import Findings
from core import clock
from core.backends import Backends
from core.db import Database
from core.ids import CommentId, MediaId, UploadId, UserId
from core.storage.local import LocalStorage
from core.viewer import Viewer
from models.media import Upload
from schema.contract import contract
from tests.privacy.asking import answer
from tests.privacy.matrix import VARIABLES, WRITES, document
from tests.privacy.proof import ALLOWED_ERRORS, leaks
from tests.privacy.reference import World
from tests.privacy.scenes import RELATIONS, Audience, Relation, Scene, State, scene
from tests.privacy.test_matrix import leads
from tests.privacy.undone import trials

SCENES: Final[dict[State, Audience]] = {"public": "FOLLOWERS", "private": "PUBLIC", "suspended": "PUBLIC"}
"""What Eva's account is like, and whom the post is for that people write to."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said in answer to a mutation; if it was not done the world is as it was."""

    findings: Findings
    is_done: bool


@pytest.mark.parametrize("state", SCENES)
async def test_no_mutation_answers_what_is_hidden_from_its_sender(
    backends: Backends, db: Database, state: State
) -> None:
    there = await scene(db, state)
    before, now = await World.read(db), clock.now()
    viewers = {who: replace(each, proved_at=now) if each.id else each for who, each in there.viewers.items()}
    given = await _variables(db, there, before, SCENES[state])
    assert isinstance(backends.store, LocalStorage)
    found, likers = list[str](), set[Relation]()
    async with trials(backends) as world:
        for name in WRITES:
            for who in RELATIONS:
                async with world.trial() as trial:
                    answer = await _sent(trial, viewers[who], name, given)
                    after = await World.read(trial.db) if answer.is_done else before
                leaked = leaks(after, viewers[who], answer.findings, backends.store.grants)
                found += [f"{who}: {name}: {each}" for each in leaked]
                if answer.is_done and name == "likePost":
                    likers.add(who)

    picture = there.posts[SCENES[state]].id
    assert not found, "\n".join(found)
    assert likers == {who for who, viewer in viewers.items() if viewer.id and before.sees_post(viewer.id, picture)}


async def _variables(db: Database, there: Scene, world: World, audience: Audience) -> dict[str, Any]:
    """Eva's post, what Ben says under it, a picture of hers that waits to be posted, and herself."""
    picture, eva = there.posts[audience], there.posts[audience].author_id
    said = next(row for row in world.comments.values() if (row.post_id, row.commenter_id) == (picture.id, there.ben.id))
    waiting = select(Upload.id).where(Upload.user_id == eva, Upload.purpose == "POST")
    async with db.reading(fresh=True) as read:
        upload = await read.scalar(waiting)
    ids = {"post": picture, "comment": CommentId(eva, said.id), "author": UserId(eva)}
    ids |= {"upload": UploadId(eva, upload), "media": MediaId(eva, upload)}
    return {name: str(each) for name, each in ids.items()}


async def _sent(backends: Backends, viewer: Viewer, name: str, given: Mapping[str, str]) -> Answer:
    used = {each: given[each] for each in VARIABLES if f"${each}" in WRITES[name].selection}
    told = await answer(backends, viewer, _TEXTS[name], **used)
    codes = [each["extensions"]["code"] for each in told.get("errors", ())]
    assert set(codes) <= set(ALLOWED_ERRORS), (name, told)
    findings = Findings()
    findings.take_in(told.get("data"), None, "")
    return Answer(findings, is_done=not codes and told["data"][name]["errors"] == [])


def _telling(name: str) -> str:
    """The mutation's row in the matrix; whatever has an id tells it, and posts how many comments they have."""
    written, info = parse(document(WRITES[name])), TypeInfo(contract().schema)

    class Tell(Visitor):
        def leave_field(self, node: FieldNode, *_: Any) -> FieldNode:
            named = get_named_type(info.get_type())
            if node.selection_set and is_composite_type(named):
                head = "... on Node { id }" if leads(contract().schema, named) else ""
                count = "commentCount" if named.name == "Post" else ""
                (more,) = parse(f"{{ __typename {head} {count} }}").definitions
                assert isinstance(more, OperationDefinitionNode)
                told = (*node.selection_set.selections, *more.selection_set.selections)
                return replace(node, selection_set=replace(node.selection_set, selections=told))
            return node

    return print_ast(visit(written, TypeInfoVisitor(info, Tell())))


_TEXTS: Final = {name: _telling(name) for name in WRITES}
