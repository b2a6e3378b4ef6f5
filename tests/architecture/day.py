"""A day in the product, from signing up to leaving: it brings the services to run their statements."""

import asyncio
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from core import clock
from core.backends import Backends
from core.ids import MediaId, PostId, UploadId, UserId
from jobs import accounts
from jobs.base import JobContext
from jobs.relay import Sweeper, by_name, relay
from jobs.routes import ROUTES
from jobs.schedule import PULSE, SCHEDULE, turn
from services import consistency, event_log, kinship, staff, tags, tasks
from tests import pictures
from tests.client import Client, call, mutation
from tests.factories.mails import Mails
from tests.factories.second_factors import App, steps_later
from tests.providers import Liar, begin, complete

_PASSWORD = "violet harbour 41 lamps"
_PICTURE = pictures.encoded(pictures.corners(), "JPEG")

_PERSON = """handle bio { text } avatar { url } followerCount followingCount postCount
    relationship { followState followsViewer }"""
_POST = """id likeCount viewerHasLiked commentCount viewerCanComment place { name } author { handle avatar { url } }
    caption { text } media { id ... on Image { url } } commentPreview { author { handle } body { text } }"""

_LOOK_AROUND = f"""query ($handle: String!, $ids: [ID!]!, $post: ID!, $url: URL!, $after: String) {{
    viewer {{ account {{ email }} session {{ id }} uploads {{ nodes {{ id state }} }} }}
    user(by: {{handle: $handle}}) {{ {_PERSON} url followers {{ nodes {{ handle }} }} following {{ nodes {{ handle }} }}
        found: followers(query: "b") {{ nodes {{ handle }} }}
        followersYouKnow {{ nodes {{ handle }} }} relationship {{ followersYouKnowCount }}
        posts(kinds: [PHOTO]) {{ nodes {{ id cover {{ url }} }} }} }}
    nodes(ids: $ids) {{ id }}
    resource(url: $url) {{ id }}
    node(id: $post) {{ ... on Post {{ {_POST} url likers {{ nodes {{ handle }} }} comments {{ nodes {{ id }} }}
        newest: comments(order: NEWEST, first: 1, after: $after) {{ pageInfo {{ endCursor }} }} }} }}
}}"""

_REQUESTS = """{ viewer { sent: sentFollowRequests { totalCount nodes { id } }
    received: followRequests { totalCount nodes { id } } } }"""

_CHOSEN = """query ($after: String) { viewer { closeFriends(first: 1, after: $after) {
    nodes { handle } pageInfo { endCursor } } blockedUsers { nodes { handle } }
    restrictedUsers { nodes { handle } } mutedUsers { nodes { handle relationship { mutes } } } } }"""

_COMPLETE = "mutation ($input: CompleteLogInInput!) { completeLogIn(input: $input) { errors { code } } }"

_FEED = f"""query ($after: String) {{ viewer {{ homeFeed(first: 1, after: $after, mode: CHRONOLOGICAL) {{
    nodes {{ ... on Post {{ {_POST} }} }} pageInfo {{ endCursor }} }} }} }}"""


_SUGGESTED = """{ viewer { suggestedUsers { edges { node { handle } reasons { kind text users { handle } } }
    pageInfo { endCursor } } } }"""


async def live(client: Client, backends: Backends, ctx: JobContext, provider: Liar) -> None:
    """Two people meet, and a worker does what follows."""
    ana, ana_id = await _sign_up(client, "ana")
    ben, ben_id = await _sign_up(client, "ben")
    await _protect(client, ben, "ben")
    await _act(ben, "followUser", "user { id }", userId=ana_id)
    face = await _upload(ana, "AVATAR")
    post, picture = await _post(ana)
    topic = event_log.post_topic(PostId.parse(post).id)
    marks = await backends.db.write(lambda tx: event_log.watch(tx, [topic]))
    await _work(ctx)
    await _act(ana, "updateProfile", "user { id }", bio="Sees @ben", avatarUploadId=face)
    await _act(ben, "likePost", "post { likeCount }", postId=post)
    said = await _act(ben, "addComment", "comment { id }", postId=post, text="Oh, @ana!", idempotencyKey="said once")
    await _work(ctx)
    await _look_around(ben, post, [post, ana_id, picture, said["comment"]["id"]])
    await _stand_in_pictures((ana, ana_id), (ben, ben_id), post, UploadId.parse(picture), backends)
    await _come_from_elsewhere(client, ana, provider)
    await backends.db.write(lambda tx: staff.appoint_by_operator(tx, UserId.parse(ana_id).id))
    await _prove_who_she_is(ana, Mails(ctx))
    await _use_another_device(ana)
    await _log_in_by_phone(client, ana, Mails(ctx))
    await _rule(ana, ana_id, ben_id)
    await _choose(ana)
    await _ask_to_follow(ana, ana_id, ben, ben_id)
    await _come_again(client, ben_id, backends)
    await _keep_at_a_distance(ana, ana_id, ben, ben_id)
    await _leave(ana, ben, post, said["comment"]["id"])
    await _work(ctx)
    await _go_for_good(ana, ctx)
    await _work(ctx)
    async with backends.db.reading() as db:
        assert await event_log.read(db, marks, 100)
        assert await event_log.hole(db, marks) is None
        assert await tasks.dead(db, 10) == []
    assert [complaint async for complaint in consistency.differences(backends)] == []


