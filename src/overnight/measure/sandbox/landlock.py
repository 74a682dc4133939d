"""Level 2: Landlock, called directly (Linux 5.13 on). Standard library only: the warden imports this.

`fenced` says what the fence is; the supervisor puts it around the run between fork and exec. Guarantees: what is not
named cannot be read, written, listed or executed; no process outside can be traced, and from ABI 6 (Linux 6.12) on none
can be signalled. Not covered: names, sizes and dates can be seen; a run of a plain user may change the permission bits
of that user's files.

A coordinator that is root gives its runs another user, who owns their folder only. That user may pass by permission
bits, or it could not reach a folder below /root; the fence holds for it all the same. What it leaves in /dev/shm is
removed. A plain user's runs have no /dev/shm: what one left there the next would find, and nobody could tell it from
the user's own.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import struct
import sys
from typing import Any

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
READ = 0b1101  # execute, read a file, read a folder
FOR_A_FILE = 0b100_0000_0000_0111  # execute, write, read, truncate: the rest is for folders
USERS = ((0x6F000000, 1 << 20), (65520, 14))  # ids that no system gives out: from here on so many, the better first
PASS_PERMISSION_BITS = 2  # CAP_DAC_READ_SEARCH: who may write by it too could write dates and attributes of any file
KEEP_CAPABILITIES, AMBIENT, RAISE = 8, 47, 2  # prctl(2)
CAPABILITY_VERSION = 0x20080522
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty")
SHARED_MEMORY = "/dev/shm"
libc = ctypes.CDLL(None, use_errno=True)


def abi() -> int:
    """0: there is none."""
    if sys.platform != "linux":
        return 0
    return max(0, int(libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), 1)))


def restrict(fence: dict[str, Any]) -> None:
    """This process and all that it starts, for good. It must not gain privileges any more."""
    if os.getuid() == 0:
        _become(fence["uid"], fence["write"])
    version = abi()
    files = (1 << {0: 0, 1: 13, 2: 14}.get(version, 15)) - 1
    network = 0 if version < 4 or fence["network"] else 3  # bind, connect
    scope = 3 if version >= 6 else 0  # abstract sockets, signals
    size = 8 if version < 4 else 16 if version < 6 else 24
    wanted = struct.pack("QQQ", files, network, scope)[:size]
    rules = _checked(libc.syscall(CREATE_RULESET, wanted, ctypes.c_size_t(size), 0), "Landlock")
    for paths, access in ((fence["read"], READ), (fence["write"], files)):
        for path in paths:
            _allow(rules, path, access & files)
    _checked(libc.syscall(RESTRICT_SELF, rules, 0), "Landlock")
    os.close(rules)


def forget(uid: int) -> None:
    """Removes what a run that was this user has left in the memory that all share: the next one would find it."""
    for path in (os.path.join(SHARED_MEMORY, name) for name in os.listdir(SHARED_MEMORY)):
        with contextlib.suppress(OSError):
            if os.lstat(path).st_uid == uid:
                shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)


def _allow(rules: int, path: str, access: int) -> None:
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC) if sys.platform == "linux" else -1
    except OSError:  # it is not there, so it cannot be seen
        return
    rule = struct.pack("=Qi", access if os.path.isdir(path) else access & FOR_A_FILE, fd)
    _checked(libc.syscall(ADD_RULE, rules, 1, rule, 0), path)
    os.close(fd)


def _become(uid: int | None, folders: list[str]) -> None:
    """From root to another user, where there is one to be; of root's privileges one is left."""
    _checked(libc.prctl(KEEP_CAPABILITIES, ctypes.c_ulong(1), 0, 0, 0), "prctl")
    if sys.platform == "linux" and uid is not None:
        for folder in folders:
            if not folder.startswith("/dev/"):
                _give(folder, uid)
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    header, kept = struct.pack("Ii", CAPABILITY_VERSION, 0), 1 << PASS_PERMISSION_BITS
    _checked(libc.capset(header, struct.pack("IIIIII", kept, kept, kept, 0, 0, 0)), "capset")
    _checked(libc.prctl(AMBIENT, *map(ctypes.c_ulong, (RAISE, PASS_PERMISSION_BITS, 0, 0))), "prctl")


def _give(folder: str, uid: int) -> None:
    os.lchown(folder, uid, uid)
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.lchown(os.path.join(place, name), uid, uid)


def _checked(result: int, what: str) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), what)
    return result
