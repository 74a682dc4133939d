"""What of a run's walls is made before the run is there: an empty network, a /dev, and what all runs of a night see.
Bubblewrap would take four milliseconds for them while the run waits.

A supervisor goes apart, into mounts and a network of its own, and carries out there the first of the orders that
bubblewrap would get. Its one run inherits that, and no two share any. It never comes back: who has other orders, such
as to keep the machine's network, gets another supervisor. Who is not root goes as the owner of a user namespace; where
that may not mount, as on Ubuntu 24.04, nobody goes. What was not done bubblewrap does, as the argv of each run says.
It binds the whole, closes it, and takes from the run all that could change it. Standard library only: the warden
imports this.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import itertools
import os
import socket
import stat
import struct
from collections.abc import Callable, Iterator, Sequence

from overnight.measure.tree import write

NETWORK = "--unshare-net"
"""The first of the orders, where the run has no network."""

LAST = "--unshare-user"
"""What follows the orders in the argv of a run."""

PLACE = "/dev/pts"
"""Where they are carried out: over the machine's terminals, which no run sees."""

NODES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9), "tty": (5, 0)}
LINKS = {"fd": "/proc/self/fd", "core": "/proc/kcore", "ptmx": "pts/ptmx"} | {
    name: f"/proc/self/fd/{number}" for number, name in enumerate(("stdin", "stdout", "stderr"))
}
UNSEEN = ("/sys/fs/", "/sys/kernel/")  # no run sees what is mounted there; bubblewrap reads of each, for each mount

NEW_USERS, NEW_NETWORK, NEW_MOUNTS = 0x10000000, 0x40000000, 0x00020000  # unshare(2)
BIND, RECURSIVE, SLAVE, DETACH = 1 << 12, 1 << 14, 1 << 19, 2  # mount(2), umount2(2)
SET_ATTRIBUTES, AND_BELOW = 442, 0x8000  # mount_setattr(2)
READ_ONLY, NO_SETUID, NO_DEVICES, NO_PROGRAMS = 1, 2, 4, 8  # the same there and in mount(2)
GET_FLAGS, SET_FLAGS, UP = 0x8913, 0x8914, 0x1  # netdevice(7)
libc = ctypes.CDLL(None, use_errno=True)


def orders(argv: Sequence[str]) -> tuple[str, ...]:
    """Those of a run, which may be carried out ahead: what bubblewrap is told before LAST."""
    return tuple(argv[1 : argv.index(LAST)]) if LAST in argv else ()


def possible() -> bool:
    """Found by a child that tries, since there is no way back."""
    if not os.path.exists("/proc/self/ns/mnt"):
        return False
    if (pid := os.fork()) == 0:
        os._exit(PLACE not in go((NETWORK, "--dev", "/dev")))
    return os.waitpid(pid, 0)[1] == 0


def go(given: tuple[str, ...]) -> tuple[str, ...]:
    """Moves this process apart, for good. Gives the orders of its run: what is still to be done."""
    left = given
    with contextlib.suppress(OSError):
        if os.getuid():
            _own_users()
        if NETWORK in given:
            _unshare(NEW_NETWORK)
            _loopback()
            left = given[1:]
        _unshare(NEW_MOUNTS)
        _mount("", "/", SLAVE | RECURSIVE)
        _forget_the_unseen()
        _mount("tmpfs", PLACE, NO_SETUID, "mode=0755")
        for name, *words in _each(left):
            CARRIED_OUT.get(name, _bind)(*words)
        left = ("--dev-bind", PLACE, "/")
    return left


def inherited(argv: list[str], given: tuple[str, ...], left: tuple[str, ...]) -> list[str]:
    """The argv of a run, for a supervisor that has gone."""
    if orders(argv) != given:
        raise ValueError("who starts this run has prepared another one")
    if PLACE in left and not all(_is_still_there(*step) for step in _each(given)):
        left = given[given[0] == NETWORK :]
    return [argv[0], *left, *argv[1 + len(given) :]]


