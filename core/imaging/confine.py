"""What a process may use while it reads pictures of strangers; called first, before anything native is loaded."""

import ctypes
import math
import os
import resource
import signal
from dataclasses import dataclass

_NEW_NETWORK, _NEW_USER = 0x40000000, 0x10000000
_DEATH_SIGNAL, _NO_NEW_PRIVILEGES = 1, 38


@dataclass(frozen=True, slots=True)
class Limits:
    """What one child may use: bytes of address space and of a file, CPU seconds for a picture, pictures in its life."""

    # A WebP of 40 million pixels reserves 1.05 GB and touches half of it; any other picture asks for less.
    memory_bytes: int = 1_200_000_000
    file_bytes: int = 100_000_000
    open_files: int = 64
    cpu_seconds: int = 10
    pictures: int = 100


def confine(limits: Limits, parent: int) -> bool:
    """Limit this process for good, and end it when its parent ends; answers whether it is cut off from every network.

    Where the machine allows no network namespace, all other limits hold and the answer is False.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    is_offline = any(libc.unshare(flags) == 0 for flags in (_NEW_USER | _NEW_NETWORK, _NEW_NETWORK))
    libc.prctl(_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    if os.getppid() != parent:
        raise SystemExit
    for kind, most in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))
    most_cpu = limits.cpu_seconds * (limits.pictures + 1)
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, most_cpu))
    return is_offline


def allow_cpu(seconds: int) -> None:
    """Let the process use this many more CPU seconds, within what it was given for its whole life."""
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    used = math.ceil(usage.ru_utime + usage.ru_stime)
    resource.setrlimit(resource.RLIMIT_CPU, (min(used + seconds, most), most))
