"""An empty network, made before a run needs it: bubblewrap would take a millisecond for one while the run waits.

A supervisor moves into one of its own, with nothing in it but a loopback, and its run inherits that. No two share one,
for a supervisor has one run. Only where the warden may also come back, as root may: some runs have the machine's
network. Elsewhere bubblewrap makes it, as its argv says. Standard library only: the warden imports this.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
from typing import Any

EMPTY = "--unshare-net"
"""What the argv of a run without a network says right after bubblewrap's name."""

NEW_NETWORK = 0x40000000  # setns(2), unshare(2)
GET_FLAGS, SET_FLAGS, UP = 0x8913, 0x8914, 0x1  # netdevice(7)
libc = ctypes.CDLL(None, use_errno=True)


def leave() -> int | None:
    """Moves this process into an empty network. Gives the way back; None: it may not, and is where it was."""
    try:
        outside = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:  # as on macOS
        return None
    may_come_back = libc.setns(outside, NEW_NETWORK) == 0  # it is there already: this asks, and moves nothing
    if may_come_back and libc.unshare(NEW_NETWORK) == 0:
        try:
            _loopback()
            return outside
        except OSError:
            _enter(outside)
    os.close(outside)
    return None


def inherited(spec: dict[str, Any], outside: int) -> list[str]:
    """The argv of a run, for a process that has left: it goes back for a run that is not to be apart."""
    name, *words = spec["argv"]
    apart = spec["nested"] and words[:1] == [EMPTY]
    if not apart:
        _enter(outside)
    os.close(outside)
    return [name, *words[apart:]]


def _enter(network: int) -> None:
    if libc.setns(network, NEW_NETWORK):
        raise OSError(ctypes.get_errno(), "the machine's network")


def _loopback() -> None:
    """Up, with the address that the kernel gives it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        name, flags = struct.unpack("16sh", fcntl.ioctl(asker, GET_FLAGS, struct.pack("16sh", b"lo", 0)))
        fcntl.ioctl(asker, SET_FLAGS, struct.pack("16sh", name, flags | UP))
