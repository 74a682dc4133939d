"""A lab as a folder of one's own to run a night in: copied, made a repository, and prepared."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import click

from overnight.errors import OvernightError, UsageError
from overnight.measure.environment import Room, furnish
from overnight.model import Split
from overnight.program.front import front_settings, split
from overnight.program.read import load
from overnight.repo.git import Git, quiet_environment
from overnight.show.paint import printable

MARK = "overnight-demo"  # in a demo's .git: which lab it is
NEEDS = {"gpt": "torch"}
GET = "pip install torch, or install overnight as 'overnight[gpt]'"


def labs_folder() -> Path:
    """Beside the package where it is installed, at the top of the source tree where it is not."""
    here = Path(__file__).parents[1]
    return here / "labs" if (here / "labs").is_dir() else here.parents[1] / "labs"


def labs() -> list[str]:
    return sorted(path.parent.name for path in labs_folder().glob("*/program.md"))


def lab_folder(name: str) -> Path:
    if name not in labs():
        raise UsageError(f"there is no lab {name!r}: there is {', '.join(labs())}")
    return labs_folder() / name


def choose(lab: str | None, find: Callable[[str], object] = find_spec) -> tuple[str, str]:
    """Which lab, and a line to say about that: the best that this Python can run, if nobody says."""
    if lab in NEEDS and not find(NEEDS[lab]):
        raise UsageError(f"the lab {lab} needs {NEEDS[lab]}: {GET}. One that does not: overnight demo ngram")
    if lab:
        return lab, ""
    if "gpt" not in labs() or find(NEEDS["gpt"]):
        return ("gpt" if "gpt" in labs() else "ngram"), ""
    return "ngram", f"This is the lab ngram, which needs no torch. For the lab gpt: {GET}"


def is_demo(folder: Path, lab: str) -> bool:
    """An earlier demo of this lab goes on; anything else that is there is somebody's."""
    mark = folder / ".git" / MARK
    if mark.is_file() and mark.read_text() == lab:
        return True
    if folder.is_dir() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty and is no earlier demo of {lab}: name another folder with --into")
    return False


def copy(source: Path, folder: Path, lab: str) -> None:
    """The task as a repository of one commit. It appears whole or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".overnight-") as made:
        new = Path(made) / "demo"
        shutil.copytree(source, new, ignore=shutil.ignore_patterns("__pycache__", *_ignored(source)))
        git = Git(new, quiet_environment(os.environ))
        git.run("init", "--quiet")
        known = git.call("-c", "user.useConfigOnly=true", "var", "GIT_COMMITTER_IDENT").returncode == 0
        who = () if known else ("-c", "user.name=Overnight", "-c", "user.email=overnight@localhost")
        git.run("add", "--all")
        git.run("-c", "commit.gpgSign=false", *who, "commit", "--quiet", "--message", f"The {lab} lab as it comes")
        (new / ".git" / MARK).write_text(lab)
        new.rename(folder)


def prepare(folder: Path) -> None:
    """Runs `prepare:` of the program.md in this folder, unless what it makes is there. A program whose hidden files are
    missing cannot be read as a whole, and so it is the front matter alone that is asked."""
    path = folder / "program.md"
    said = front_settings(path, split(path, load(path)).front)
    commands = [setting.value for setting in said if setting.key == "prepare"]
    paths = [setting.value for setting in said if setting.key in ("share", "hidden") and setting.value is not None]
    makes = [folder / Path(each.replace("{split}", name)).expanduser() for each in paths for name in Split]
    if not commands or all(made.exists() for made in makes):
        return
    click.echo(f"First the data, once: {commands[0]}")
    code = _told(commands[0], folder)
    missing = next((made for made in makes if not made.exists()), None)
    if code or missing:
        ended = f"ended with exit code {code}" if code else f"ended well, but did not make {missing}"
        raise OvernightError(
            f"`{commands[0]}` in {folder} {ended}: what it says is above. When that is mended, the same command goes on"
        )


def _ignored(source: Path) -> Sequence[str]:
    """What the lab's own .gitignore names, and somebody who worked in the lab has left there."""
    ignore = source / ".gitignore"
    return [line.strip().strip("/") for line in ignore.read_text().splitlines()] if ignore.is_file() else []


def _told(command: str, folder: Path) -> int:
    """Runs it with the Python that runs us, and passes on what it says. Whatever ends us ends it."""
    scratch = tempfile.TemporaryDirectory(prefix="overnight-")
    with scratch as path, _started(command, folder, _environment(Path(path))) as child:
        assert child.stdout is not None
        for line in child.stdout:
            click.echo(f"  {printable(line.rstrip())}")
        return child.wait()


def _environment(scratch: Path) -> Mapping[str, str]:
    room, python = Room.below(scratch), Path(sys.executable)
    furnish(room, python)
    path = os.pathsep.join([str(room.bin), str(python.parent), os.environ.get("PATH", os.defpath)])
    return {**os.environ, "PATH": path, "PYTHONUNBUFFERED": "1"}


@contextmanager
def _started(command: str, folder: Path, env: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """As a process group, so that a Ctrl-C leaves nothing of it behind."""
    child = subprocess.Popen(
        command,
        shell=True,
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    with child:
        try:
            yield child
        finally:
            if child.returncode is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
