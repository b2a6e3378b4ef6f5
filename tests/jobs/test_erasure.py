"""Accounts whose 30 days are over are erased: nothing of the person stays, everything of others does."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import func, insert, select, update

from core import clock
from core.db import Database, Write
from core.openid import Identity
from core.providers import Provider
from core.storage.keys import Area
from core.viewer import Viewer
from jobs.accounts import erase_accounts, purge_handles
from jobs.base import JobContext
from models.accounts import Account, Email
from models.comments import Comment
from models.counters import Counter
from models.follows import Follow
from models.likes import PostLike
from models.outbox import OutboxEntry
from models.profiles import User
from models.registry import metadata
from models.suggestions import Suggestion
from services import account_life, comments, counters, emails, erasure, follows, handles, likes, mutes, restrictions
from services.providers import identities
from services.suggestions import dismissing, making, turns
from tests.factories import media
from tests.factories.people import people, person
from tests.factories.posts import post
from tests.factories.tags import tag
from tests.providers import description
from tests.services.locks import until_somebody_waits

OF_THE_SYSTEM = {"outbox", "tasks", "event_log", "topic_events", "idempotency_keys"}
"""What forgets by itself within a day or a week."""


_SUMS = select(Counter.name, func.sum(Counter.value)).where(~Counter.name.startswith("posts_")).group_by(Counter.name)


@contextmanager
def after_thirty_days() -> Iterator[None]:
    with clock.frozen(clock.now() + timedelta(days=30, seconds=1)):
        yield


async def eva_leaves(ctx: JobContext) -> tuple[Viewer, Viewer]:
    """Eva has left traces wherever one can, in her own things and in Ben's; then she asks to be deleted."""
    db = ctx.db
    eva, ben = await person(db, "eva", bio="Hello", pronouns="she"), await person(db, "ben")
    address = {"email": "eva@example.org", "user_id": eva.user_id, "claimed_at": clock.now()}
    await db.write(lambda tx: tx.execute(insert(Email).values(address)))
    provider = Provider.model_validate(description("https://login.example.org"))
    there = Identity(provider.issuer, "eva", None, "eva.there", None, None)
    await db.write(partial(identities.link, user_id=eva.user_id, provider=provider, identity=there))
    hers = await media.published(db, eva, await media.ready(ctx, eva), caption="Mine")
    await media.ready(ctx, eva)
    his = await post(db, ben)
    for who, what in ((eva, his), (ben, hers), (eva, hers)):
        await db.write(partial(likes.like_post, viewer=who, post_id=what))
        await db.write(partial(comments.add_comment, viewer=who, post_id=what, words="Nice!"))
    await tag(db, his, eva, ben)
    await tag(db, hers, eva, ben)
    gone = await db.write(lambda tx: comments.add_comment(tx, eva, his, "Taken back"))
    await db.write(lambda tx: comments.delete_comment(tx, eva, gone))
    await db.write(lambda tx: follows.follow_user(tx, eva, ben.user_id))
    await db.write(lambda tx: follows.follow_user(tx, ben, eva.user_id))
    for one, other in ((eva, ben), (ben, eva)):
        await db.write(partial(mutes.mute_user, viewer=one, user_id=other.user_id, targets=["POSTS"]))
        await db.write(partial(restrictions.restrict_user, viewer=one, user_id=other.user_id))
    await media.settle(ctx)
    await db.write(counters.fold)
    await db.write(lambda tx: account_life.request_deletion(tx, eva, "Bye"))
    await media.settle(ctx)
    return eva, ben


async def traces(db: Database, who: Viewer) -> set[str]:
    """The tables in which anything names the person."""
    found = set()
    async with db.reading(fresh=True) as read:
        for name, table in metadata.tables.items():
            rows = await read.all(select(table))
            if any(str(who.user_id) in str(row) or who.user_id.hex in str(row) for row in rows):
                found.add(name)
    return found - OF_THE_SYSTEM


async def counts(db: Database, who: Viewer) -> dict[str, int]:
    async with db.reading(fresh=True) as read:
        found = await counters.read(read, [(who.user_id, who.user_id)])
    return dict(found[who.user_id, who.user_id])