def _own_users() -> None:
    """In there this process may do all that root may; files and other processes see it as who it is."""
    user, group = os.getuid(), os.getgid()
    _unshare(NEW_USERS)
    for name, line in {"setgroups": "deny", "uid_map": f"{user} {user} 1", "gid_map": f"{group} {group} 1"}.items():
        write(f"/proc/self/{name}", line)


def _loopback() -> None:
    """Up, with the address that the kernel gives it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        name, flags = struct.unpack("16sh", fcntl.ioctl(asker, GET_FLAGS, struct.pack("16sh", b"lo", 0)))
        fcntl.ioctl(asker, SET_FLAGS, struct.pack("16sh", name, flags | UP))


def _forget_the_unseen() -> None:
    with open("/proc/self/mountinfo", errors="replace") as file:
        places = [line.split()[4] for line in file]
    for place in filter(lambda place: place.startswith(UNSEEN), places):
        libc.umount2(place.encode(), DETACH)  # with all that is mounted in it


def _each(given: tuple[str, ...]) -> Iterator[list[str]]:
    words = iter(given)
    for name in words:
        yield [name, *itertools.islice(words, {NETWORK: 0, "--dev": 1, "--remount-ro": 1}.get(name, 2))]


def _dev(path: str) -> None:
    """As bubblewrap makes one; for root with nodes of its own, since each of the machine's is a mount."""
    _mount("tmpfs", dev := _made(path), NO_SETUID, "mode=0755")
    for name, numbers in NODES.items():
        if os.getuid():
            _bind_devices(f"/dev/{name}", f"{path}/{name}")
        else:
            os.mknod(f"{dev}/{name}", stat.S_IFCHR, os.makedev(*numbers))
            os.chmod(f"{dev}/{name}", 0o666)
    for name, target in LINKS.items():
        os.symlink(target, f"{dev}/{name}")
    for name in ("shm", "pts"):
        os.mkdir(f"{dev}/{name}")
    _mount("devpts", f"{dev}/pts", NO_SETUID | NO_PROGRAMS, "newinstance,ptmxmode=0666,mode=0620")


def _link(target: str, path: str) -> None:
    os.symlink(target, _made(path, "link"))


def _bind(source: str, path: str, closed: int = READ_ONLY | NO_SETUID | NO_DEVICES) -> None:
    if os.path.exists(source):
        _mount(source, _made(path, "folder" if os.path.isdir(source) else "file"), BIND | RECURSIVE)
        _close(path, closed, AND_BELOW)


def _bind_devices(source: str, path: str) -> None:
    _bind(source, path, NO_SETUID)


def _close(path: str, closed: int = READ_ONLY, extent: int = 0) -> None:
    attributes = struct.pack("QQQQ", closed, 0, 0, 0)
    if libc.syscall(SET_ATTRIBUTES, -1, (PLACE + path).encode(), extent, attributes, ctypes.c_size_t(32)):
        raise OSError(ctypes.get_errno(), f"to close {path}")


CARRIED_OUT: dict[str, Callable[..., None]] = {
    "--dev": _dev,
    "--symlink": _link,
    "--dev-bind": _bind_devices,
    "--remount-ro": _close,
}


def _made(path: str, what: str = "folder") -> str:
    """Where that is to be, never outside: on the way there must be no link."""
    place = PLACE + path
    if os.path.realpath(above := os.path.dirname(place)) != above:
        raise OSError(f"{path} leads elsewhere")
    os.makedirs(above, exist_ok=True)
    if what == "folder":
        os.makedirs(place, exist_ok=True)
    elif what == "file":
        open(place, "x").close()
    return place


def _is_still_there(name: str, *words: str) -> bool:
    """What was bound may have been replaced since."""
    if "bind" not in name:
        return True
    source, path = words
    try:
        return os.path.samestat(os.stat(source), os.stat(PLACE + path))
    except OSError:
        return not (os.path.exists(source) or os.path.exists(PLACE + path))


def _unshare(what: int) -> None:
    if libc.unshare(what):
        raise OSError(ctypes.get_errno(), "unshare")


def _mount(what: str, place: str, flags: int, options: str = "") -> None:
    if libc.mount(what.encode(), place.encode(), what.encode(), ctypes.c_ulong(flags), options.encode()):
        raise OSError(ctypes.get_errno(), f"mount on {place}")
