"""What a process may see and change, as plain paths: the same at every level of isolation.

A run sees the system's programs and libraries, the interpreter with its environment, what `share:` names, and its own
folder. It does not see the user's home, the repository, the ledger, or another run. How far a level keeps that is the
level's to say.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from overnight.model import Slot, Split
from overnight.program.program import Program

SYSTEM = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/nix/store", "/gnu/store"),
    *("/run/current-system", "/run/opengl-driver", "/System", "/Library", "/private/var/db/dyld"),
    "/sys/devices",
)
CONFIGURATION = (  # of /etc what programs need to start; the rest may hold passwords
    *("alternatives", "ssl/certs", "ssl/openssl.cnf", "pki/tls/certs", "pki/ca-trust", "ca-certificates"),
    *("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "timezone", "locale.alias", "terminfo", "fonts"),
    *("nsswitch.conf", "protocols", "services", "hosts", "host.conf", "gai.conf", "mime.types", "magic"),
    *("OpenCL", "vulkan", "nvidia", "os-release", "debian_version", "crypto-policies", "static"),
)
LIBRARIES = ("LD_LIBRARY_PATH", "CUDA_HOME")  # variables that name folders


@dataclass(frozen=True, slots=True)
class Walls:
    """What a process may see. What is not named does not exist inside, as far as the level can do that."""

    read: tuple[str, ...] = ()  # absolute paths, read-only; missing ones are skipped
    write: tuple[str, ...] = ()  # absolute paths, writable: the run's own folder
    hide: tuple[str, ...] = ()  # absolute paths below a readable one that must not be readable inside
    sockets: tuple[str, ...] = ()  # unix sockets shared in (the seam for a service beside a run)
    network: bool = False
    mute: bool = False  # it knows what others must not: it takes no locks on files, which others could see
    gpu: str | None = None  # CUDA_VISIBLE_DEVICES of the slot; its device nodes and the CUDA libraries are readable


def run_walls(
    program: Program,
    root: Path,
    tree: Path,
    home: Path,
    tmp: Path,
    python: Path | None,
    slot: Slot,
    environ: Mapping[str, str],
) -> Walls:
    """Of a run in `tree`: the folder above it, which holds `home` and `tmp` too, is its own."""
    user_home = Path(environ.get("HOME", "/"))
    named = tuple(environ.get(name, "") for name in ("PATH", *LIBRARIES))
    private = (str(user_home), str(root))
    tools = _tools(python, named, environ.get("HOME"), private)
    if any(within(str(tree), folder) for folder in tools):
        tools = _tools(python, named, environ.get("HOME"), (*private, str(tree)))
    seen = (*system(), *tools, *map(str, shares(program, root, user_home)))
    return Walls(
        read=tuple(dict.fromkeys(path for path in seen if os.path.isabs(path) and os.access(path, os.R_OK))),
        write=tuple(dict.fromkeys(str(folder) for folder in (tree.parent, home.parent, tmp.parent))),
        hide=tuple(str(base / path) for path in hidden(program, tuple(Split)) for base in (root, tree)),
        network=program.network,
        gpu=slot.gpu,
    )


@cache
def system() -> tuple[str, ...]:
    """What every program needs, as far as it is here. An empty folder is left out: each mount takes time."""
    named = (*SYSTEM, *(f"/etc/{name}" for name in CONFIGURATION))
    there = (path for path in named if os.access(path, os.R_OK))
    return tuple(path for path in there if not os.path.isdir(path) or os.listdir(path))


def shares(program: Program, root: Path, user_home: Path) -> Iterator[Path]:
    """Where the files are that `share:` links into a run."""
    for path in program.share:
        yield user_home / path[2:] if path.startswith("~/") else root / path


def hidden(program: Program, splits: Iterable[Split]) -> list[str]:
    """What `hidden:` names, for these splits."""
    names = [path.replace("{split}", split) for path in program.hidden for split in splits]
    return list(dict.fromkeys(names))


@lru_cache(maxsize=64)  # a night asks the same for every run
def _tools(python: Path | None, named: tuple[str, ...], home: str | None, private: tuple[str, ...]) -> tuple[str, ...]:
    """Folders of programs and libraries outside the system's. `named`: PATH, and the variables for libraries."""
    path, *libraries = named
    interpreter = python or Path(shutil.which("python", path=path or os.defpath) or "/usr/bin/python3")
    found = [folder for prefix in _prefixes(interpreter) for folder in _without(prefix, private)]
    if home is not None:
        found += [Path(home, ".local", name) for name in ("bin", "lib")]
    folders = map(Path, os.pathsep.join([path or os.defpath, *libraries]).split(os.pathsep))
    return tuple(map(str, [*found, *(folder for folder in folders if not _holds(folder, private))]))


def _prefixes(interpreter: Path) -> Iterator[Path]:
    """The environment that the interpreter is in, and those that it leads to, link by link."""
    for _ in range(10):
        yield interpreter.parent.parent
        if not interpreter.is_symlink():
            break
        interpreter = Path(os.path.normpath(interpreter.parent / interpreter.readlink()))
    yield interpreter.resolve().parent.parent


def _without(prefix: Path, private: tuple[str, ...]) -> Iterator[Path]:
    """A prefix that holds somebody's files too, such as `/` or the home, gives only its programs and libraries."""
    if _holds(prefix, private):
        yield from (prefix / name for name in ("bin", "lib", "lib64", "include") if prefix != Path("/"))
    else:
        yield prefix


def _holds(folder: Path, private: tuple[str, ...]) -> bool:
    return any(within(path, str(folder)) for path in private)


def within(path: str, folder: str) -> bool:
    """By their names alone."""
    outer = parts(folder)
    return parts(path)[: len(outer)] == outer


@lru_cache(maxsize=4096)  # every run asks the same of the same, and pathlib would take ten milliseconds for it
def parts(path: str) -> tuple[str, ...]:
    return tuple(part for part in path.split("/") if part not in ("", "."))
