"""Level 3: bubblewrap. What the walls do not name does not exist inside: files, processes, network, other runs.

Every namespace is new, no capability is left, and no further user namespace can be made, so that nothing is mounted:
for a coordinator that is root too, whose runs would else remount what they see. The run has its own /tmp, /dev/shm and
/proc. What it starts dies with bwrap's first process, and that with the supervisor. Not covered: bugs of the kernel,
what is left in a GPU's memory, timing. Needs bubblewrap 0.8 and user namespaces.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

from overnight.measure.process import Spec
from overnight.measure.sandbox import apart, seccomp
from overnight.measure.sandbox.devices import ABOUT, gpu_nodes
from overnight.measure.sandbox.walls import CONFIGURATION, Walls, parts, within
from overnight.model import Level

FLAGS = (
    *("--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"),
    *("--die-with-parent", "--new-session", "--cap-drop", "ALL", "--disable-userns"),
    *("--seccomp", "4", "--json-status-fd", "5", "--block-fd", "6"),  # where the supervisor puts them
)
CERTIFICATES = "/etc/ssl/certs"  # too many to copy, and good for nothing without a network
USER = 1000  # inside, where the coordinator is root
Mount = tuple[tuple[str, ...], tuple[str, ...]]
"""After the parts of its path, by which it sorts: what lies in something else must come later, or it is covered."""


class Bubblewrap:
    level = Level.NAMESPACE

    def __init__(self, scratch: Path) -> None:
        """Keeps a copy of what is harmless in /etc in `scratch`, since each mount costs every run time."""
        self._program = shutil.which("bwrap") or "bwrap"  # ours: not what a run's PATH would lead to
        self._ids = (USER, USER) if os.getuid() == 0 else (os.getuid(), os.getgid())
        self._etc = scratch / "etc"
        if not self._etc.exists():
            _copy_configuration(self._etc, *self._ids)
        self._filters = {mute: seccomp.program(mute=mute).hex() for mute in (False, True)}

    def confine(self, spec: Spec, walls: Walls) -> Spec:
        """The orders that runs have in common come first in the argv, for who starts it to carry them out ahead."""
        seen = _seen(walls)
        alike = [path for path in seen if self._lasts(path, walls)]
        own = self._own(spec, walls, [path for path in seen if path not in alike])
        network = () if walls.network else (apart.NETWORK,)
        ahead = (*network, *_devices(walls), *_sorted(self._common(alike)))
        refused = self._filters[walls.mute]
        flags = FLAGS if refused else tuple(flag for flag in FLAGS if flag not in ("--seccomp", "4"))
        ids = ("--uid", str(self._ids[0]), "--gid", str(self._ids[1]))
        argv = (self._program, *ahead, *flags, *ids, *_sorted(own), "--remount-ro", "/", "--chdir", spec.cwd, "--")
        return replace(spec, argv=(*argv, *spec.argv), cwd="/", nested=True, filter=refused)

    def _lasts(self, path: str, walls: Walls) -> bool:
        """Whether it is there in one run as in the next, with nothing of a run's around it."""
        of_a_run = (*walls.write, *walls.sockets, *walls.hide, "/tmp", "/proc", "/dev", str(self._etc.parents[1]))
        return not _below(of_a_run, path) and _straight(os.path.dirname(path))

    def _common(self, read: Iterable[str]) -> Iterator[Mount]:
        yield parts("/etc"), ("--ro-bind", str(self._etc), "/etc")
        yield parts("/var/tmp"), ("--symlink", "/tmp", "/var/tmp")
        for path in read:
            yield parts(path), _readable(path)

    def _own(self, spec: Spec, walls: Walls, read: Iterable[str]) -> Iterator[Mount]:
        for path in read:
            yield parts(path), _readable(path)
        for path in walls.write:
            yield parts(path), ("--bind-try", path, path)
        for path in walls.sockets:
            yield parts(path), ("--bind", path, path)
        for path in filter(os.path.lexists, walls.hide):
            yield parts(path), _covered(path)
        own = spec.env.get("TMPDIR", "")
        yield parts("/tmp"), ("--bind", own, "/tmp") if own in _below(walls.write, own) else ("--tmpfs", "/tmp")
        yield parts("/proc"), ("--proc", "/proc", "--remount-ro", "/proc")  # root's files in it stay root's
        size = ("--size", str(int(spec.memory_mb * 1e6))) if spec.memory_mb else ()
        yield parts("/dev/shm"), (*size, "--tmpfs", "/dev/shm")


@cache
def _straight(path: str) -> bool:
    """No link is on the way there."""
    return os.path.realpath(path) == path


def _seen(walls: Walls) -> list[str]:
    about = ABOUT if gpu_nodes(walls.gpu) else ()
    secure = (CERTIFICATES,) if walls.network and os.path.exists(CERTIFICATES) else ()
    read = [path for path in walls.read if not path.startswith("/etc/")]
    return _outermost((*read, *about, *secure), walls.write)


def _devices(walls: Walls) -> Iterator[str]:
    yield from ("--dev", "/dev")
    for node in gpu_nodes(walls.gpu):
        yield from ("--dev-bind", node, node)
    yield from ("--remount-ro", "/dev")


def _sorted(mounts: Iterable[Mount]) -> Iterator[str]:
    for _, mount in sorted(mounts):
        yield from mount


def _readable(path: str) -> tuple[str, ...]:
    """A link such as /bin stays one: it is cheaper than a mount, and programs that look see what they know."""
    if os.path.islink(path) and len(parts(path)) == 1:
        return ("--symlink", os.readlink(path), path)
    return ("--ro-bind-try", path, path)


def _covered(path: str) -> tuple[str, ...]:
    if os.path.isdir(path):
        return ("--tmpfs", path, "--remount-ro", path)
    return ("--ro-bind", "/dev/null", path)


def _outermost(paths: Iterable[str], write: tuple[str, ...]) -> list[str]:
    """Without what is seen already, since it lies in another one."""
    kept: list[str] = []
    for path in sorted(paths, key=parts):
        if not _below(kept, path) or _below(write, path):
            kept.append(path)
    return kept


def _below(folders: Iterable[str], path: str) -> list[str]:
    """The path, if it lies in one of the folders."""
    return [path] if path and any(within(path, folder) for folder in folders) else []


def _copy_configuration(etc: Path, user: int, group: int) -> None:
    etc.mkdir(parents=True)
    for source in (Path("/etc", name) for name in (*CONFIGURATION, "resolv.conf")):
        target = etc / source.relative_to("/etc")
        target.parent.mkdir(parents=True, exist_ok=True)
        if str(source) == CERTIFICATES:
            target.mkdir()
        elif source.is_dir() and not source.is_symlink():
            shutil.copytree(source, target, symlinks=True, ignore=_unreadable)
        elif os.access(source, os.R_OK):
            shutil.copyfile(source, target)
    (etc / "passwd").write_text(f"overnight:x:{user}:{group}::/:/bin/sh\n")
    (etc / "group").write_text(f"overnight:x:{group}:\n")


def _unreadable(folder: str, names: list[str]) -> list[str]:
    paths = {name: os.path.join(folder, name) for name in names}
    return [name for name, path in paths.items() if not (os.path.islink(path) or os.access(path, os.R_OK))]
