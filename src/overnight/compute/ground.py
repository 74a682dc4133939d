"""Where an outpost stands on its node: folders that the posts of a node share, cores that are lent, and what a task
needs beside its files, made once.

Whoever shares takes turns by file locks, which end with the process that holds them.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from overnight.errors import OvernightError
from overnight.measure.environment import interpreter
from overnight.measure.files import remove
from overnight.program.program import Program
from overnight.repo.checkout import Pristine
from overnight.repo.clone import is_clone

TOLD = 2000  # characters of what a command said that has failed


class Errand(Protocol):
    @property
    def program(self) -> Program: ...
    @property
    def baseline(self) -> str: ...
    @property
    def root(self) -> str: ...
    @property
    def common_dir(self) -> str: ...
    @property
    def clone(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Lent:
    """Cores that no other post of this node has, until the files are closed."""

    cores: tuple[int, ...]
    held: tuple[IO[bytes], ...]


@dataclass(frozen=True, slots=True)
class Ground:
    cache: Path  # of this node
    home: Path  # of the clone's posts on it
    scratch: Path  # of one post
    token: str  # marks the processes of its runs
    lock: IO[bytes]  # held while the post lives

    @classmethod
    def of(cls, errand: Errand, token: str) -> Ground:
        cache = _cache()
        home = cache / f"{errand.clone}-{errand.baseline[:8]}"
        home.mkdir(parents=True, exist_ok=True)
        with _alone(home):
            _sweep(home)
            scratch = home / token
            scratch.mkdir()
            lock = (home / f"{token}.lock").open("wb")
            fcntl.flock(lock, fcntl.LOCK_EX)
        return cls(cache, home, scratch, token, lock)

    def settle(self, errand: Errand, pristine: Pristine, environ: Mapping[str, str]) -> Path:
        """Makes the baseline's files and, where the user's clone cannot be seen, a root; gives the root."""
        with _alone(self.home):
            pristine.checkout(errand.baseline, self.scratch / "first")
            remove(self.scratch / "first")
            if is_clone(Path(errand.common_dir), errand.clone):
                return Path(errand.root)
            root = self.home / "root"
            if not root.exists():
                part = self.home / "root.part"
                remove(part)
                pristine.checkout(errand.baseline, part)
                part.rename(root)
            if not (self.home / "prepared").exists():
                _prepare(errand.program, root, environ)
                (self.home / "prepared").touch()
            return root

    def leave(self) -> None:
        remove(self.scratch)
        self.lock.close()


def lend_cores(count: int, cores: Sequence[int], cache: Path) -> Lent:
    """None at all, which means that they are shared, where there are not so many left."""
    folder = cache / "cores"
    folder.mkdir(exist_ok=True)
    held: dict[int, IO[bytes]] = {}
    for core in cores:
        file = (folder / str(core)).open("wb")
        if len(held) < count and _locked(file):
            held[core] = file
        else:
            file.close()
    if len(held) == count:
        return Lent(tuple(held), tuple(held.values()))
    for unused in held.values():
        unused.close()
    return Lent((), ())


def _cache() -> Path:
    wanted = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser().absolute() / "overnight" / "nodes"
    try:
        wanted.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=wanted):
            pass
    except OSError:  # read-only, or no home at all
        wanted = Path(tempfile.gettempdir()) / f"overnight-{os.getuid()}" / "nodes"
        wanted.mkdir(parents=True, exist_ok=True)
    return wanted


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    with (home / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _sweep(home: Path) -> None:
    """What posts have left that were killed."""
    for path in home.glob("*.lock"):
        with path.open("wb") as file:
            if _locked(file):
                remove(path.with_suffix(""))
                path.unlink()


def _locked(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _prepare(program: Program, root: Path, environ: Mapping[str, str]) -> None:
    folder = root / program.folder
    locked = next((place for place in (folder, root) if (place / "uv.lock").is_file()), None)
    if locked and (program.python == "uv" or (program.python == "auto" and program.run.startswith("uv "))):
        uv = shutil.which("uv", path=environ.get("PATH"))
        if uv is None:
            raise OvernightError("python: uv: there is no uv on this node: pip install uv")
        _command([uv, "sync", "--frozen"], locked, environ)
    if program.prepare:
        python = interpreter(program, root, environ)
        path = os.pathsep.join([*([str(python.parent)] if python else []), environ.get("PATH", os.defpath)])
        _command(["/bin/sh", "-c", program.prepare], folder, {**environ, "PATH": path})


def _command(argv: Sequence[str], folder: Path, environ: Mapping[str, str]) -> None:
    done = subprocess.run(
        argv, cwd=folder, env=dict(environ), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = (done.stdout + done.stderr).strip()[-TOLD:]
        raise OvernightError(f"{argv[-1]} failed with exit code {done.returncode} on this node: {said}")
