"""What people do to each other at random, by the mutations of the contract, as far as it has them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Final

from graphql import GraphQLEnumType

from core import clock
from core.backends import Backends
from core.ids import CommentId, PostId, UserId, new_uuid
from core.viewer import Viewer
from schema.contract import contract
from tests.client import mutation
from tests.factories.people import person
from tests.factories.sessions import set_status
from tests.factories.uploads import upload
from tests.privacy.asking import answer
from tests.privacy.reference import World

NAMES: Final = ("ana", "ben", "cleo", "dora", "eva")


@dataclass
class Town:
    """A few people and what they made; `story` tells what was done, and how it was answered."""

    backends: Backends
    random: Random
    people: dict[str, Viewer] = field(default_factory=dict)
    story: list[str] = field(default_factory=list)
    actor: str = NAMES[0]
    world: World | None = None

    async def settle(self) -> None:
        """Let people come."""
        for name in NAMES:
            who = await person(self.backends.db, name, bio=f"bio-of-{name}", is_private=self.random.random() < 0.4)
            self.people[name] = replace(who, session_id=new_uuid(), proved_at=clock.now())

    async def publish(self) -> None:
        """Let everybody post something, so that there is something to see and to talk about."""
        for name in NAMES:
            await self._post(name, {"caption": self.words("caption"), "audience": "PUBLIC"})

    @property
    def active(self) -> list[str]:
        """Names of those whose accounts are in use."""
        return [name for name, who in self.people.items() if who.status == "ACTIVE"]

    def anybody(self) -> str:
        """The id of one of them."""
        return str(UserId(self.people[self.random.choice(NAMES)].user_id))

    def requester(self) -> str:
        """The id of one who waits to follow who acts; of anybody if nobody does."""
        follows, own = (self.world.follows if self.world else {}), self.people[self.actor].user_id
        waiting = [one for (one, other), edge in follows.items() if other == own and edge.state == "PENDING"]
        return str(UserId(self.random.choice(waiting))) if waiting else self.anybody()

    def any_post(self) -> str:
        """The id of a post, most often of one that there is for who acts; of none if there is none."""
        posts = self.world.posts if self.world else {}
        return self._any("pst_", {str(PostId(row.author_id, key)) for key, row in posts.items()})

    def any_comment(self) -> str:
        """The same of a comment."""
        comments = self.world.comments if self.world else {}
        return self._any("cmt_", {str(CommentId(row.author_id, key)) for key, row in comments.items()})

    def _any(self, prefix: str, all_: set[str]) -> str:
        seen = self.world.reach(self.people[self.actor].id) & all_ if self.world else set()
        chosen = seen if seen and self.random.random() < 0.85 else all_
        return self.random.choice(sorted(chosen) or [f"{prefix}none"])

    def words(self, kind: str) -> str:
        """A text that nobody else has written."""
        return f"{kind}-{len(self.story):03}-@{self.random.choice(NAMES)}"

    async def act(self) -> None:
        """One act of one person."""
        self.actor = name = self.random.choice(self.active)
        self.world = await World.read(self.backends.db)
        if self.random.random() < 0.01 and len(self.active) > 3:
            await self._suspend(name)
            return
        does = self.random.choices(list(_POSSIBLE), weights=[_ACTS[each].weight for each in _POSSIBLE])[0]
        given = _ACTS[does].input(self)
        await (self._post(name, given) if does == "createPost" else self._send(name, does, given))

    async def _post(self, name: str, given: Mapping[str, Any]) -> None:
        pending = await upload(self.backends.db, self.people[name])
        photo = {"photo": {"uploadId": str(pending), "altText": self.words("alt")}}
        await self._send(name, "createPost", {**given, "content": photo})

    async def _send(self, name: str, does: str, given: Mapping[str, Any]) -> None:
        told = await answer(self.backends, self.people[name], mutation(does), input=dict(given))
        assert "errors" not in told, (self.story, name, does, given, told)
        it = told["data"]["it"]
        self.story.append(f"{name}: {does} {given} -> {[each['code'] for each in it['errors']] or 'done'}")
        if does in ("deactivateAccount", "requestAccountDeletion") and not it["errors"]:
            self.people[name] = replace(self.people[name], status="DEACTIVATED")

    async def _suspend(self, name: str) -> None:
        await set_status(self.backends.db, self.people[name].user_id, "SUSPENDED")
        self.people[name] = replace(self.people[name], status="SUSPENDED")
        self.story.append(f"{name} is suspended")


@dataclass(frozen=True, slots=True)
class _Act:
    input: Callable[[Town], dict[str, Any]]
    weight: float = 1


def _of_person(town: Town) -> dict[str, Any]:
    return {"userId": town.anybody()}


def _of_requester(town: Town) -> dict[str, Any]:
    return {"requesterId": town.requester()}


def _choice(town: Town) -> dict[str, Any]:
    audiences = contract().schema.type_map["PostAudience"]
    assert isinstance(audiences, GraphQLEnumType)
    audience = town.random.choice(list(audiences.values))
    return {"audience": audience, "hideLikeCount": town.random.random() < 0.3}


_ACTS: Final[dict[str, _Act]] = {
    "followUser": _Act(_of_person, 9),
    "unfollowUser": _Act(_of_person, 0.5),
    "approveFollowRequest": _Act(_of_requester, 2.5),
    "denyFollowRequest": _Act(_of_requester, 0.5),
    "removeFollower": _Act(_of_person, 0.5),
    "blockUser": _Act(_of_person, 0.7),
    "unblockUser": _Act(_of_person),
    "restrictUser": _Act(_of_person),
    "unrestrictUser": _Act(_of_person, 0.5),
    "muteUser": _Act(lambda town: _of_person(town) | {"targets": ["POSTS"]}, 0.5),
    "updateCloseFriends": _Act(lambda town: {town.random.choice(["add", "add", "remove"]): [town.anybody()]}, 2),
    "updatePrivacySettings": _Act(lambda town: {"isPrivate": town.random.random() < 0.5}),
    "createPost": _Act(lambda town: {"caption": town.words("caption"), **_choice(town)}, 4),
    "updatePost": _Act(lambda town: {"postId": town.any_post(), **_choice(town)}, 1.5),
    "deletePost": _Act(lambda town: {"postId": town.any_post()}, 0.5),
    "likePost": _Act(lambda town: {"postId": town.any_post()}, 2),
    "unlikePost": _Act(lambda town: {"postId": town.any_post()}, 0.5),
    "addComment": _Act(lambda town: {"postId": town.any_post(), "text": town.words("comment")}, 6),
    "deleteComment": _Act(lambda town: {"commentId": town.any_comment()}, 0.5),
    "hideComments": _Act(lambda town: {"commentIds": [town.any_comment()]}),
    "approveComments": _Act(lambda town: {"commentIds": [town.any_comment()]}),
    "deactivateAccount": _Act(lambda _: {}, 0.1),
    "requestAccountDeletion": _Act(lambda _: {}, 0.05),
}


_POSSIBLE: Final = tuple(name for name in _ACTS if name in getattr(contract().schema.mutation_type, "fields", {}))
