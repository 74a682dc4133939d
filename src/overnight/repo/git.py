"""git, called as a program: short calls, and long-lived children for what an experiment needs many times.

Promises: no hook, alias, pager, editor, prompt, file system monitor, automatic gc or network transport is ever
started; of the caller's GIT_* variables only those pass that say where the repository is or who the user is. Every
call may come from any thread. Children inherit `pass_fds`, so that a lock is held until the last of them is gone;
they end when we close or die (end of file on their input), and one that has died is started again.

Not covered: `git status` runs the clean filters that the user has configured, as it does when the user types it. What
is written survives a kill at any moment; a power cut it survives as far as the user's `core.fsync` says.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache, cached_property
from pathlib import Path
from typing import IO, TypeVar

from overnight.errors import GitError
from overnight.repo.loose import Loose
from overnight.repo.objects import Object, Tree, format_tree, parse_tree

Answer = TypeVar("Answer")

PASSED = {
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES"),
    *("GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM"),
    *("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"),
}
QUIET = {
    "LC_ALL": "C",
    "GIT_OPTIONAL_LOCKS": "0",  # `status` must not rewrite the user's index
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",  # an id must mean the same on every machine
    "GIT_NO_LAZY_FETCH": "1",  # offline, where git knows it (2.45, 2.39.4); the next line is for all others
    "GIT_ALLOW_PROTOCOL": "none",
}
SETTINGS = ("core.hooksPath=/dev/null", "core.fsmonitor=false", "gc.auto=0", "maintenance.auto=false")

FIXED = re.compile(r"[0-9a-f]{40,64}(\^\{tree\})?\Z")  # names that stand for the same for ever
KNOWN, WORTH_KNOWING = 128, 256 * 1024  # so many objects, of at most so many bytes

ANSWERS_AT_ONCE = (2, 34)  # before, `update-ref --stdin` kept its answers to itself until its end


def quiet_environment(env: Mapping[str, str]) -> dict[str, str]:
    return {k: v for k, v in env.items() if not k.startswith("GIT_") or k in PASSED} | QUIET


class Git:
    """git in one repository."""

    def __init__(self, cwd: Path, env: Mapping[str, str], pass_fds: Sequence[int] = ()) -> None:
        self.cwd, self.env, self.pass_fds = cwd, env, tuple(pass_fds)
        self._children: dict[tuple[str, ...], _Child] = {}
        self._known: dict[str, Object] = {}  # the latest that were asked for: the same few are, again and again
        self._lock = threading.Lock()

    def run(self, *args: str, stdin: bytes = b"") -> bytes:
        """One short call. Raises GitError with git's own words when it fails."""
        done = self.call(*args, stdin=stdin)
        if done.returncode:
            raise GitError(f"git {args[0]} failed: {os.fsdecode(done.stderr).strip() or done.returncode}")
        return done.stdout

    def call(self, *args: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """One short call, whatever its exit code."""
        return subprocess.run(
            _argv(args),
            cwd=self.cwd,
            env=self.env,
            pass_fds=self.pass_fds,
            input=stdin,
            capture_output=True,
            check=False,
            start_new_session=True,  # Ctrl-C is for us: git must not die of it half-way
        )

    def find(self, name: str) -> Object | None:
        """What `name` (an id, `HEAD`, `ID^{tree}`) stands for; None where there is no such thing."""
        if known := self._known.get(name):
            return known
        found = self._ask(("cat-file", "--batch"), os.fsencode(name) + b"\n", _read_object)
        if found and FIXED.match(name):
            self._remember(name, found)
        return found

    def get(self, name: str) -> Object:
        """As `find`, for what must be there."""
        if found := self.find(name):
            return found
        raise GitError(
            f"git has no object {name} here. A partial clone lacks some, and none is fetched: clone it whole."
        )

    def tree(self, name: str) -> Tree:
        return parse_tree(self.get(name))

    def add(self, kind: str, data: bytes) -> str:
        """Stores an object, byte for byte: no filter, no line-ending conversion."""
        if not self._loose:
            return self.run("hash-object", "-w", "-t", kind, "--stdin", stdin=data).decode().strip()
        oid = self._loose.add(kind, data)
        self._remember(oid, Object(oid, kind, data))
        if kind == "commit" and (tree := self._known.get(data[5 : 5 + len(oid)].decode())):
            self._remember(f"{oid}^{{tree}}", tree)
        return oid

    def add_tree(self, tree: Tree) -> str:
        return self.add("tree", format_tree(tree))

    def _remember(self, name: str, found: Object) -> None:
        if len(found.data) <= WORTH_KNOWING:
            with self._lock:
                self._known[name] = found
                while len(self._known) > KNOWN:
                    del self._known[next(iter(self._known))]

    @cached_property
    def _loose(self) -> Loose | None:
        asked = self.call("config", "--get-regexp", r"^core\.(fsync|fsyncobjectfiles|sharedrepository)$").stdout
        told = self.run("rev-parse", "--show-object-format", "--git-path", "objects").decode()
        algorithm, _, folder = told.removesuffix("\n").partition("\n")
        return None if asked else Loose(self.cwd / folder, algorithm)

    def change_refs(self, *commands: str) -> None:
        """Lines for `git update-ref --stdin`, such as `update REF NEW OLD`, as one transaction. GitError where git
        refuses: then nothing has changed."""
        lines = "".join(f"{command}\n" for command in commands)
        words = ("update-ref", "--no-deref", "-m", "overnight", "--stdin")
        if _version() < ANSWERS_AT_ONCE:
            self.run(*words, stdin=lines.encode())
        else:
            self._ask(words, f"start\n{lines}prepare\ncommit\n".encode(), _read_committed)

    def close(self) -> None:
        with self._lock:
            while self._children:
                self._children.popitem()[1].close()

    def _ask(self, args: tuple[str, ...], request: bytes, read: Callable[[IO[bytes]], Answer]) -> Answer:
        """Asks again once, of a new process, if the first one dies: every request may be repeated."""
        with self._lock:
            for _ in range(2):
                child = self._children.pop(args, None) or _Child(self, args)
                try:
                    with suppress(BrokenPipeError, EOFError):
                        answer = child.ask(request, read)
                        self._children[args] = child
                        return answer
                finally:
                    if args not in self._children:  # it died, or Ctrl-C left an answer unread in it
                        said = child.close()
            raise GitError(f"git {args[0]} ended without an answer: {said or 'it said nothing'}")


class _Child:
    """One git process that answers request after request."""

    def __init__(self, git: Git, args: tuple[str, ...]) -> None:
        self.stderr = tempfile.TemporaryFile()  # noqa: SIM115  a pipe that nobody reads would fill up
        self.process = subprocess.Popen(
            _argv(args),
            cwd=git.cwd,
            env=git.env,
            pass_fds=git.pass_fds,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.stderr,
            start_new_session=True,
        )

    def ask(self, request: bytes, read: Callable[[IO[bytes]], Answer]) -> Answer:
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(request)
        stdin.flush()
        return read(stdout)

    def close(self) -> str:
        """Ends the process; gives back what it had to say."""
        with self.stderr:
            self.process.communicate()
            self.stderr.seek(0)
            return os.fsdecode(self.stderr.read()).strip()


@cache
def _version() -> tuple[int, ...]:
    said = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(int(number) for number in re.findall(r"\d+", said)[:2])


def _argv(args: Sequence[str]) -> list[str]:
    return ["git", "--no-pager", *(word for setting in SETTINGS for word in ("-c", setting)), *args]


def _read_line(stdout: IO[bytes]) -> str:
    line = stdout.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    return line[:-1].decode()


def _read_committed(stdout: IO[bytes]) -> None:
    while _read_line(stdout) != "commit: ok":
        pass


def _read_object(stdout: IO[bytes]) -> Object | None:
    words = _read_line(stdout).split(" ")
    if words[-1] in ("missing", "ambiguous"):
        return None
    oid, kind, size = words
    data = stdout.read(int(size) + 1)
    if len(data) <= int(size):
        raise EOFError
    return Object(oid, kind, data[:-1])