async def sums(db: Database) -> dict[str, int]:
    """All that is counted of anybody."""
    await db.write(counters.fold)
    async with db.reading(fresh=True) as read:
        return {name: int(total) for name, total in map(tuple, await read.all(_SUMS))}


async def test_the_address_is_free_for_others_however_it_is_written(ctx: JobContext) -> None:
    eva, ben = await person(ctx.db, "eva"), await person(ctx.db, "ben")
    address = emails.check("Eva.Weiß@Example.org", ())
    await ctx.db.write(lambda tx: emails.claim(tx, address, eva.user_id, ()))
    own = update(Account).where(Account.user_id == eva.user_id)
    await ctx.db.write(lambda tx: tx.execute(own.values(email=address)))
    await ctx.db.write(lambda tx: account_life.request_deletion(tx, eva, None))

    with after_thirty_days():
        await erase_accounts.work(ctx)

    await ctx.db.write(lambda tx: emails.claim(tx, address, ben.user_id, ()))
    assert await traces(ctx.db, eva) == {"users", "handles"}


async def test_nothing_of_the_person_is_left_but_an_empty_row(ctx: JobContext) -> None:
    eva, ben = await eva_leaves(ctx)
    before = await all_keys(ctx)

    with after_thirty_days():
        for _ in range(2):
            await erase_accounts.work(ctx)

    assert await traces(ctx.db, eva) == {"users", "handles"}
    assert before
    assert await all_keys(ctx) == []
    async with ctx.db.reading(fresh=True) as read:
        # unguarded: the test looks for what is left
        of_eva = select(User.handle, User.display_name, User.bio, User.pronouns, User.status)
        row = await read.first(of_eva.where(User.id == eva.user_id))
        facts = await read.scalars(select(OutboxEntry.payload).where(OutboxEntry.event == "AccountErased"))
        kept = [await read.scalar(select(func.count()).select_from(table)) for table in (PostLike, Comment, Follow)]
    assert row == ("deleted", "deleted", None, None, "DELETED")
    assert facts == [{"user_id": str(eva.user_id)}]
    assert kept == [0, 0, 0]
    assert await sums(ctx.db) == {"likes": 0, "comments": 0, "followers": 0, "following": 0}
    assert await counts(ctx.db, ben) == {"followers": 0, "following": 0}


async def test_nobody_is_suggested_who_is_gone_nor_because_of_them(ctx: JobContext) -> None:
    eva, ben, fay, gil = await people(ctx.db, "eva", "ben", "fay", "gil")
    for follower, followee in ((ben, eva), (eva, fay), (gil, ben)):
        await ctx.db.write(partial(follows.follow_user, viewer=follower, user_id=followee.user_id))
    await ctx.db.write(making.count_popular)
    for who in (eva, ben, gil):
        await ctx.db.write(partial(turns.note, user_id=who.user_id))
        await ctx.db.write(partial(making.make, user_id=who.user_id))
    for who, whom in ((fay, eva), (eva, gil)):
        await ctx.db.write(partial(dismissing.dismiss, viewer=who, user_id=whom.user_id))
    before = await traces(ctx.db, eva)
    await ctx.db.write(lambda tx: account_life.request_deletion(tx, eva, None))

    with after_thirty_days():
        await erase_accounts.work(ctx)

    assert {"suggestions", "suggestion_turns", "dismissed_suggestions", "popular_people"} <= before
    assert await traces(ctx.db, eva) == {"users", "handles"}
    async with ctx.db.reading(fresh=True) as read:
        (of_ben,) = await read.all(select(Suggestion).where(Suggestion.user_id == ben.user_id))
    assert (of_ben.person_id, of_ben.known) == (fay.user_id, [])


async def test_the_handle_is_held_for_thirty_days_more_and_then_forgotten(ctx: JobContext) -> None:
    eva, ben = await eva_leaves(ctx)
    with after_thirty_days():
        await erase_accounts.work(ctx)
        async with ctx.db.reading(fresh=True) as read:
            held = (await handles.availability(read, ben, "eva")).problem
        with after_thirty_days():
            await purge_handles.work(ctx)
            async with ctx.db.reading(fresh=True) as read:
                free = (await handles.availability(read, ben, "eva")).problem

    assert (held, free) == ("TAKEN", None)
    assert await traces(ctx.db, eva) == {"users"}


