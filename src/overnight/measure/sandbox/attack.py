"""What the probe runs inside a sandbox: it tries to get out in every way it knows and prints what worked.

`python -I -S attack.py TARGETS`, where TARGETS is JSON: a folder that must not be seen, ports, sockets, and the
process of whoever built the sandbox. Standard library only, and no file of ours needs to be seen: it is sent as text.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import socket
import sys
import time
from collections.abc import Callable
from typing import Any

NEW_USERS, NEW_MOUNTS, REMOUNT = 0x10000000, 0x00020000, 0x1020  # unshare(2), mount(2): MS_REMOUNT | MS_BIND


def attacks(target: dict[str, Any]) -> dict[str, Callable[[], object]]:
    """Each by what it is called in a report; it worked if it raises no OSError."""
    folder = target["folder"]
    return {
        "read a file outside": lambda: open(f"{folder}/canary").read(),
        "write a file outside": lambda: open(f"{folder}/new", "w").close(),
        "remove a file outside": lambda: os.remove(f"{folder}/canary"),
        "read the environment of its keeper": lambda: open(f"/proc/{keeper(target)}/environ", "rb").read(),
        "write to the kernel's settings": lambda: os.close(os.open("/proc/sys/kernel/core_pattern", os.O_WRONLY)),
        "signal its keeper": lambda: os.kill(keeper(target), 0),
        "remount what it sees": lambda: remount("/usr", target["mounts"]),
        "reach the network by TCP": lambda: socket.create_connection(("127.0.0.1", target["tcp"]), 1).close(),
        "reach the network by UDP": lambda: send(socket.AF_INET, ("127.0.0.1", target["udp"])),
        "reach a socket by its path": lambda: send_near(folder),
        "reach a socket without a path": lambda: send(socket.AF_UNIX, "\0" + target["abstract"]),
        "set the clock": lambda: time.clock_settime(time.CLOCK_REALTIME, time.clock_gettime(time.CLOCK_REALTIME)),
        "make a user namespace": new_namespaces,  # the last but one: it changes what this process may do
        "remount what it sees in one": lambda: remount("/usr", target["mounts"]),
    }


def keeper(target: dict[str, Any]) -> int:
    """Its number; in a namespace of its own, as in a container, that may be the number of something of ours."""
    pid: int = target["pid"]
    if born(pid) not in ("", target["born"]):
        raise OSError("this is somebody else")
    return pid


def born(pid: int) -> str:
    """When it was started, as the kernel counts: no two processes of one number have that in common."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[19]
    return ""


def remount(path: str, not_in: str) -> None:
    if os.readlink("/proc/self/ns/mnt") == not_in:
        raise OSError("these are the machine's own mounts, which are left alone")
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"none", path.encode(), None, ctypes.c_ulong(REMOUNT), None):
        raise OSError(ctypes.get_errno(), "mount")


def new_namespaces() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(NEW_USERS | NEW_MOUNTS):
        raise OSError(ctypes.get_errno(), "unshare")


def send(family: socket.AddressFamily, address: object) -> None:
    with socket.socket(family, socket.SOCK_DGRAM) as sender:
        sender.connect(address)  # type: ignore[arg-type]
        sender.send(b"out")
        time.sleep(0.005)
        sender.send(b"out")  # fails where nobody has received the first


def send_near(folder: str) -> None:
    """From where its path is short: one of a socket has at most some hundred bytes."""
    before = os.open(".", os.O_RDONLY)
    os.chdir(folder)
    try:
        send(socket.AF_UNIX, "socket")
    finally:
        os.fchdir(before)
        os.close(before)


def leave_a_daemon() -> None:
    """It holds the channel, so that whoever listens there hears its end."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(600)
        os._exit(0)


def main() -> None:
    leave_a_daemon()
    for name, attack in attacks(json.loads(sys.argv[1])).items():
        with contextlib.suppress(OSError):
            attack()
            print("worked:", name)
    print("done")


if __name__ == "__main__":
    main()
