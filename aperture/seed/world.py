"""Bringing the plan to life: people sign up, upload, follow, post, like and comment, each at their moment."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Final
from uuid import UUID

from rich.console import Console
from rich.progress import Progress

from aperture import worker
from aperture.seed import pictures
from aperture.seed.people import EVERYBODY, LEADING, Person
from aperture.seed.plan import SEED, Comment, Deed, Follow, Like, Plan, Post, plan
from core import clock, passwords
from core.backends import Backends
from core.db import Read
from core.ids import PostId, UploadId, UserId, new_uuid
from core.settings import Settings
from core.viewer import Viewer
from jobs.routes import ROUTES
from services import (
    accounts,
    blocks,
    close_friends,
    comments,
    emails,
    follows,
    likes,
    mutes,
    outbox,
    posts,
    privacy,
    profiles,
    restrictions,
    staff,
    tasks,
)
from services.accounts import NewAccount
from services.auth import keys, sessions
from services.auth.devices import Device
from services.media import Attachment, announcing
from services.media.announcing import Announcement, begin_upload
from services.media.completing import complete_upload
from services.media.files import incoming_key
from services.posts import PostDraft

PASSWORD: Final = "light over the river"  # noqa: S105 - of people who do not exist
PATIENCE_SECONDS: Final = 300.0
_POLL_SECONDS: Final = 0.1


@dataclass(slots=True)
class World:
    """What was made so far."""

    backends: Backends
    progress: Progress
    people: dict[Person, Viewer] = field(default_factory=dict)
    avatars: dict[Person, UploadId] = field(default_factory=dict)
    uploads: dict[int, list[UploadId]] = field(default_factory=dict)
    posts: dict[int, PostId] = field(default_factory=dict)


def seed(settings: Settings) -> None:
    """Fill an empty database, and write who may be logged in as to `settings.people_file`."""
    asyncio.run(_seed(settings))


async def _seed(settings: Settings) -> None:
    with Progress(console=Console(), transient=False) as progress:
        async with _working(settings):
            backends = Backends.open(settings)
            try:
                world = World(backends, progress)
                story = plan(clock.now())
                await _sign_up(world, story.began_at)
                await _upload(world, story)
                await _wait_for_pictures(world)
                await _dress(world, story.began_at)
                await _appoint(world, story.began_at)
                await _live(world, story)
                await _keep_apart(world)
                await _wait_for_consequences(world)
                await _write_people(world)
            finally:
                await backends.aclose()


@asynccontextmanager
async def _working(settings: Settings) -> AsyncIterator[None]:
    """A worker beside the seeding, so that all consequences are those of the product."""
    ending = asyncio.Event()
    # Nobody is written to: these people have no mail.
    async with worker.job_context(settings.model_copy(update={"mail_url": None, "mail_folder": None})) as ctx:
        work = asyncio.create_task(worker.work(ctx, ROUTES, ending))
        try:
            yield
        finally:
            ending.set()
            await work


async def _sign_up(world: World, at: datetime) -> None:
    password_hash = await passwords.hash_password(PASSWORD)
    for number, person in enumerate(world.progress.track(EVERYBODY, description="People sign up")):
        new = NewAccount(f"{person.handle}@example.org", person.handle, person.name)
        checked = accounts.checked(new, PASSWORD)
        create = partial(accounts.create_account, new=checked, password_hash=password_hash)
        with clock.frozen(at + timedelta(seconds=10 * number)):
            user_id = await world.backends.db.write(create)
            await world.backends.db.write(partial(emails.confirm, email=checked.email, user_id=user_id))
        world.people[person] = Viewer(id=user_id)


async def _upload(world: World, story: Plan) -> None:
    random = Random(SEED)  # noqa: S311 - a world, not a secret
    for person in world.progress.track(EVERYBODY, description="Portraits are drawn"):
        picture = await asyncio.to_thread(pictures.portrait, random)
        world.avatars[person] = await _send(world, person, "AVATAR", picture)
    for post in world.progress.track(story.posts, description="Pictures are drawn"):
        drawn = [await asyncio.to_thread(pictures.draw, random) for _ in range(post.pictures)]
        world.uploads[post.number] = [await _send(world, post.author, "POST", picture) for picture in drawn]


async def _send(world: World, person: Person, purpose: str, picture: tuple[bytes, int, int]) -> UploadId:
    """Announce, store and complete a picture as a client does."""
    data, width, height = picture
    viewer, store = world.people[person], world.backends.store
    upload_id = UploadId(viewer.user_id, new_uuid())
    announced = Announcement(purpose, "image/jpeg", len(data), width, height)
    await world.backends.db.write(lambda tx: begin_upload(tx, viewer, upload_id, announced))
    arrived = await store.put(incoming_key(upload_id), data, "image/jpeg")
    await world.backends.db.write(lambda tx: complete_upload(tx, viewer, upload_id, arrived))
    return upload_id


async def _wait_for_pictures(world: World) -> None:
    await _wait(world, "Pictures are processed", announcing.count_in_process)


async def _wait_for_consequences(world: World) -> None:
    await _wait(world, "Facts are relayed", outbox.waiting)
    await _wait(world, "Feeds are filled", tasks.waiting)


async def _wait(world: World, description: str, count: Callable[[Read], Awaitable[int]]) -> None:
    """Show how much is still to be done until nothing is."""
    bar = world.progress.add_task(description, total=None)
    total = 0
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            async with world.backends.db.reading(fresh=True) as db:
                left = await count(db)
            total = max(total, left, 1)
            world.progress.update(bar, total=total, completed=total - left)
            if not left:
                return
            await asyncio.sleep(_POLL_SECONDS)


async def _dress(world: World, at: datetime) -> None:
    """Give everybody a bio and a portrait."""
    with clock.frozen(at + timedelta(hours=1)):
        for person, viewer in world.people.items():
            changes = {"bio": person.bio, "avatar_upload_id": world.avatars[person]}
            await world.backends.db.write(partial(profiles.update_profile, viewer=viewer, changes=changes))


async def _appoint(world: World, at: datetime) -> None:
    """Make the first administrator, who appoints the moderators and verifies who leads."""
    write, people = world.backends.db.write, world.people
    [chief] = [person for person in EVERYBODY if person.role == "ADMIN"]
    with clock.frozen(at + timedelta(hours=2)):
        await write(lambda tx: staff.appoint_by_operator(tx, people[chief].user_id))
        for person in EVERYBODY:
            if person.role == "MODERATOR":
                whom, role, reason = people[person].user_id, person.role, "Knows everybody."
                await write(partial(staff.set_role, viewer=people[chief], user_id=whom, role=role, reason=reason))
        famous, reason = people[EVERYBODY[0]].user_id, "Known beyond this place."
        verify = partial(staff.set_verified, viewer=people[chief], user_id=famous, reason=reason, is_verified=True)
        await write(verify)


async def _live(world: World, story: Plan) -> None:
    for at, deed in world.progress.track(story.deeds, description="Six weeks go by"):
        with clock.frozen(at):
            await _do(world, deed)


async def _do(world: World, deed: Deed) -> None:
    write, people = world.backends.db.write, world.people
    match deed:
        case Post(number=number, author=author):
            draft = _draft(deed, world.uploads[number])
            world.posts[number] = await write(lambda tx: posts.create_post(tx, people[author], draft))
        case Follow(follower=follower, followee=followee):
            await write(lambda tx: follows.follow_user(tx, people[follower], people[followee].user_id))
        case Like(liker=liker, post=post):
            await write(lambda tx: likes.like_post(tx, people[liker], world.posts[post.number]))
        case Comment(writer=writer, post=post, text=text):
            await write(lambda tx: comments.add_comment(tx, people[writer], world.posts[post.number], text))


async def _keep_apart(world: World) -> None:
    """Some go private, block, restrict or mute others, so that each wall of the network can be seen."""
    write, viewers = world.backends.db.write, {person.handle: viewer for person, viewer in world.people.items()}
    ids = {handle: viewer.user_id for handle, viewer in viewers.items()}
    ana, friends = viewers["ana"], [UserId(ids["ben"]), UserId(ids["chloe"])]
    for handle in ("ulla", "vera"):
        await write(partial(privacy.update_settings, viewer=viewers[handle], changes={"is_private": True}))
        for asking in ("ana", "arlo", "gael", "teo"):
            await write(partial(follows.follow_user, viewer=viewers[asking], user_id=ids[handle]))
    await write(partial(close_friends.update, viewer=ana, add=friends, remove=[]))
    await write(partial(blocks.block_user, viewer=ana, user_id=ids["arlo"]))
    await write(partial(blocks.block_user, viewer=viewers["zoe"], user_id=ids["ana"]))
    await write(partial(restrictions.restrict_user, viewer=ana, user_id=ids["gael"]))
    await write(partial(mutes.mute_user, viewer=ana, user_id=ids["teo"], targets=["POSTS"]))


def _draft(post: Post, uploads: Sequence[UploadId]) -> PostDraft:
    kind = "PHOTO" if len(uploads) == 1 else "CAROUSEL"
    return PostDraft(kind, [Attachment(upload, f"A picture by {post.author.name}") for upload in uploads], post.caption)


async def _write_people(world: World) -> None:
    """Tell who may be logged in as: the leading people, each with a session of their own."""
    file = world.backends.settings.people_file
    file.parent.mkdir(parents=True, exist_ok=True)
    tokens = [await _token(world, world.people[person].user_id) for person in LEADING]
    content = [
        {"handle": person.handle, "password": PASSWORD, "role": person.role, "token": token}
        for person, token in zip(LEADING, tokens, strict=True)
    ]
    file.write_text(json.dumps(content, indent=2))


async def _token(world: World, user_id: UUID) -> str:
    key = await keys.signing_key(world.backends)
    device = Device("Development", "OTHER", None)
    granted = await world.backends.db.write(lambda tx: sessions.log_in(tx, key, user_id, device, "127.0.0.1"))
    return granted.access_token
