"""Which system calls a run is refused, as a program for the kernel's seccomp. Standard library only: the warden
imports this.

It closes what file rules and namespaces leave open: other cores than the slot's, keyrings and System V memory (which
outlive a run), io_uring (which passes by such a program), and, where there is no network namespace, sockets. Not
covered: processors other than x86-64 and ARM64, which get no program.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import socket
import struct

CALLS = {
    "x86_64": (
        0xC000003E,
        {"shmget": 29, "socket": 41, "semget": 64, "msgget": 68, "sched_setaffinity": 203, "mq_open": 240}
        | {"add_key": 248, "request_key": 249, "keyctl": 250, "io_uring_setup": 425, "io_uring_enter": 426},
    ),
    "aarch64": (
        0xC00000B7,
        {"sched_setaffinity": 122, "mq_open": 180, "msgget": 186, "semget": 190, "shmget": 194, "socket": 198}
        | {"add_key": 217, "request_key": 218, "keyctl": 219, "io_uring_setup": 425, "io_uring_enter": 426},
    ),
}
MISSING = ("add_key", "request_key", "keyctl", "io_uring_setup", "io_uring_enter")
SHARED_MEMORY = ("shmget", "semget", "msgget", "mq_open")
OTHER_NUMBERING = 0x40000000  # from here on x86-64 has the same calls once more

LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06
ALLOW, ERROR = 0x7FFF0000, 0x00050000
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16  # where in struct seccomp_data


def program(sockets: tuple[socket.AddressFamily, ...] | None = None, shared_memory: bool = True) -> bytes:
    """What loads into the kernel, b"" for an unknown processor. `sockets`: the only families there are; None is all."""
    if platform.machine() not in CALLS:
        return b""
    architecture, numbers = CALLS[platform.machine()]
    missing = MISSING if shared_memory else (*MISSING, *SHARED_MEMORY)
    steps = [
        *(_step(LOAD, ARCHITECTURE), _step(EQUAL, architecture, 1, 0), _refuse(errno.ENOSYS)),
        *(_step(LOAD, NUMBER), _step(AT_LEAST, OTHER_NUMBERING, 0, 1), _refuse(errno.ENOSYS)),
        *(step for name in missing for step in (_step(EQUAL, numbers[name], 0, 1), _refuse(errno.ENOSYS))),
        *(_step(EQUAL, numbers["sched_setaffinity"], 0, 1), _refuse(0)),  # as if it had been done
    ]
    if sockets is not None:
        steps += [_step(EQUAL, numbers["socket"], 0, 2 * len(sockets) + 2), _step(LOAD, FIRST_ARGUMENT)]
        steps += [step for family in sockets for step in (_step(EQUAL, family, 0, 1), _step(RETURN, ALLOW))]
        steps += [_refuse(errno.EACCES)]
    return b"".join([*steps, _step(RETURN, ALLOW)])


def load(program: bytes) -> None:
    """Into this process, for good."""
    libc = ctypes.CDLL(None, use_errno=True)
    steps = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(steps))
    if libc.prctl(22, ctypes.c_ulong(2), ctypes.c_char_p(header), 0, 0):  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
        raise OSError(ctypes.get_errno(), "seccomp")


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)


def _refuse(error: int) -> bytes:
    return _step(RETURN, ERROR | error)