async def _sign_up(client: Client, handle: str) -> tuple[Client, str]:
    """A person who signed up, logged in again, and went on with fresh tokens."""
    email = f"{handle}@example.org"
    await _act(client, "signUp", "viewer { id }", email=email, handle=handle, password=_PASSWORD)
    answer = "viewer { user { id } } tokens { refreshToken }"
    found = await _act(client, "logIn", answer, identifier=handle, password=_PASSWORD)
    tokens = {"refreshToken": found["tokens"]["refreshToken"], "idempotencyKey": "first refresh"}
    fresh = await _act(client, "refreshSession", "tokens { accessToken }", **tokens)
    return client.signed_in(fresh["tokens"]["accessToken"]), found["viewer"]["user"]["id"]


async def _protect(client: Client, person: Client, handle: str) -> None:
    """Two-factor log-in, from the first code to the last."""
    app = App((await _act(person, "beginTotpSetup", "secret"))["secret"])
    codes = (await _act(person, "confirmTotpSetup", "recoveryCodes", totp=app.code()))["recoveryCodes"]
    asked = {"identifier": handle, "password": _PASSWORD}
    for steps in (0, 1):
        challenge = (await _act(client, "logIn", "challenge { token }", **asked))["challenge"]
        wrong = {"challengeToken": challenge["token"], "code": {"totp": app.wrong()}}
        assert (await client.ask(_COMPLETE, input=wrong))["completeLogIn"]["errors"]
        with steps_later(steps):
            code = {"totp": app.code()} if steps else {"recoveryCode": codes[0]}
            await _act(client, "completeLogIn", "session { id }", challengeToken=challenge["token"], code=code)
    with steps_later(2):
        await _act(person, "reauthenticate", "validUntil", proof={"totp": app.code()})
    with steps_later(3):
        await _act(person, "regenerateRecoveryCodes", "recoveryCodes", totp=app.code())
    with steps_later(4):
        state = "account { isTwoFactorEnabled remainingRecoveryCodes }"
        await _act(person, "disableTotp", state, code={"totp": app.code()})


async def _post(client: Client) -> tuple[str, str]:
    """A post that waits for its picture."""
    upload = await _upload(client, "POST")
    spot = {"name": "Harbour", "coordinates": {"latitude": 38.7, "longitude": -9.1}}
    content = {"photo": {"uploadId": upload, "altText": "Four colours"}}
    made = await _act(client, "createPost", "post { id }", content=content, caption="By @ben", place={"custom": spot})
    post: str = made["post"]["id"]
    await _act(client, "updatePost", "post { caption { text } }", postId=post, caption="For @ben")
    return post, upload


async def _upload(client: Client, purpose: str) -> str:
    about = {"contentType": "image/jpeg", "byteSize": len(_PICTURE), "width": 400, "height": 300}
    answer = "upload { id parts { url headers { name value } } }"
    upload = (await _act(client, "beginUpload", answer, purpose=purpose, **about))["upload"]
    for part in upload["parts"]:
        headers = {each["name"]: each["value"] for each in part["headers"]}
        sent = await client.http.put(urlsplit(part["url"]).path, content=_PICTURE, headers=headers)
        assert sent.status_code == 200
    await _act(client, "completeUpload", "upload { state }", uploadId=upload["id"])
    return str(upload["id"])


