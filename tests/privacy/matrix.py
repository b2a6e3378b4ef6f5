"""The matrix: operations that lead along the paths of the contract to what Eva hides, and who gets to see it."""

from dataclasses import dataclass
from typing import Literal

Who = Literal["nobody", "stranger", "follower", "author"]

VIEWERS: tuple[Who, ...] = ("nobody", "stranger", "follower", "author")

# Pages are as small as what Eva has, so that every row stays below the cost of one operation.
FRAGMENTS = """
fragment P on Post {
  caption { text segments { ... on MentionSegment { user { id } } } } author { id }
  media { id tags { user { id } } } cover { id }
  mentions { id } likers(first: 2) { nodes { id } edges { node { id } } }
  commentPreview { body { text } } comments(first: 2) { nodes { ...C } edges { node { ...C } } }
}
fragment C on Comment { body { text } author { id } post { id } }
fragment U on User {
  avatar { id } relationship { id user { id } } posts(first: 1) { nodes { ...P } edges { node { ...P } } }
  followers(first: 2) { nodes { id } edges { node { id } } } following(first: 2) { nodes { id } edges { node { id } } }
  similarUsers(first: 1) { nodes { id } edges { node { id } } }
  followersYouKnow(first: 1) { nodes { id } edges { node { id } } }
}
fragment E on UserError {
  code ... on ConflictError { existing { id } } ... on MediaError { upload { media { id } } }
}
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One operation; whoever is not in `seen_by` finds nothing of Eva's in the answer."""

    selection: str
    seen_by: frozenset[Who]
    operation: str = "query"


def _seen_by(*who: Who) -> frozenset[Who]:
    return frozenset(who)


def _mutation(name: str, input: str, answer: str, *who: Who) -> Row:
    return Row(f"{name}(input: {{{input}}}) {{ {answer} errors {{ ...E }} }}", _seen_by(*who), "mutation")


_AUDIENCE = _seen_by("follower", "author")

READS = {
    "node": Row("node(id: $post) { ...P }", _AUDIENCE),
    "nodes": Row("nodes(ids: $ids) { id ...P ...U ... on Comment { body { text } } }", _AUDIENCE),
    "resource": Row("resource(url: $url) { ...P }", _AUDIENCE),
    "post": Row("post(by: {shortcode: $code}) { ...P }", _AUDIENCE),
    "comment": Row("comment(id: $comment) { ...C post { ...P } }", _AUDIENCE),
    "user": Row("user(by: {id: $author}) { ...U }", _AUDIENCE),
    "tagged": Row(
        "user(by: {id: $fan}) { taggedPosts(first: 1) { nodes { ...P } edges { node { id ...P } } } }", _AUDIENCE
    ),
    "home feed": Row("viewer { homeFeed(first: 2) { nodes { ...P } edges { node { ...P } } } }", _seen_by("follower")),
    "suggestions": Row(
        "viewer { suggestedUsers(first: 1) { nodes { ...U } edges { node { ...U } reasons { users { id } } } } }",
        _seen_by(),
    ),
    "own things": Row(
        "viewer { user { id } account { id sessions { nodes { id } edges { node { id } } } linkedIdentities { id } }"
        " session { id } privacySettings { id } uploads { nodes { media { id } } edges { node { id } } } }",
        _seen_by("author"),
    ),
    "requests to follow": Row(
        "viewer { followRequests(first: 1) { nodes { id requester { ...U } recipient { ...U } } edges { node { id } } }"
        " sentFollowRequests(first: 1) { nodes { requester { id } recipient { ...U } } } }",
        _seen_by("author"),
    ),
    "lists of people": Row(
        "viewer { closeFriends(first: 1) { nodes { ...U } edges { node { id } } }"
        " blockedUsers(first: 1) { nodes { ...U } edges { node { id } } }"
        " restrictedUsers(first: 1) { nodes { ...U } edges { node { id } } }"
        " mutedUsers(first: 1) { nodes { ...U } edges { node { id } } } }",
        _seen_by(),
    ),
    "moderation": Row(
        "moderation { id record(userId: $author) { id user { ...U } } auditLog(first: 1) {"
        " nodes { actor { id } subject { id } } edges { node { actor { ...U } subject { id } } } } }",
        _seen_by(),
    ),
}

