"""Rows of guarded tables pass one door, `services/visibility/`; what is read around it says why."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.scan import DOOR, unguarded_reads
from tests.architecture.tree import Module, called, dotted, imported, modules

GRAPH = ("resolvers", "subscriptions", "schema")
TYPES_OF_THE_DOOR = ("services.visibility.rows.", "services.visibility.rules.", "services.visibility.witness.")
RUN_STATEMENTS = {"execute", "all", "rows", "first", "scalar", "scalars"}
END_IN_IDS = ("page", "find", "fetch")
# The log holds names of events and ids alone.
LOG = "services.event_log"

HEAD = """
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import aliased
from models import auth as tables
from models.media import Media, Upload
from models.posts import Post
from models.profiles import User

"""

CAUGHT = {
    "statement = select(Post).where(Post.id == 1)": "reads whole rows of posts",
    "statement = select(Post.id, User)": "reads whole rows of users",
    "row = session.get(Post, 1)": "reads whole rows of posts",
    "statement = update(Post).values(status='DRAFT').returning(Post)": "reads whole rows of posts",
    "other = aliased(Post)\nstatement = select(other)": "reads whole rows of posts",
    "statement = select(Post.__table__)": "reads whole rows of posts",
    "statement = select(func.to_jsonb(Post))": "reads whole rows of posts",
    "statement = select(tables.Session)": "reads whole rows of sessions",
    "_SHOWN = (Post.id, Post.caption)": "reads posts.caption",
    "statement = select(Post.caption.label('words'))": "reads posts.caption",
    "statement = update(Post).returning(Post.id, Post.caption)": "reads posts.caption",
    "row = db.scalar(statement=select(Post.caption))": "reads posts.caption",
    "statement = text('select * from posts where id = :id')": "reads whole rows of posts",
    "statement = text('select p.* from posts p')": "reads whole rows of posts",
    "statement = text('select p.id, p.caption from posts p')": "reads posts.caption",
    "statement = text('select to_jsonb(m) from media m')": "reads whole rows of media",
    "statement = text('select id from (select id, caption from posts) some')": "reads posts.caption",
    "statement = text('with some as (select * from users) select id from some')": "reads whole rows of users",
    "statement = text('delete from posts where id = :id returning *')": "reads whole rows of posts",
    "FROM = 'from posts'\nstatement = text(f'select caption {FROM}')": "reads posts.caption",
    "statement = text('select ' + 'bio from users')": "reads users.bio",
    "FROM: Final = 'from users'\nstatement = text(f'select bio {FROM}')": "reads users.bio",
    "statement = text('select bio from users where id = %s' % name)": "reads users.bio",
    "statement = text('select bio from users where {}'.format(condition))": "reads users.bio",
    "statement = text('table posts')": "reads whole rows of posts",
    "statement = text('SELECT * FROM posts')": "reads whole rows of posts",
    "statement = text(f'select {columns} from posts')": "brings unknown columns out of posts",
    "statement = text('select id, from posts where (')": "cannot be read, and names posts",
    "statement = select(Post)  # unguarded:": "reads whole rows of posts",
    "statement = select(Post.id)  # unguarded: ids are free": "this reason excuses nothing",
}

FREE = [
    "statement = select(Post.id, Post.author_id, Post.status, Post.deleted_at)",
    "statement = select(Post.id).where(Post.caption.is_not(None), func.length(Post.caption) > 9).order_by(Post.kind)",
    "statement = select(Media.id).join(Upload, Upload.id == Media.id).with_for_update(of=Media)",
    "statement = update(Upload).values(received_bytes=Upload.byte_size).returning(Upload.id)",
    "async def make(post: Post) -> Post | None: ...",
    "statement = text('select p.id, count(*) from posts p where p.caption is not null group by p.id')",
    "statement = text('select name from places where name in (select caption from places)')",
    'message = \'Select a picture from posts of yours.\'\n"""select * from posts"""',
    "# unguarded: the owner's own,\n# as a table\n_OWN = (\n    Post.caption,\n)",
    "statement = text('select * from posts')  # unguarded: the system counts words",
]


def in_a_service(folder: Path, code: str) -> list[str]:
    (folder / "services").mkdir()
    (folder / "services" / "sample.py").write_text(HEAD + code + "\n", encoding="utf-8")
    return [each.partition(": ")[2] for each in unguarded_reads(folder)]


def test_nothing_reads_guarded_rows_around_the_door() -> None:
    assert unguarded_reads() == []


@pytest.mark.parametrize("code", CAUGHT)
def test_a_read_around_the_door_is_found(code: str, tmp_path: Path) -> None:
    assert in_a_service(tmp_path, code) == [CAUGHT[code]]


@pytest.mark.parametrize("code", FREE)
def test_ids_conditions_and_excused_reads_are_free(code: str, tmp_path: Path) -> None:
    assert in_a_service(tmp_path, code) == []


def test_visible_types_are_made_in_the_door_alone() -> None:
    found = modules()
    types = {name for module in found for name in new_types(module) if name.startswith("Visible")}

    assert len(types) >= 5
    assert [
        f"{module.path}: {name}"
        for module in found
        if not module.path.startswith(DOOR)
        for node in module.nodes
        for name in (*new_types(module, node), *made(node))
        if name in types
    ] == []


def test_who_goes_around_a_loader_or_makes_a_visible_type_is_found() -> None:
    code = "rows = db.all(x), posts.posts(db, v), posts.page(db, v), VisiblePost(row), cast('VisibleUser', row)"
    module = Module("schema/sample.py", code)

    assert list(reads(module)) == ["db.all", "posts.posts"]
    assert {"VisiblePost", "VisibleUser"} <= {name for node in module.nodes for name in made(node)}


def test_the_graph_knows_the_doors_types_but_not_its_functions() -> None:
    assert [
        f"{module.path}: {full}"
        for module in modules(rooms=GRAPH)
        for full in imported(module).values()
        if full.startswith("services.visibility") and not full.startswith(TYPES_OF_THE_DOOR)
    ] == []


def test_the_graph_reads_lists_of_ids_and_leaves_rows_to_loaders() -> None:
    assert [f"{module.path}: {name}" for module in modules(rooms=GRAPH) for name in reads(module)] == []


def new_types(module: Module, *nodes: ast.AST) -> Iterator[str]:
    for node in nodes or module.nodes:
        if isinstance(node, ast.Assign) and called(node.value) == "NewType":
            yield dotted(node.targets[0])


def made(node: ast.AST) -> Iterator[str]:
    """The type that a call makes something into."""
    yield called(node)
    if isinstance(node, ast.Call) and called(node) == "cast":
        type_ = node.args[0]
        yield str(type_.value) if isinstance(type_, ast.Constant) else dotted(type_)


def reads(module: Module) -> Iterator[str]:
    """What is asked on a connection, unless it ends in ids."""
    names = imported(module)
    for node in module.nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner, verb = dotted(node.func.value), node.func.attr
            if owner in {"db", "tx", "read"} and verb in RUN_STATEMENTS:
                yield f"{owner}.{verb}"
            is_asked = bool(node.args) and dotted(node.args[0]) == "db"
            if is_asked and names.get(owner) != LOG and not verb.startswith(END_IN_IDS):
                yield f"{owner}.{verb}"
