"""People tagged in pictures, as others may see them."""

from collections.abc import Mapping, Sequence

from sqlalchemy import ARRAY, Uuid, bindparam, text

from core.db import Read
from core.direct import Direct
from core.ids import MediaId
from core.viewer import Viewer
from services.visibility import profiles, relationships, rules
from services.visibility.rows import TagRow, VisibleTag

# A cluster reads the tags with the author, and only then joins them to the people's rows.
_TAGGED = """
    tagged as materialized (
        select t.author_id, t.media_id, t.person_id, t.position, t.x, t.y
        from unnest(:authors, :ids) as asked(author_id, id)
        join media_tags t on t.author_id = asked.author_id and t.media_id = asked.id
    )
"""
_IN = Direct(
    text(
        f"""
        with {_TAGGED}, {relationships.standing("in (select person_id from tagged)")}
        select {profiles.COLUMNS}, {relationships.COLUMNS},
            tagged.author_id, tagged.media_id, tagged.x as tag_x, tagged.y as tag_y
        from tagged join users u on u.id = tagged.person_id {profiles.AVATAR} {relationships.join("u.id")}
        order by tagged.position
        """  # noqa: S608 - constants
    ).bindparams(
        bindparam("viewer", type_=Uuid), bindparam("authors", type_=ARRAY(Uuid)), bindparam("ids", type_=ARRAY(Uuid))
    )
)


async def tags(db: Read, viewer: Viewer, ids: Sequence[MediaId]) -> Mapping[MediaId, tuple[VisibleTag, ...]]:
    """Whom the viewer may see tagged in pictures that the viewer was found to see: one statement for all of them."""
    if not ids:
        return {}
    asked = {"authors": [one.author_id for one in ids], "ids": [one.id for one in ids]}
    rows = await db.rows(_IN, {**asked, "viewer": relationships.asking(viewer)})
    stands = relationships.of_rows(viewer, ((row["user_id"], row) for row in rows))
    found: dict[MediaId, list[VisibleTag]] = {}
    for row in rows:
        relationship = stands[row["user_id"]]
        if rules.profile_wall(row["user_status"], relationship) is None:
            person = profiles.judge(row, relationship)
            if rules.tag_wall(person.access) is None:
                tag = VisibleTag(TagRow(person, row["tag_x"], row["tag_y"]))
                found.setdefault(MediaId(row["author_id"], row["media_id"]), []).append(tag)
    return {media_id: tuple(each) for media_id, each in found.items()}
