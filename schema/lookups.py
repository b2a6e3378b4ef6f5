"""How to find a thing: by exactly one of its names."""

import strawberry


@strawberry.input(one_of=True)
class UserLookup:
    id: strawberry.Maybe[strawberry.ID]
    handle: strawberry.Maybe[str]


@strawberry.input(one_of=True)
class PostLookup:
    id: strawberry.Maybe[strawberry.ID]
    shortcode: strawberry.Maybe[str]
