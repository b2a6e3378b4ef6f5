"""The rules as truth tables."""

import pytest

from services.visibility.rules import (
    AUDIENCES,
    STRANGER,
    Access,
    CommentFacts,
    PostFacts,
    Relationship,
    comment_wall,
    follow_request_wall,
    media_wall,
    post_wall,
    profile_access,
    profile_wall,
    tag_wall,
)

SELF = Relationship(is_self=True)
FOLLOWER = Relationship(follows=True)
ASKING = Relationship(has_requested=True)
FOLLOWED_BACK = Relationship(followed_by=True)
CLOSE = Relationship(follows=True, close_friend_of=True)
CHOSEN = Relationship(is_close_friend=True, mutes=("POSTS",))
BLOCKING = Relationship(blocks=True)
BLOCKED = Relationship(blocked_by=True)


@pytest.mark.parametrize(
    ("status", "is_private", "relationship", "access"),
    [
        ("ACTIVE", False, STRANGER, "FULL"),
        ("ACTIVE", True, STRANGER, "PRIVATE"),
        ("ACTIVE", True, ASKING, "PRIVATE"),
        ("ACTIVE", True, FOLLOWED_BACK, "PRIVATE"),
        ("ACTIVE", True, FOLLOWER, "FULL"),
        ("ACTIVE", True, SELF, "FULL"),
        ("ACTIVE", False, BLOCKING, "BLOCKED_BY_VIEWER"),
        ("ACTIVE", True, BLOCKING, "BLOCKED_BY_VIEWER"),
        ("SUSPENDED", False, BLOCKING, "UNAVAILABLE"),
        ("SUSPENDED", False, FOLLOWER, "UNAVAILABLE"),
        ("SUSPENDED", False, SELF, "FULL"),
        ("DELETED", False, FOLLOWER, "UNAVAILABLE"),
    ],
)
def test_a_profile_is_open_to_those_it_is_meant_for(
    status: str, is_private: bool, relationship: Relationship, access: Access
) -> None:
    assert profile_access(status, is_private, relationship) == access


@pytest.mark.parametrize(
    ("status", "relationship", "wall"),
    [
        ("ACTIVE", STRANGER, None),
        ("SUSPENDED", STRANGER, None),
        ("DELETED", FOLLOWER, "DELETED"),
        ("ACTIVE", BLOCKING, None),
        ("ACTIVE", BLOCKED, "BLOCKED"),
        ("SUSPENDED", BLOCKED, "BLOCKED"),
        ("ACTIVE", SELF, None),
    ],
)
def test_only_deleted_profiles_and_those_who_block_the_viewer_are_nowhere(
    status: str, relationship: Relationship, wall: str | None
) -> None:
    assert profile_wall(status, relationship) == wall


@pytest.mark.parametrize("status", ["PROCESSING", "PUBLISHED", "FAILED"])
@pytest.mark.parametrize("audience", AUDIENCES)
@pytest.mark.parametrize("access", ["FULL", "PRIVATE", "BLOCKED_BY_VIEWER", "UNAVAILABLE"])
@pytest.mark.parametrize("relationship", [STRANGER, ASKING, FOLLOWED_BACK, FOLLOWER, CLOSE, CHOSEN, SELF])
@pytest.mark.parametrize("is_deleted", [False, True])
def test_a_post_is_seen_by_its_author_and_once_published_by_its_audience(
    status: str, audience: str, access: Access, relationship: Relationship, is_deleted: bool
) -> None:
    audiences = {"PUBLIC"} | ({"FOLLOWERS"} if relationship in (FOLLOWER, CLOSE) else set())
    audiences |= {"CLOSE_FRIENDS"} if relationship is CLOSE else set()
    expected = relationship.is_self or (status == "PUBLISHED" and access == "FULL" and audience in audiences)
    facts = PostFacts(status, audience, is_deleted=is_deleted)
    assert (post_wall(facts, access, relationship) is None) is (expected and not is_deleted)


