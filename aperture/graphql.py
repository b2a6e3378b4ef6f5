"""The graph as it runs: every feature's root fields joined, and the contract bound to them."""

import strawberry
from strawberry.schema.config import StrawberryConfig

from resolvers.account_life import AccountLifeMutations
from resolvers.accounts import AccountMutations, AccountQueries
from resolvers.auth import AuthMutations
from resolvers.comments import CommentMutations, CommentQueries
from resolvers.emails import EmailMutations
from resolvers.follows import FollowMutations
from resolvers.likes import LikeMutations
from resolvers.media import MediaMutations
from resolvers.nodes import NodeQueries
from resolvers.operations import OperationQueries
from resolvers.passwords import PasswordMutations
from resolvers.posts import PostMutations, PostQueries
from resolvers.privacy import PrivacyMutations
from resolvers.profiles import ProfileMutations, ProfileQueries
from resolvers.providers import ProviderMutations, ProviderQueries
from resolvers.second_factors import PhoneMutations, SecondFactorMutations
from resolvers.server import ServerQueries
from resolvers.staff import StaffMutations, StaffQueries
from resolvers.stances import StanceMutations
from resolvers.suggestions import SuggestionMutations
from resolvers.tags import TagMutations
from schema import contract
from schema.account_events import AccountChangedEvent, SessionsRevokedEvent, SessionStartedEvent
from schema.errors import ERROR_TYPES
from schema.events import StreamResetEvent
from schema.feed import HomeFeedNewPostsEvent, HomeFeedStaleEvent
from schema.media_events import UploadFinishedEvent, UploadProgressEvent
from schema.post_events import PostEngagementEvent, PostRemovedEvent, PostUpdatedEvent
from schema.scalars import SCALARS
from schema.text import HashtagSegment, LinkSegment, MentionSegment, PlainSegment
from subscriptions.accounts import AccountSubscriptions
from subscriptions.feed import FeedSubscriptions
from subscriptions.media import MediaSubscriptions
from subscriptions.posts import PostSubscriptions


@strawberry.type
class Query(
    NodeQueries,
    AccountQueries,
    ProviderQueries,
    ProfileQueries,
    PostQueries,
    CommentQueries,
    StaffQueries,
    OperationQueries,
    ServerQueries,
):
    """All reads."""


@strawberry.type
class Mutation(
    AccountMutations,
    AccountLifeMutations,
    AuthMutations,
    SecondFactorMutations,
    PhoneMutations,
    ProviderMutations,
    PasswordMutations,
    EmailMutations,
    ProfileMutations,
    PrivacyMutations,
    FollowMutations,
    SuggestionMutations,
    StanceMutations,
    MediaMutations,
    PostMutations,
    TagMutations,
    LikeMutations,
    CommentMutations,
    StaffMutations,
):
    """All changes."""


@strawberry.type
class Subscription(AccountSubscriptions, FeedSubscriptions, PostSubscriptions, MediaSubscriptions):
    """All streams."""


# Types that fields name by their interface alone.
_BEHIND_INTERFACES = (
    *ERROR_TYPES,
    *(PlainSegment, MentionSegment, HashtagSegment, LinkSegment),
    *(PostEngagementEvent, PostUpdatedEvent, PostRemovedEvent),
    *(HomeFeedNewPostsEvent, HomeFeedStaleEvent),
    *(UploadProgressEvent, UploadFinishedEvent),
    *(SessionStartedEvent, SessionsRevokedEvent, AccountChangedEvent),
    StreamResetEvent,
)

schema = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    types=_BEHIND_INTERFACES,
    config=StrawberryConfig(scalar_map=SCALARS),
)
contract.bind(schema)
