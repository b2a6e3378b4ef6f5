"""The command line: `aperture serve`, `aperture worker`, and what an operator does now and then.

A command imports what it runs when it runs: the others would double the time each process takes to start.
"""

import asyncio
import json
from functools import partial
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.markup import escape

main = typer.Typer(
    name="aperture",
    help="A photo and video network behind one GraphQL API. Configured by environment variables: docs/operate.md.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
tasks = typer.Typer(help="Work that was left undone.", no_args_is_help=True)
admin = typer.Typer(help="Who runs this installation.", no_args_is_help=True)
contract = typer.Typer(help="The contract, schema.graphql.", no_args_is_help=True)
keys = typer.Typer(help="The keys that sign access tokens.", no_args_is_help=True)
documents = typer.Typer(help="Trusted documents: operations of known clients.", no_args_is_help=True)
main.add_typer(admin, name="admin")
main.add_typer(contract, name="schema")
main.add_typer(documents, name="documents")
main.add_typer(keys, name="keys")
main.add_typer(tasks, name="tasks")

_output = Console(highlight=False, soft_wrap=True)
_errors = Console(highlight=False, soft_wrap=True, stderr=True)
_LOCAL = "http://localhost:8000"


@main.command()
def serve() -> None:
    """Answer requests and sockets, until SIGTERM; any number of these may run."""
    from aperture.api import run
    from core.settings import settings

    run(settings())


@main.command()
def worker() -> None:
    """Do what follows from every write, until SIGTERM; any number of these may run."""
    from aperture.worker import run
    from core.settings import settings

    run(settings())


@main.command()
def migrate() -> None:
    """Bring the tables of DATABASE_URL up to date."""
    from aperture.migrate import upgrade

    upgrade()


@main.command()
def seed() -> None:
    """Fill an empty database with a small world whose passwords everybody knows; never in production."""
    from aperture.seed import seed as make
    from core import telemetry
    from core.settings import settings

    # The bars tell how it goes; a worker's remarks between them would break them.
    telemetry.configure("WARNING", shows_messages=True)
    if settings().environment == "production":
        _errors.print("This is a production environment: its people sign up themselves.")
        raise typer.Exit(1)
    make(settings())


@main.command()
def dev(
    port: Annotated[int, typer.Option(help="Where the API answers.")] = 8000,
    folder: Annotated[Path, typer.Option(help="Where the state is kept.")] = Path(".aperture"),
    *,
    reset: Annotated[bool, typer.Option("--reset", help="Delete all data of this checkout and begin anew.")] = False,
) -> None:
    """Start everything on this machine: databases, a small world, API, worker."""
    from aperture.children import CannotStart
    from aperture.dev import run
    from aperture.site import Site

    try:
        run(Site(folder.absolute(), port), reset=reset)
    except CannotStart as error:
        _errors.print("[bold red]Not started.[/]", escape(str(error)))
        raise typer.Exit(1) from error


@main.command()
def listen(
    operation: Annotated[str, typer.Argument(help="Such as 'subscription { homeFeedEvents { __typename } }'.")],
    url: Annotated[str, typer.Option(envvar="APERTURE_PUBLIC_URL", help="Where the API answers.")] = _LOCAL,
    token: Annotated[str | None, typer.Option(help="Access token of the person who listens.")] = None,
    variables: Annotated[
        dict[str, Any] | None, typer.Option(parser=json.loads, metavar="JSON", help="Variables of the operation.")
    ] = None,
    count: Annotated[int | None, typer.Option(help="End after so many events.")] = None,
    seconds: Annotated[float | None, typer.Option(help="End after this time; fail if `--count` did not come.")] = None,
) -> None:
    """Print the events of a subscription, one line of JSON each."""
    from aperture.listen import CannotListen, Subscription
    from aperture.listen import listen as begin

    tell, ready = typer.echo, partial(typer.echo, err=True)
    try:
        subscription = Subscription(url, token, operation, variables)
        told = asyncio.run(begin(subscription, tell, ready, count=count, seconds=seconds))
    except CannotListen as error:
        _errors.print(str(error), markup=False)
        raise typer.Exit(1) from error
    if count is not None and told < count:
        raise typer.Exit(1)


@contract.command("check")
def check_contract() -> None:
    """Print where contract and code differ; fail if they do."""
    from aperture.contract import check

    differences = check()
    for line in differences:
        _output.print(line, markup=False)
    if differences:
        raise typer.Exit(1)


@contract.command("diff")
def diff_contracts(
    old: Annotated[typer.FileText, typer.Argument(help="The contract before; `-` reads it from standard input.")],
) -> None:
    """Print what changed since another version, the gravest first; fail if a client could break."""
    from aperture.contract import Severity, diff
    from schema.contract import contract as current

    changes = diff(old.read(), current().text)
    for change in changes:
        _output.print(f"{change.severity:10} {change.text}", markup=False)
    if any(change.severity is Severity.BREAKING for change in changes):
        raise typer.Exit(1)


@documents.command("build")
def build_documents(
    folder: Annotated[Path, typer.Argument(help="Its *.graphql files are read, with those of all folders below.")],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Where to write; else standard output.")] = None,
) -> None:
    """Make the manifest that APERTURE_DOCUMENTS names: each operation by its hash, checked against the schema."""
    from aperture.documents import Documents
    from aperture.graphql import schema
    from aperture.manifest import CannotBuild, build

    try:
        texts = build(folder, Documents(schema._schema, allows_introspection=True))  # noqa: SLF001
    except CannotBuild as error:
        _errors.print(str(error), markup=False)
        raise typer.Exit(1) from error
    manifest = json.dumps(texts, indent=2, ensure_ascii=False)
    if output is None:
        typer.echo(manifest)
    else:
        output.write_text(manifest + "\n", "utf-8")
        _errors.print(f"{len(texts)} documents.")


@main.command("check-consistency")
def check_consistency() -> None:
    """Compare rows with counts, timelines and files; print each difference, and fail if there is one."""
    from aperture.operate import differences

    found = asyncio.run(differences())
    for line in found:
        _output.print(line, markup=False)
    _output.print(f"{len(found)} differences." if found else "Everything agrees.")
    if found:
        raise typer.Exit(1)


@main.command()
def probe(
    node: Annotated[str, typer.Option(help="Global id of a profile, post, comment or picture.")],
    handle: Annotated[str | None, typer.Option("--as", help="Whose eyes to use; left out, nobody's.")] = None,
) -> None:
    """Say whether somebody sees a thing, by which rule, along which paths; exit with 1 if not, 2 if it is unknown."""
    from aperture.probe.report import UnknownThing, report

    try:
        found = asyncio.run(report(handle, node))
    except UnknownThing as error:
        _errors.print(str(error), markup=False)
        raise typer.Exit(2) from error
    wall = found.verdict.wall
    _output.print("[bold green]Visible.[/]" if wall is None else f"[bold red]Not visible:[/] {wall}")
    for name, value in found.verdict.facts.items():
        _output.print(f"  {name}: {value}", markup=False)
    _output.print("Reached by:" if found.ways else "Reached by no path.")
    for way in found.ways:
        _output.print(f"  {way}", markup=False)
    if found.is_leak:
        _errors.print("[bold red]This is a leak:[/] it is reached although the rule hides it.")
    if wall is not None:
        raise typer.Exit(1)


@keys.command("list")
def list_keys() -> None:
    """List the keys that sign access tokens, and those whose tokens still count."""
    from aperture.operate import signing_keys

    for key in asyncio.run(signing_keys()):
        _output.print(f"{key.kid}  {key.state:7}  since {key.since:%Y-%m-%d %H:%M}", markup=False)


@keys.command("rotate")
def rotate_keys(
    *,
    at_once: Annotated[bool, typer.Option("--at-once", help="If one got out: no token counts any more.")] = False,
) -> None:
    """Make the key that signs next: a worker lets it sign in ten minutes, when everybody knows it."""
    from aperture import operate

    key = asyncio.run(operate.rotate_keys(at_once=at_once))
    _output.print(f"{key.kid} is {key.state}.", markup=False)


@admin.command("grant")
def grant_admin(handle: Annotated[str, typer.Argument(help="Whose handle it is.")]) -> None:
    """Make somebody administrator; they appoint all others."""
    from aperture.operate import make_administrator

    done = asyncio.run(make_administrator(handle))
    if done is None:
        _errors.print("Nobody has this handle.")
        raise typer.Exit(1)
    _output.print("Done." if done else "Nothing to do: they are administrator.")


@tasks.command("list")
def list_tasks() -> None:
    """List the tasks that failed in every try, the latest first."""
    from aperture.operate import dead_tasks

    for task in asyncio.run(dead_tasks()):
        _output.print(
            f"{task.id}  {task.dead_at:%Y-%m-%d %H:%M}  {task.consequence} of {task.event} {task.payload}", markup=False
        )
        _output.print(f"    after {task.tries} tries: {task.last_error}", markup=False)


@tasks.command("retry")
def retry_tasks(
    ids: Annotated[list[UUID] | None, typer.Argument(help="Ids from `aperture tasks list`.")] = None,
    *,
    dead: Annotated[bool, typer.Option("--dead", help="All that are dead.")] = False,
) -> None:
    """Give dead tasks all their tries again; the workers take them within seconds."""
    from aperture import operate

    chosen = [task.id for task in asyncio.run(operate.dead_tasks())] if dead else ids or []
    retried = asyncio.run(operate.retry_tasks(chosen))
    _output.print(f"{len(retried)} of {len(chosen)} will be tried again.")
    if len(retried) < len(chosen):
        raise typer.Exit(1)
