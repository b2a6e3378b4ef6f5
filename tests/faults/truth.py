"""Whether everything that was confirmed is there, once, and everything derived agrees with it."""

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2

from core.ids import PostId, UserId
from core.storage.keys import Area
from tests.devices import POST, Device
from tests.faults.load import Actor
from tests.live import Live


def require_whole(live: Live, actors: Sequence[Actor], posts: Sequence[str]) -> None:
    """Every like, comment and post as it was confirmed, none twice; counts and feeds as the rows say."""
    live.await_rest()
    everything = [*posts, *(post for each in actors for post in each.posts)]
    assert likes_of(live, everything) == {
        (post, each.device.id) for each in actors for post, is_liked in each.likes.items() if is_liked
    }
    assert comments_of(live, everything) == Counter(text for each in actors for text in each.comments)
    require_posts(live, [each.device for each in actors], everything)
    require_counts(live, actors[0].device, everything)
    assert live.differences() == ""


def require_posts(live: Live, devices: Sequence[Device], posts: Collection[str]) -> None:
    """These posts of these people are published, no others; each feed holds each post of the people it is made of."""
    published = published_by(live, devices)
    assert sorted(published) == sorted(posts)
    for reader in devices:
        assert reader.home_feed() == [post for post in published if author_of(post) != reader.id]


def require_counts(live: Live, reader: Device, posts: Collection[str]) -> None:
    """The counts that people see are the numbers of rows."""
    likes = Counter(post for post, _ in likes_of(live, posts))
    comments = Counter(_post(*row) for row in _under(live, posts, "author_id, post_id from comments"))
    for post in posts:
        shown = reader.look_at(POST, post)
        assert (shown["likeCount"], shown["commentCount"]) == (likes[post], comments[post])


def require_renditions(post: dict[str, Any]) -> None:
    """Every address of its pictures leads to a file of the promised size."""
    variants = [variant for medium in post["media"] for variant in medium["variants"]]
    assert variants
    for each in variants:
        answer = httpx2.get(each["url"])
        assert (answer.status_code, len(answer.content)) == (httpx2.codes.OK, each["byteSize"])


def files_of(live: Live, device: Device, area: Area | None = None) -> list[Path]:
    """The files of a person's uploads, in one area or in all of them."""
    folder = live.site.objects / "objects"
    found = folder.glob(f"{area or '*'}/*/{UserId.parse(device.id).id.hex}/**/*")
    return [path for path in found if path.is_file()]


def likes_of(live: Live, posts: Collection[str]) -> set[tuple[str, str]]:
    """Who likes which of these posts."""
    rows = _under(live, posts, "author_id, post_id, liker_id from post_likes")
    return {(_post(author, post), str(UserId(UUID(liker)))) for author, post, liker in rows}


def comments_of(live: Live, posts: Collection[str]) -> Counter[str]:
    """The texts under these posts."""
    return Counter(text for (text,) in _under(live, posts, "text from comments"))


def published_by(live: Live, devices: Sequence[Device]) -> list[str]:
    """The published posts of these people, newest first."""
    people = {str(UserId.parse(each.id).id) for each in devices}
    rows = live.sql("select author_id, id from posts where status = 'PUBLISHED' order by id desc")
    return [_post(author, post) for author, post in rows if author in people]


def author_of(post: str) -> str:
    """The id of the person whose post it is."""
    return str(UserId(PostId.parse(post).author_id))


def _under(live: Live, posts: Collection[str], what: str) -> list[list[str]]:
    ids = ", ".join(f"'{PostId.parse(post).id}'" for post in posts)
    return live.sql(f"select {what} where post_id in ({ids})")


def _post(author_id: str, id: str) -> str:
    return str(PostId(UUID(author_id), UUID(id)))