async def _look_around(client: Client, post: str, ids: list[str]) -> None:
    variables: dict[str, Any] = {"handle": "ana", "ids": ids, "post": post, "url": "https://example.org"}
    seen = await client.ask(_LOOK_AROUND, **variables)
    assert seen["node"]["likeCount"] == seen["node"]["commentCount"] == len(seen["user"]["posts"]["nodes"]) == 1
    for url in (seen["node"]["url"], seen["user"]["url"]):
        after = seen["node"]["newest"]["pageInfo"]["endCursor"]
        assert (await client.ask(_LOOK_AROUND, **variables | {"url": url, "after": after}))["resource"]
    page = (await client.ask(_FEED))["viewer"]["homeFeed"]
    assert [each["id"] for each in page["nodes"]] == [post]
    await client.ask(_FEED, after=page["pageInfo"]["endCursor"])
    await client.ask(_SUGGESTED)
    await client.ask(
        "query ($since: String!) { viewer { homeFeedHint(since: $since) { newPostCount } } }",
        since=page["pageInfo"]["endCursor"],
    )


async def _stand_in_pictures(
    ana: tuple[Client, str], ben: tuple[Client, str], post: str, picture: UploadId, backends: Backends
) -> None:
    """Ben is tagged, finds it, goes, and is tagged again until neither is named at the other's; then he tags Ana."""
    (ana_client, ana_id), (ben_client, ben_id) = ana, ben
    media = str(MediaId(picture.user_id, picture.id))
    read = """query ($id: ID!, $after: String) { node(id: $id) { ... on User { taggedPosts(first: 1, after: $after) {
        nodes { media { tags { x user { handle avatar { url } } } } } pageInfo { endCursor } } } } }"""
    for x in (0.1, 0.2):
        await _act(ana_client, "updateMedia", "media { altText }", mediaId=media, tags=[{"userId": ben_id, "x": x}])
    page = (await ben_client.ask(read, id=ben_id))["node"]["taggedPosts"]
    assert [each["user"]["handle"] for each in page["nodes"][0]["media"][0]["tags"]] == ["ben"]
    await ben_client.ask(read, id=ben_id, after=page["pageInfo"]["endCursor"])
    await _act(ben_client, "removeTagOfViewer", "post { id }", postId=post)
    await _act(ana_client, "updateMedia", "media { id }", mediaId=media, altText="Us", tags=[{"userId": ben_id}])
    people = UserId.parse(ana_id).id, UserId.parse(ben_id).id
    while not await backends.db.write(lambda tx: tags.remove_between(tx, *people, 1)):
        pass
    photo = {"uploadId": await _upload(ben_client, "POST"), "tags": [{"userId": ana_id}]}
    await _act(ben_client, "createPost", "post { id }", content={"photo": photo})


async def _come_from_elsewhere(client: Client, ana: Client, provider: Liar) -> None:
    """Somebody comes by a provider, and comes again; Ana links it, proves who she is by it, and unlinks it."""
    for who in (client, client, ana, ana):
        subject = "ana-there" if who is ana else "eve"
        begun = await begin(who)
        done = await complete(who, begun["state"], provider.code(begun["authorizationUrl"], subject))
        assert done["errors"] == []
    await _act(ana, "reauthenticate", "validUntil", proof={"providerState": begun["state"]})
    (link,) = done["viewer"]["account"]["linkedIdentities"]
    assert (await ana.ask("query ($id: ID!) { node(id: $id) { id } }", id=link["id"]))["node"] == link
    await _act(ana, "unlinkProvider", "unlinkedIdentityId", linkedIdentityId=link["id"])


async def _prove_who_she_is(ana: Client, mails: Mails) -> None:
    """New address, forgotten password, another one, and everything back."""
    old, new = "ana@example.org", "ana@example.net"
    await _act(ana, "verifyEmail", "verifiedEmail", code=await mails.code(old, "Confirm your address"))
    await _act(ana, "requestEmailVerification", "account { pendingEmail }", email=new)
    await _act(ana, "verifyEmail", "verifiedEmail", code=await mails.code(new, "Confirm your new address"))
    await _act(ana, "changePassword", "account { id }", currentPassword=_PASSWORD, newPassword=_PASSWORD)
    await _act(ana, "requestPasswordReset", "nextRequestAt", identifier="ana")
    code = await mails.code(new, "Set a new password")
    await _act(ana, "resetPassword", "wasReset", code=code, newPassword=_PASSWORD)
    ana.token = None
    await _act(ana, "verifyEmail", "verifiedEmail", code=await mails.code(old, "was changed"))
    log_in = await _act(ana, "logIn", "tokens { accessToken }", identifier=old, password=_PASSWORD)
    ana.token = log_in["tokens"]["accessToken"]