WRITES = {
    "likePost": _mutation("likePost", "postId: $post", "post { ...P }", "follower", "author"),
    "unlikePost": _mutation("unlikePost", "postId: $post", "post { ...P }", "follower", "author"),
    "addComment": _mutation(
        "addComment",
        'postId: $post, text: "Oh"',
        "comment { ...C } commentEdge { node { ...C } } post { ...P }",
        "follower",
        "author",
    ),
    "deleteComment": _mutation("deleteComment", "commentId: $comment", "post { ...P }", "follower", "author"),
    "hideComments": _mutation("hideComments", "commentIds: [$comment]", "comments { ...C }", "author"),
    "approveComments": _mutation("approveComments", "commentIds: [$comment]", "comments { ...C }", "author"),
    "updatePost": _mutation("updatePost", "postId: $post, isSensitive: true", "post { ...P }", "author"),
    "deletePost": _mutation("deletePost", "postId: $post", "viewer { user { ...U } }"),
    "followUser": _mutation(
        "followUser", "userId: $author", "user { ...U } relationship { user { ...U } } viewer { id }", "follower"
    ),
    "unfollowUser": _mutation(
        "unfollowUser", "userId: $author", "user { ...U } relationship { user { ...U } } viewer { id }", "author"
    ),
    "approveFollowRequest": _mutation(
        "approveFollowRequest", "requesterId: $author", "relationship { user { ...U } } viewer { id }"
    ),
    "denyFollowRequest": _mutation(
        "denyFollowRequest", "requesterId: $author", "relationship { user { ...U } }", "follower"
    ),
    "blockUser": _mutation("blockUser", "userId: $author", "user { ...U } relationship { user { ...U } }"),
    "unblockUser": _mutation(
        "unblockUser", "userId: $author", "user { ...U } relationship { user { ...U } }", "follower"
    ),
    "restrictUser": _mutation("restrictUser", "userId: $author", "relationship { user { ...U } }", "follower"),
    "unrestrictUser": _mutation("unrestrictUser", "userId: $author", "relationship { user { ...U } }", "follower"),
    "muteUser": _mutation(
        "muteUser", "userId: $author, targets: [POSTS]", "relationship { user { ...U } }", "follower"
    ),
    "updateCloseFriends": _mutation(
        "updateCloseFriends", "add: [$author]", "relationships { user { ...U } }", "follower"
    ),
    "removeFollower": _mutation(
        "removeFollower", "userId: $author", "relationship { user { ...U } } viewer { id }", "follower"
    ),
    "removeTagOfViewer": _mutation("removeTagOfViewer", "postId: $post", "post { ...P }", "follower", "author"),
    "updateMedia": _mutation("updateMedia", 'mediaId: $media, altText: "Oh"', "media { id }", "author"),
    "createPost": _mutation(
        "createPost",
        "content: {photo: {uploadId: $upload}}",
        "post { ...P } postEdge { node { ...P } } viewer { id }",
        "author",
    ),
    "completeUpload": _mutation("completeUpload", "uploadId: $upload", "upload { media { id } }", "author"),
    "cancelUpload": _mutation("cancelUpload", "uploadId: $upload", "upload { media { id } }"),
    "beginUpload": _mutation(
        "beginUpload",
        'purpose: POST, contentType: "image/jpeg", byteSize: 9, width: 1, height: 1',
        "upload { media { id } }",
    ),
    "updateProfile": _mutation("updateProfile", "avatarUploadId: $upload", "user { avatar { id } }"),
    "changeHandle": _mutation("changeHandle", 'handle: "fresh"', "user { avatar { id } }"),
    "setVerified": _mutation("setVerified", 'userId: $author, isVerified: true, reason: "x"', "user { ...U }"),
    "setAccountRole": _mutation(
        "setAccountRole", 'userId: $author, role: ADMIN, reason: "x"', "record { id user { id } }"
    ),
    "updatePrivacySettings": _mutation(
        "updatePrivacySettings", "hideLikeCounts: true", "privacySettings { id comments mentions tags }"
    ),
    "updateAccount": _mutation("updateAccount", 'language: "pt"', "account { id }"),
    "deactivateAccount": _mutation("deactivateAccount", "", "account { id }"),
    "requestAccountDeletion": _mutation("requestAccountDeletion", "", "account { id }"),
    "cancelAccountDeletion": _mutation("cancelAccountDeletion", "", "account { id }"),
    "signUp": _mutation(
        "signUp",
        'email: "eva@example.org", handle: "eva", password: "violet harbour 41 lamps"',
        "viewer { id } session { id }",
    ),
    "changePassword": _mutation(
        "changePassword", 'currentPassword: "violet", newPassword: "violet harbour 41 lamps"', "account { id }"
    ),
    "requestEmailVerification": _mutation("requestEmailVerification", 'email: "fay@example.org"', "account { id }"),
    "logIn": _mutation("logIn", 'identifier: "eva", password: "violet harbour"', "viewer { id } session { id }"),
    "completeLogIn": _mutation(
        "completeLogIn", 'challengeToken: "none", code: {totp: "123456"}', "viewer { id } session { id }"
    ),
    "confirmTotpSetup": _mutation("confirmTotpSetup", 'totp: "123456"', "account { id }"),
    "disableTotp": _mutation("disableTotp", 'code: {totp: "123456"}', "account { id }"),
    "completeProviderLogIn": _mutation(
        "completeProviderLogIn", 'state: "none", authorizationCode: "none"', "viewer { id } session { id }"
    ),
    "unlinkProvider": _mutation("unlinkProvider", "linkedIdentityId: $author", "account { id }"),
    "confirmSmsSetup": _mutation("confirmSmsSetup", 'sms: "123456"', "account { id }"),
    "disableSms": _mutation("disableSms", 'code: {sms: "123456"}', "account { id }"),
    "refreshSession": _mutation("refreshSession", 'refreshToken: "none"', "session { id }"),
}

