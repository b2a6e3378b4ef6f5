"""The rules as truth tables."""

import pytest

from services.visibility.rules import (
    STRANGER,
    Access,
    PostFacts,
    Relationship,
    may_see_comment,
    may_see_media,
    may_see_post,
    profile_access,
    profile_exists,
)

SELF = Relationship(is_self=True)
FOLLOWER = Relationship(follows=True)
ASKING = Relationship(has_requested=True)
FOLLOWED_BACK = Relationship(followed_by=True)


@pytest.mark.parametrize(
    ("status", "is_private", "relationship", "access"),
    [
        ("ACTIVE", False, STRANGER, "FULL"),
        ("ACTIVE", True, STRANGER, "PRIVATE"),
        ("ACTIVE", True, ASKING, "PRIVATE"),
        ("ACTIVE", True, FOLLOWED_BACK, "PRIVATE"),
        ("ACTIVE", True, FOLLOWER, "FULL"),
        ("ACTIVE", True, SELF, "FULL"),
        ("SUSPENDED", False, FOLLOWER, "UNAVAILABLE"),
        ("SUSPENDED", False, SELF, "FULL"),
        ("DELETED", False, FOLLOWER, "UNAVAILABLE"),
    ],
)
def test_a_profile_is_open_to_those_it_is_meant_for(
    status: str, is_private: bool, relationship: Relationship, access: Access
) -> None:
    assert profile_access(status, is_private, relationship) == access


@pytest.mark.parametrize(("status", "exists"), [("ACTIVE", True), ("SUSPENDED", True), ("DELETED", False)])
def test_only_deleted_profiles_are_nowhere(status: str, exists: bool) -> None:
    assert profile_exists(status) is exists


@pytest.mark.parametrize("status", ["PROCESSING", "PUBLISHED", "FAILED"])
@pytest.mark.parametrize("audience", ["PUBLIC", "FOLLOWERS"])
@pytest.mark.parametrize("access", ["FULL", "PRIVATE", "UNAVAILABLE"])
@pytest.mark.parametrize("relationship", [STRANGER, ASKING, FOLLOWED_BACK, FOLLOWER, SELF])
@pytest.mark.parametrize("is_deleted", [False, True])
def test_a_post_is_seen_by_its_author_and_once_published_by_its_audience(
    status: str, audience: str, access: Access, relationship: Relationship, is_deleted: bool
) -> None:
    is_in_audience = audience == "PUBLIC" or relationship.follows
    expected = relationship.is_self or (status == "PUBLISHED" and access == "FULL" and is_in_audience)
    facts = PostFacts(status, audience, is_deleted=is_deleted)
    assert may_see_post(facts, access, relationship) is (expected and not is_deleted)


@pytest.mark.parametrize(
    ("post_is_visible", "writer_status", "is_deleted", "seen"),
    [
        (True, "ACTIVE", False, True),
        (False, "ACTIVE", False, False),
        (True, "SUSPENDED", False, False),
        (True, "ACTIVE", True, False),
    ],
)
def test_a_comment_is_seen_with_its_post_while_its_writer_is_active(
    post_is_visible: bool, writer_status: str, is_deleted: bool, seen: bool
) -> None:
    answer = may_see_comment(post_is_visible=post_is_visible, writer_status=writer_status, is_deleted=is_deleted)
    assert answer is seen


@pytest.mark.parametrize(
    ("is_shown", "is_own", "seen"), [(True, False, True), (False, True, True), (False, False, False)]
)
def test_a_picture_is_seen_where_it_is_shown_and_by_its_owner(is_shown: bool, is_own: bool, seen: bool) -> None:
    assert may_see_media(is_shown=is_shown, is_own=is_own) is seen