async def _log_in_by_phone(client: Client, ana: Client, mails: Mails) -> None:
    """Codes by text messages: the phone is set up, a log-in takes one, and one turns it off."""

    async def code() -> str:
        return str((await mails.texts())[0]["text"][:6])

    await _act(ana, "beginSmsSetup", "phoneNumber", phoneNumber="+4915123456789")
    await _act(ana, "confirmSmsSetup", "recoveryCodes account { phoneNumber }", sms=await code())
    begun = await _act(client, "logIn", "challenge { token }", identifier="ana", password=_PASSWORD)
    token = begun["challenge"]["token"]
    await _act(client, "requestSmsCode", "phoneNumber", challengeToken=token)
    await _act(client, "completeLogIn", "session { id }", challengeToken=token, code={"sms": await code()})
    await _act(ana, "requestSmsCode", "phoneNumber")
    await _act(ana, "disableSms", "account { phoneNumber }", code={"sms": await code()})


async def _use_another_device(ana: Client) -> None:
    """A second session shows in the list, page by page, and is ended."""
    sessions = """query ($after: String) { viewer { account { sessions(first: 1, after: $after) {
        nodes { id isCurrent approximateLocation ipAddress } pageInfo { endCursor hasNextPage } } } } }"""
    await _act(ana, "logIn", "session { id }", identifier="ana", password=_PASSWORD)
    found, after = [], None
    for _ in range(2):
        page = (await ana.ask(sessions, after=after))["viewer"]["account"]["sessions"]
        found += page["nodes"]
        after = page["pageInfo"]["endCursor"]
    (other,) = [each["id"] for each in found if not each["isCurrent"]]
    await _act(ana, "revokeSessions", "revokedSessionIds", sessionIds=[other])
    await _act(ana, "revokeSessions", "revokedSessionIds")


async def _rule(ana: Client, ana_id: str, ben_id: str) -> None:
    """The first administrator appoints another one, is dismissed, and is seen to have ruled."""
    await _act(ana, "setVerified", "user { isVerified }", userId=ben_id, isVerified=True, reason="Known")
    await _act(ana, "setVerified", "user { isVerified }", userId=ben_id, isVerified=False, reason="Unknown")
    await _act(ana, "setAccountRole", "record { trustScore }", userId=ben_id, role="ADMIN", reason="Needed")
    read = """query ($user: ID!, $filter: AuditLogFilter) { moderation { record(userId: $user) { accountAgeDays }
        auditLog(first: 1, filter: $filter) { nodes { id actor { handle } subject { id } } } } }"""
    found = (await ana.ask(read, user=ben_id, filter={"actorId": ana_id}))["moderation"]["auditLog"]["nodes"]
    assert found[0]["subject"]["id"] == ben_id
    await _act(ana, "setAccountRole", "record { trustScore }", userId=ana_id, role="MEMBER", reason="Enough")


async def _choose(ana: Client) -> None:
    """Settings, and another handle for a while."""
    await _act(ana, "updateAccount", "account { language }", language="pt", timeZone="Europe/Lisbon")
    for is_private in (True, False):
        answer = "privacySettings { isPrivate }"
        await _act(ana, "updatePrivacySettings", answer, isPrivate=is_private, hideLikeCounts=is_private)
    for handle in ("ana.lima", "ana"):
        await _act(ana, "changeHandle", "user { url }", handle=handle)


async def _ask_to_follow(ana: Client, ana_id: str, ben: Client, ben_id: str) -> None:
    """Ana asks Ben, whose account is private, is turned down, asks again, is let in, and put out."""
    await _act(ben, "updatePrivacySettings", "privacySettings { isPrivate }", isPrivate=True)
    for name, answer in (("denyFollowRequest", "deniedRequestId"), ("approveFollowRequest", "approvedRequestId")):
        await _act(ana, "followUser", "relationship { followState }", userId=ben_id)
        sent, received = (await ana.ask(_REQUESTS))["viewer"]["sent"], (await ben.ask(_REQUESTS))["viewer"]["received"]
        assert sent == received
        await _act(ben, name, answer, requesterId=ana_id)
    await _act(ben, "removeFollower", "removedFollowerId", userId=ana_id)
    await _act(ben, "updatePrivacySettings", "privacySettings { isPrivate }", isPrivate=False)


