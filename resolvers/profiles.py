"""Finding people and changing one's own profile."""

from typing import Any

import strawberry
from strawberry import UNSET

from core.errors import Invalid
from core.ids import UploadId, UserId
from schema import nodes
from schema.context import Context
from schema.fields import root
from schema.lookups import UserLookup
from schema.mutation import mutation
from schema.profiles import (
    ChangeHandleInput,
    ChangeHandlePayload,
    ProfileLinkInput,
    UpdateProfileInput,
    UpdateProfilePayload,
    User,
)
from services import handles, profiles


@strawberry.type
class ProfileQueries:
    @root
    async def user(ctx: Context, *, by: UserLookup) -> User | None:
        if by.id:
            return await nodes.one_of(ctx, by.id.value, User)
        handle = by.handle.value if by.handle else ""
        async with ctx.loaders.scope.reading() as db:
            user_id = await handles.find(db, handle)
        return await nodes.one(ctx, UserId(user_id), User) if user_id else None


@strawberry.type
class ProfileMutations:
    @mutation
    async def update_profile(ctx: Context, *, input: UpdateProfileInput) -> UpdateProfilePayload:
        changes = _changes(input)
        await ctx.write(lambda tx: profiles.update_profile(tx, ctx.viewer, changes))
        return UpdateProfilePayload(user=await nodes.one(ctx, UserId(ctx.viewer.user_id), User))

    @mutation
    async def change_handle(ctx: Context, *, input: ChangeHandleInput) -> ChangeHandlePayload:
        await ctx.write(lambda tx: handles.change(tx, ctx.viewer, input.handle, ("input", "handle")))
        return ChangeHandlePayload(user=await nodes.one(ctx, UserId(ctx.viewer.user_id), User))


def _changes(input: UpdateProfileInput) -> dict[str, Any]:
    """What the input names; null and white space clear, except the name, which cannot be missing."""
    if input.display_name is not UNSET and not (input.display_name or "").strip():
        raise Invalid("REQUIRED", "A name is needed.", ("input", "displayName"))
    given = {
        "display_name": input.display_name,
        "bio": _words(input.bio),
        "pronouns": _words(input.pronouns),
        "links": _links(input.links) if input.links is not UNSET else UNSET,
        "avatar_upload_id": input.avatar_upload_id
        if input.avatar_upload_id in (None, UNSET)
        else UploadId.parse(input.avatar_upload_id),
    }
    return {name: value for name, value in given.items() if value is not UNSET}


def _words(given: str | None) -> str | None:
    """Words as they were given; UNSET stays UNSET, and nothing but white space is null."""
    return given if not isinstance(given, str) or given.strip() else None


def _links(links: list[ProfileLinkInput] | None) -> list[dict[str, str | None]]:
    for place, link in enumerate(links or ()):
        if not link.url.lower().startswith(("http://", "https://")):
            path = ("input", "links", str(place), "url")
            raise Invalid("BAD_FORMAT", "Only links with http and https are taken.", path)
    return [{"title": link.title or None, "url": link.url} for link in links or ()]