async def test_nobody_is_erased_before_the_day_or_after_calling_it_off(ctx: JobContext) -> None:
    eva, _ = await eva_leaves(ctx)
    before = await traces(ctx.db, eva)

    await erase_accounts.work(ctx)
    await ctx.db.write(lambda tx: account_life.cancel_deletion(tx, eva, reactivate=True))
    with after_thirty_days():
        await erase_accounts.work(ctx)
        assert await ctx.db.write(lambda tx: erasure.erase_some(tx, eva.user_id, 10))

    assert await traces(ctx.db, eva) == before
    async with ctx.db.reading(fresh=True) as read:
        assert await read.scalar(select(User.status).where(User.id == eva.user_id)) == "ACTIVE"


async def test_what_broke_off_anywhere_goes_on_and_counts_everything_once(ctx: JobContext) -> None:
    eva, ben = await eva_leaves(ctx)

    with after_thirty_days():
        pieces = 1
        while not await one_piece_after_a_crash(ctx.db, eva):
            pieces += 1
        again = await ctx.db.write(lambda tx: erasure.erase_some(tx, eva.user_id, 1))

    assert pieces > 8
    assert again
    assert await traces(ctx.db, eva) == {"users", "handles"}
    assert await counts(ctx.db, ben) == {"followers": 0, "following": 0}


async def test_two_workers_at_once_erase_it_once(ctx: JobContext) -> None:
    _, ben = await eva_leaves(ctx)

    with after_thirty_days():
        await asyncio.gather(erase_accounts.work(ctx), erase_accounts.work(ctx))

    async with ctx.db.reading(fresh=True) as read:
        told = await read.scalar(select(func.count()).where(OutboxEntry.event == "AccountErased"))
    assert told == 1
    assert await counts(ctx.db, ben) == {"followers": 0, "following": 0}


@pytest.mark.parametrize("is_follower", [True, False])
async def test_a_follow_that_ends_while_it_is_erased_is_counted_once(ctx: JobContext, *, is_follower: bool) -> None:
    eva, ben = await person(ctx.db, "eva"), await person(ctx.db, "ben")
    follower, followee = (eva, ben) if is_follower else (ben, eva)
    await ctx.db.write(lambda tx: follows.follow_user(tx, follower, followee.user_id))
    await ctx.db.write(lambda tx: account_life.request_deletion(tx, eva, None))

    with after_thirty_days():
        async with ctx.db.transaction() as tx:
            await follows.end(tx, follower.user_id, followee.user_id)
            erasing = asyncio.create_task(ctx.db.write(lambda tx: erasure.erase_some(tx, eva.user_id, 10)))
            await until_somebody_waits(ctx.db)
        await erasing

    assert (await counts(ctx.db, ben))["followers" if is_follower else "following"] == 0


async def test_the_day_has_come_too_late_to_call_it_off_once_erasing_began(ctx: JobContext) -> None:
    eva, _ = await eva_leaves(ctx)

    with after_thirty_days():
        assert await ctx.db.write(lambda tx: erasure.begin(tx, eva.user_id))
        await ctx.db.write(lambda tx: account_life.cancel_deletion(tx, eva, reactivate=True))
        await erase_accounts.work(ctx)

    assert await traces(ctx.db, eva) == {"users", "handles"}


class Crash(Exception):
    """A worker dies."""


async def one_piece_after_a_crash(db: Database, who: Viewer) -> bool:
    """A piece that is lost before its commit, and then the same piece again."""

    async def lost(tx: Write) -> None:
        await erasure.erase_some(tx, who.user_id, 1)
        raise Crash

    with pytest.raises(Crash):
        await db.write(lost)
    return await db.write(lambda tx: erasure.erase_some(tx, who.user_id, 1))


async def all_keys(ctx: JobContext) -> list[str]:
    """The keys of all files there are."""
    return [each.key for area in Area for each in await ctx.store.list_objects(f"{area}/", "", 1000)]
