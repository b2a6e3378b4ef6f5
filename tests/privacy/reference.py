"""Who sees what, once more: slow, plain, from the tables and the words of the product alone, and nothing else.

It is what the API is compared with, so it shares no line with it: every row is read, every pair is looked at, and each
rule is one sentence of the product put into Python. The rules:

- A deleted account does not exist, nor does, for a viewer, somebody who blocks them.
- An account that is not in use (asleep, suspended, waiting to be deleted) shows its handle and no more.
- Somebody whom the viewer blocks shows the head of the profile and no more; so does a private account to those who do
  not follow it.
- A post is for those who see the whole profile and belong to its audience; for its author always. Nobody sees a deleted
  one, and only the author one that is not published.
- A comment is seen with its post, unless its writer's account is not in use, or one of writer and viewer blocks the
  other. One that is held back is seen by its writer and by the author of the post.
- Whom a block parts from the viewer is in no list. A count of comments is of those that the viewer sees; one of
  followers, followed people or likes is the same number for all who are told it.
- Nobody but the author is told how many like a post that hides it; its list of likers then has only the viewer and
  those the viewer follows.
- A post of somebody else in which a person is tagged stands in the person's list for those who see the post and the
  whole profile.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from sqlalchemy import text

from core.db import Database
from core.ids import CommentId, MediaId, PostId, UserId

Who = UUID | None
"""A viewer; None is signed out."""

_TABLES = ("users", "follows", "stances", "posts", "media", "comments", "post_likes", "media_tags")


@dataclass(frozen=True, slots=True)
class World:
    """All rows there are, by table."""

    users: Mapping[UUID, Any]
    follows: Mapping[tuple[UUID, UUID], Any]
    stances: Mapping[tuple[UUID, UUID], Any]
    posts: Mapping[UUID, Any]
    media: Mapping[UUID, Any]
    comments: Mapping[UUID, Any]
    likes: frozenset[tuple[UUID, UUID]]
    tags: frozenset[tuple[UUID, UUID]]

    @classmethod
    async def read(cls, db: Database) -> Self:
        """The world as it is now."""
        rows = {}
        async with db.reading(fresh=True) as read:
            for name in _TABLES:
                rows[name] = await read.all(text(f"select * from {name}"))  # noqa: S608 - constants
        return cls(
            users={row.id: row for row in rows["users"]},
            follows={(row.follower_id, row.followee_id): row for row in rows["follows"]},
            stances={(row.owner_id, row.person_id): row for row in rows["stances"]},
            posts={row.id: row for row in rows["posts"]},
            media={row.id: row for row in rows["media"]},
            comments={row.id: row for row in rows["comments"]},
            likes=frozenset((row.post_id, row.liker_id) for row in rows["post_likes"]),
            tags=frozenset((row.post_id, row.person_id) for row in rows["media_tags"]),
        )

    def follows_(self, follower: Who, followee: UUID) -> bool:
        """Whether one follows the other; a request is not enough."""
        edge = self.follows.get((follower, followee)) if follower else None
        return edge is not None and edge.state == "ACTIVE"

    def blocks(self, blocker: Who, blocked: Who) -> bool:
        """Whether one blocks the other."""
        stance = self.stances.get((blocker, blocked)) if blocker and blocked else None
        return stance is not None and stance.blocked_at is not None

    def lists_as_close(self, owner: UUID, friend: Who) -> bool:
        """Whether one counts the other among the close friends."""
        stance = self.stances.get((owner, friend)) if friend else None
        return stance is not None and stance.close_friend_since is not None

    def are_apart(self, one: Who, other: Who) -> bool:
        """Whether there is a block between two, in either direction."""
        return self.blocks(one, other) or self.blocks(other, one)

    def contradictions(self) -> Iterator[str]:
        """What a block should have ended, and has not."""
        for (owner, person), stance in self.stances.items():
            if stance.blocked_at is None:
                continue
            names = f"{self.users[owner].handle} and {self.users[person].handle}"
            if (owner, person) in self.follows or (person, owner) in self.follows:
                yield f"{names} are apart, and one follows the other"
            if self.lists_as_close(owner, person) or self.lists_as_close(person, owner):
                yield f"{names} are apart, and close friends"

    # Profiles

    def exists(self, viewer: Who, person: UUID) -> bool:
        """Whether there is such a person for the viewer."""
        return self.users[person].status != "DELETED" and not self.blocks(person, viewer)

    def shows_head(self, viewer: Who, person: UUID) -> bool:
        """Whether name, words and picture of the profile are shown."""
        is_in_use = self.users[person].status == "ACTIVE" or viewer == person
        return self.exists(viewer, person) and is_in_use

    def shows_all(self, viewer: Who, person: UUID) -> bool:
        """Whether the profile is open to the viewer with its lists and posts."""
        if viewer == person:
            return self.exists(viewer, person)
        if not self.shows_head(viewer, person) or self.blocks(viewer, person):
            return False
        return not self.users[person].is_private or self.follows_(viewer, person)

    # What people publish

    def sees_post(self, viewer: Who, post: UUID) -> bool:
        """Whether a post is for the viewer."""
        row = self.posts[post]
        author = row.author_id
        if row.deleted_at is not None or not self.shows_all(viewer, author):
            return False
        if viewer == author:
            return True
        if row.status != "PUBLISHED":
            return False
        return {
            "PUBLIC": True,
            "FOLLOWERS": self.follows_(viewer, author),
            "CLOSE_FRIENDS": self.lists_as_close(author, viewer),
            "ONLY_ME": False,
        }[row.audience]

    def sees_comment(self, viewer: Who, comment: UUID) -> bool:
        """Whether a comment is for the viewer."""
        row = self.comments[comment]
        is_written = row.deleted_at is None and self.users[row.commenter_id].status == "ACTIVE"
        if not is_written or not self.sees_post(viewer, row.post_id) or self.are_apart(viewer, row.commenter_id):
            return False
        return row.state == "VISIBLE" or viewer in (row.commenter_id, row.author_id)

    def sees_picture(self, viewer: Who, picture: UUID) -> bool:
        """Whether a picture is shown to the viewer by the post or the profile it is of, or is their own."""
        row = self.media[picture]
        if viewer == row.author_id:
            return True
        if self.users[row.author_id].avatar_id == picture and self.shows_head(viewer, row.author_id):
            return True
        return row.post_id is not None and self.sees_post(viewer, row.post_id)

    def is_listed(self, viewer: Who, person: UUID) -> bool:
        """Whether a person stands in lists of people that the viewer reads."""
        return self.exists(viewer, person) and not self.are_apart(viewer, person)

    # Everything the viewer finds, as the API names it

    def ids(self) -> dict[str, str]:
        """Every id there is, with the type of what it names."""
        found = {str(UserId(each)): "User" for each in self.users}
        found |= {str(PostId(row.author_id, each)): "Post" for each, row in self.posts.items()}
        found |= {str(CommentId(row.author_id, each)): "Comment" for each, row in self.comments.items()}
        return found | {str(MediaId(row.author_id, each)): "Image" for each, row in self.media.items()}

    def reach(self, viewer: Who) -> set[str]:
        """The ids of everything that the viewer may see."""
        found = {str(UserId(each)) for each in self.users if self.exists(viewer, each)}
        found |= {str(PostId(row.author_id, each)) for each, row in self.posts.items() if self.sees_post(viewer, each)}
        comments = ((each, row) for each, row in self.comments.items() if self.sees_comment(viewer, each))
        found |= {str(CommentId(row.author_id, each)) for each, row in comments}
        pictures = ((each, row) for each, row in self.media.items() if self.sees_picture(viewer, each))
        return found | {str(MediaId(row.author_id, each)) for each, row in pictures}

    def texts(self) -> Iterator[tuple[str, str, UUID]]:
        """Everything that was written by anybody, with the kind and key of the thing that says it."""
        for key, row in self.users.items():
            yield from (("head", each, key) for each in (row.bio, row.pronouns) if each)
            yield from (("head", link[part], key) for link in row.links for part in link if link[part])
        for key, row in self.posts.items():
            yield from (("post", each, key) for each in (row.caption, row.shortcode) if each)
        for key, row in self.comments.items():
            yield "comment", row.text, key
        for key, row in self.media.items():
            yield from (("picture", each, key) for each in (row.alt_text, row.blurhash) if each)
            yield from (("file", file["key"], key) for file in row.renditions)

    def may_read(self, viewer: Who, kind: str, key: UUID) -> bool:
        """Whether a text of a thing is for the viewer."""
        rules = {
            "head": self.shows_head,
            "post": self.sees_post,
            "comment": self.sees_comment,
            "picture": self.sees_picture,
            "file": self.sees_picture,
        }
        return rules[kind](viewer, key)

    def lists(self, viewer: Who) -> Iterator[tuple[str, str, set[str]]]:
        """Every list that the viewer can read: of what, its field, and the ids in it."""
        for person in self.users:
            if self.exists(viewer, person):
                yield from self._lists_of_person(viewer, person)
        for post, row in self.posts.items():
            if self.sees_post(viewer, post):
                here = str(PostId(row.author_id, post))
                yield here, "likers", {str(UserId(each)) for each in self._likers_shown(viewer, post)}
                yield here, "comments", self._comments_under(viewer, post)

    def counts(self, viewer: Who) -> Iterator[tuple[str, str, int | None]]:
        """Every count of what the viewer finds: of what, its field, and the number; None where none is told."""
        for person in self.users:
            if self.exists(viewer, person):
                here, is_told = str(UserId(person)), self.shows_head(viewer, person)
                followers = sum(other == person and self.follows_(one, person) for one, other in self.follows)
                following = sum(one == person and self.follows_(person, other) for one, other in self.follows)
                yield here, "followerCount", followers if is_told else 0
                yield here, "followingCount", following if is_told else 0
                yield here, "postCount", self._posts_counted(viewer, person) if is_told else 0
        for post, row in self.posts.items():
            if self.sees_post(viewer, post):
                here, likes = str(PostId(row.author_id, post)), sum(what == post for what, _ in self.likes)
                yield here, "likeCount", None if self._hides_likes(viewer, post) else likes
                yield here, "commentCount", len(self._comments_under(viewer, post))

    def _hides_likes(self, viewer: Who, post: UUID) -> bool:
        """Whether the author keeps to themselves how many like a post."""
        row = self.posts[post]
        return bool(row.hides_like_count) and viewer != row.author_id

    def _likers_shown(self, viewer: Who, post: UUID) -> Iterator[UUID]:
        """Who likes a post; if it is not told how many do, the viewer and those the viewer follows."""
        for what, who in self.likes:
            if what == post and self.is_listed(viewer, who):
                is_near = who == viewer or self.follows_(viewer, who)
                if is_near or not self._hides_likes(viewer, post):
                    yield who

    def _posts_counted(self, viewer: Who, person: UUID) -> int:
        """The posts on a profile that the viewer may see; behind a head, those for everybody whom it lets in."""
        rows = [row for row in self.posts.values() if row.author_id == person and row.status == "PUBLISHED"]
        if self.shows_all(viewer, person):
            return sum(self.sees_post(viewer, row.id) for row in rows)
        return sum(row.deleted_at is None and row.audience == "PUBLIC" for row in rows)

    def _lists_of_person(self, viewer: Who, person: UUID) -> Iterator[tuple[str, str, set[str]]]:
        here, is_open = str(UserId(person)), self.shows_all(viewer, person)
        followers = {one for one, other in self.follows if other == person and self.follows_(one, person)}
        following = {other for one, other in self.follows if one == person and self.follows_(person, other)}
        for name, people in (("followers", followers), ("following", following)):
            shown = {str(UserId(each)) for each in people if self.is_listed(viewer, each)}
            yield here, name, shown if is_open else set()
        posts = {
            str(PostId(person, each))
            for each, row in self.posts.items()
            if row.author_id == person and row.status == "PUBLISHED" and self.sees_post(viewer, each)
        }
        yield here, "posts", posts if is_open else set()
        tagged = {
            str(PostId(self.posts[each].author_id, each))
            for each, who in self.tags
            if who == person and self.posts[each].author_id != person and self.sees_post(viewer, each)
        }
        yield here, "taggedPosts", tagged if is_open else set()

    def _comments_under(self, viewer: Who, post: UUID) -> set[str]:
        rows = ((each, row) for each, row in self.comments.items() if row.post_id == post)
        return {str(CommentId(row.author_id, each)) for each, row in rows if self.sees_comment(viewer, each)}