ROWS = READS | WRITES

ELSEWHERE = {
    "SessionStartedEvent.session": "tests/realtime/test_account_events.py",
    "AccountChangedEvent.viewer": "tests/realtime/test_account_events.py",
    "HomeFeedHint.authors": "tests/api/test_home_feed.py",
    "PostEngagementEvent.post": "tests/realtime/test_post_events.py",
    "PostUpdatedEvent.post": "tests/realtime/test_post_events.py",
    "UploadProgressEvent.upload": "tests/realtime/test_media_events.py",
    "UploadFinishedEvent.upload": "tests/realtime/test_media_events.py",
}
"""Paths that need a look or a socket of their own, and the tests that walk them."""

VARIABLES = {
    "post": "ID!",
    "ids": "[ID!]!",
    "url": "URL!",
    "code": "String!",
    "comment": "ID!",
    "author": "ID!",
    "upload": "ID!",
    "fan": "ID!",
    "media": "ID!",
}


def document(row: Row) -> str:
    """The operation with its fragments and no more variables than it uses."""
    used = ", ".join(f"${name}: {kind}" for name, kind in VARIABLES.items() if f"${name}" in row.selection)
    return f"{row.operation} {f'({used})' if used else ''} {{ {row.selection} }} {_fragments(row.selection)}"


def _fragments(selection: str) -> str:
    """The fragments that a selection uses, those within fragments, too."""
    parts = {each.split()[0]: each for each in FRAGMENTS.split("fragment ")[1:]}
    used: list[str] = []
    pending = [selection]
    while pending:
        text = pending.pop()
        for name, part in parts.items():
            if f"...{name} " in text and name not in used:
                used.append(name)
                pending.append(part)
    return " ".join(f"fragment {parts[name]}" for name in used)