async def _keep_at_a_distance(ana: Client, ana_id: str, ben: Client, ben_id: str) -> None:
    """Ana has had enough of Ben for a while; Ben is her friend before and after."""
    await _act(ana, "updateCloseFriends", "relationships { isCloseFriend }", add=[ben_id])
    await _act(ana, "muteUser", "relationship { mutes }", userId=ben_id, targets=["POSTS"])
    await _act(ana, "restrictUser", "relationship { isRestricted }", userId=ben_id)
    friends = (await ana.ask(_CHOSEN))["viewer"]["closeFriends"]
    await ana.ask(_CHOSEN, after=friends["pageInfo"]["endCursor"])
    await _act(ana, "blockUser", "user { viewerAccess }", userId=ben_id)
    await _act(ana, "unblockUser", "relationship { isBlocked }", userId=ben_id)
    await _act(ana, "unrestrictUser", "relationship { isRestricted }", userId=ben_id)
    await _act(ana, "muteUser", "relationship { mutes }", userId=ben_id, targets=[])
    await _act(ana, "updateCloseFriends", "relationships { isCloseFriend }", add=[ben_id])
    await _act(ben, "followUser", "user { id }", userId=ana_id)
    await _act(ben, "muteUser", "relationship { mutes }", userId=ana_id, targets=["STORIES"])


async def _come_again(client: Client, ben_id: str, backends: Backends) -> None:
    """Ben has another account, which is known by his phone."""
    _, bea_id = await _sign_up(client, "bea")
    for each in (ben_id, bea_id):
        user_id = UserId.parse(each).id
        await backends.db.write(partial(kinship.mark, user_id=user_id, kind="phone", value="+4915100000000"))


async def _go_for_good(ana: Client, ctx: JobContext) -> None:
    """An account that was to be deleted, was kept, and is erased after all."""
    await _act(ana, "requestAccountDeletion", "account { deletionScheduledFor }")
    await _act(ana, "cancelAccountDeletion", "account { status }")
    await _act(ana, "requestAccountDeletion", "account { deletionScheduledFor }")
    with clock.frozen(clock.now() + timedelta(days=31)):
        await accounts.erase_accounts.work(ctx)
        await accounts.purge_handles.work(ctx)


async def _leave(ana: Client, ben: Client, post: str, comment: str) -> None:
    await _act(ana, "hideComments", "comments { id }", commentIds=[comment])
    await _act(ana, "approveComments", "comments { id }", commentIds=[comment])
    await _act(ben, "deleteComment", "post { id }", commentId=comment)
    await _act(ben, "unlikePost", "post { id }", postId=post)
    await _act(ana, "cancelUpload", "upload { state }", uploadId=await _upload(ana, "POST"))
    await _act(ana, "updateProfile", "user { id }", avatarUploadId=None)
    await _act(ana, "deletePost", "deletedPostId", postId=post)
    user = (await ben.ask('{ user(by: {handle: "ana"}) { id } }'))["user"]["id"]
    await _act(ben, "unfollowUser", "user { id }", userId=user)
    await _act(ben, "logOut", "query { __typename }", allDevices=True)


async def _act(client: Client, name: str, answer: str, **input: Any) -> Any:
    found = await call(client, mutation(name, f"{answer} errors {{ code message }}"), **input)
    assert found["errors"] == []
    return found


async def _work(ctx: JobContext) -> None:
    """Do all that waits, and a turn of everything that comes back."""
    sweeper = Sweeper(ctx, by_name(ROUTES))
    async with asyncio.timeout(60):
        while await relay(ctx, ROUTES) or await _open_tasks(ctx):
            with clock.frozen(clock.now() + tasks.HINT_TIME + timedelta(seconds=1)):
                await sweeper.sweep()
                await sweeper.finish(60)
    for work in PULSE:
        await work.work(ctx)
    for work in SCHEDULE:
        await turn(ctx, work)


async def _open_tasks(ctx: JobContext) -> int:
    async with ctx.db.reading(fresh=True) as db:
        return (await tasks.counts(db))[0]
