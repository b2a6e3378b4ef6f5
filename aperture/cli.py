"""The command line: `aperture serve`, `aperture worker`, and what an operator does now and then."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from aperture import dev as development
from aperture import migrate as migrations
from aperture.children import CannotStart

main = typer.Typer(
    name="aperture",
    help="A photo and video network behind one GraphQL API. Configured by environment variables: docs/operate.md.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

_errors = Console(stderr=True, highlight=False, soft_wrap=True)


@main.command()
def migrate() -> None:
    """Bring the tables of DATABASE_URL up to date."""
    migrations.upgrade()


@main.command()
def dev(
    port: Annotated[int, typer.Option(help="Where the API answers.")] = 8000,
    reset: Annotated[bool, typer.Option("--reset", help="Delete all data of this checkout and begin anew.")] = False,  # noqa: FBT002 - a switch
    folder: Annotated[Path, typer.Option(help="Where the state is kept.")] = Path(".aperture"),
) -> None:
    """Start everything on this machine: databases, a small world, API, worker."""
    try:
        development.run(folder.absolute(), port, reset=reset)
    except CannotStart as error:
        _errors.print(f"[bold red]Not started.[/] {error}", markup=True)
        raise typer.Exit(1) from error