@pytest.mark.parametrize(
    ("facts", "access", "relationship", "wall"),
    [
        (("PUBLISHED", "PUBLIC", True), "FULL", SELF, "DELETED"),
        (("PUBLISHED", "PUBLIC", False), "PRIVATE", ASKING, "PRIVATE_ACCOUNT"),
        (("PUBLISHED", "PUBLIC", False), "BLOCKED_BY_VIEWER", BLOCKING, "BLOCKED_BY_VIEWER"),
        (("PUBLISHED", "PUBLIC", False), "UNAVAILABLE", FOLLOWER, "ACCOUNT_NOT_IN_USE"),
        (("FAILED", "PUBLIC", False), "FULL", FOLLOWER, "NOT_PUBLISHED"),
        (("PUBLISHED", "FOLLOWERS", False), "FULL", CHOSEN, "FOLLOWERS"),
        (("PUBLISHED", "CLOSE_FRIENDS", False), "FULL", FOLLOWER, "CLOSE_FRIENDS"),
        (("PUBLISHED", "ONLY_ME", False), "FULL", CLOSE, "ONLY_ME"),
    ],
)
def test_the_wall_before_a_post_has_a_name(
    facts: tuple[str, str, bool], access: Access, relationship: Relationship, wall: str
) -> None:
    status, audience, is_deleted = facts
    assert post_wall(PostFacts(status, audience, is_deleted=is_deleted), access, relationship) == wall


@pytest.mark.parametrize(
    ("facts", "writer", "post_is_visible", "is_own_post", "wall"),
    [
        (("VISIBLE", "ACTIVE", False), STRANGER, True, False, None),
        (("VISIBLE", "ACTIVE", False), STRANGER, False, False, "POST_HIDDEN"),
        (("VISIBLE", "SUSPENDED", False), STRANGER, True, False, "ACCOUNT_NOT_IN_USE"),
        (("VISIBLE", "ACTIVE", True), SELF, True, False, "DELETED"),
        (("VISIBLE", "ACTIVE", False), BLOCKED, True, True, "BLOCKED"),
        (("VISIBLE", "ACTIVE", False), BLOCKING, True, True, "BLOCKED_BY_VIEWER"),
        (("HELD", "ACTIVE", False), FOLLOWER, True, False, "HELD_BACK"),
        (("HELD", "ACTIVE", False), SELF, True, False, None),
        (("HIDDEN", "ACTIVE", False), STRANGER, True, True, None),
        (("HELD", "ACTIVE", False), BLOCKED, True, True, "BLOCKED"),
    ],
)
def test_a_comment_is_seen_with_its_post_and_one_held_back_by_its_writer_and_the_author_alone(
    facts: tuple[str, str, bool], writer: Relationship, post_is_visible: bool, is_own_post: bool, wall: str | None
) -> None:
    state, status, is_deleted = facts
    found = comment_wall(
        CommentFacts(state, status, is_deleted=is_deleted),
        writer,
        post_is_visible=post_is_visible,
        is_own_post=is_own_post,
    )
    assert found == wall


@pytest.mark.parametrize(
    ("is_shown", "is_own", "wall"), [(True, False, None), (False, True, None), (False, False, "NOT_SHOWN")]
)
def test_a_picture_is_seen_where_it_is_shown_and_by_its_owner(is_shown: bool, is_own: bool, wall: str | None) -> None:
    assert media_wall(is_shown=is_shown, is_own=is_own) == wall


@pytest.mark.parametrize(
    ("access", "wall"),
    [
        ("FULL", None),
        ("PRIVATE", None),
        ("BLOCKED_BY_VIEWER", "BLOCKED_BY_VIEWER"),
        ("UNAVAILABLE", "ACCOUNT_NOT_IN_USE"),
    ],
)
def test_a_tag_is_seen_while_the_person_is(access: Access, wall: str | None) -> None:
    assert tag_wall(access) == wall


@pytest.mark.parametrize(
    ("requester", "wall"),
    [
        ("FULL", None),
        ("PRIVATE", None),
        ("UNAVAILABLE", "ACCOUNT_NOT_IN_USE"),
        ("BLOCKED_BY_VIEWER", "BLOCKED_BY_VIEWER"),
    ],
)
def test_a_request_is_seen_while_the_account_of_who_asks_is_in_use(requester: Access, wall: str | None) -> None:
    assert follow_request_wall(requester) == wall
