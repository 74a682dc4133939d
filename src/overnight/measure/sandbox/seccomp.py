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
        | {"add_key": 248, "request_key": 249, "keyctl": 250, "io_uring_setup": 425, "io_uring_enter": 426}
        | {"fcntl": 72, "flock": 73, "inotify_init": 253, "inotify_init1": 294, "fanotify_init": 300}
        | {"setxattr": 188, "lsetxattr": 189, "fsetxattr": 190, "removexattr": 197, "lremovexattr": 198}
        | {"fremovexattr": 199, "setxattrat": 463, "removexattrat": 466, "open_by_handle_at": 304},
    ),
    "aarch64": (
        0xC00000B7,
        {"sched_setaffinity": 122, "mq_open": 180, "msgget": 186, "semget": 190, "shmget": 194, "socket": 198}
        | {"add_key": 217, "request_key": 218, "keyctl": 219, "io_uring_setup": 425, "io_uring_enter": 426}
        | {"fcntl": 25, "flock": 32, "inotify_init1": 26, "fanotify_init": 262}
        | {"setxattr": 5, "lsetxattr": 6, "fsetxattr": 7, "removexattr": 14, "lremovexattr": 15}
        | {"fremovexattr": 16, "setxattrat": 463, "removexattrat": 466, "open_by_handle_at": 265},
    ),
}
LOCKS = (6, 7, 37, 38, 1024, 1026)  # of fcntl(2): locks of both kinds, leases, notices of a folder
WATCHES = ("inotify_init", "inotify_init1", "fanotify_init")
ATTRIBUTES = (  # of files: Landlock lets a run write them to any file that its user may write
    *("setxattr", "lsetxattr", "fsetxattr", "setxattrat"),
    *("removexattr", "lremovexattr", "fremovexattr", "removexattrat"),
)
MISSING = ("add_key", "request_key", "keyctl", "io_uring_setup", "io_uring_enter")
SHARED_MEMORY = ("shmget", "semget", "msgget", "mq_open")  # where there is no namespace for these
BY_HANDLE = ("open_by_handle_at",)
OTHER_NUMBERING = 0x40000000  # from here on x86-64 has the same calls once more

LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06
ALLOW, ERROR = 0x7FFF0000, 0x00050000
NUMBER, ARCHITECTURE, FIRST_ARGUMENT, SECOND_ARGUMENT = 0, 4, 16, 24  # where in struct seccomp_data


def program(
    sockets: tuple[socket.AddressFamily, ...] | None = None, shared_memory: bool = True, mute: bool = False
) -> bytes:
    """What loads into the kernel, b"" for an unknown processor. `sockets`: the only families there are; None is all."""
    if platform.machine() not in CALLS:
        return b""
    architecture, numbers = CALLS[platform.machine()]
    wanted = (*MISSING, *WATCHES) if shared_memory else (*MISSING, *WATCHES, *SHARED_MEMORY, *BY_HANDLE)
    missing = [name for name in wanted if name in numbers]
    steps = [
        *(_step(LOAD, ARCHITECTURE), _step(EQUAL, architecture, 1, 0), _refuse(errno.ENOSYS)),
        *(_step(LOAD, NUMBER), _step(AT_LEAST, OTHER_NUMBERING, 0, 1), _refuse(errno.ENOSYS)),
        *(step for name in missing for step in (_step(EQUAL, numbers[name], 0, 1), _refuse(errno.ENOSYS))),
        *(_step(EQUAL, numbers["sched_setaffinity"], 0, 1), _refuse(0)),  # as if it had been done
    ]
    if not shared_memory:
        steps += [
            step for name in ATTRIBUTES for step in (_step(EQUAL, numbers[name], 0, 1), _refuse(errno.EOPNOTSUPP))
        ]
    if mute:  # the file need not be writable, and everybody who sees it sees the lock
        steps += [_step(EQUAL, numbers["flock"], 0, 1), _refuse(0)]
        steps += [_step(EQUAL, numbers["fcntl"], 0, 2 * len(LOCKS) + 2), _step(LOAD, SECOND_ARGUMENT)]
        steps += [step for command in LOCKS for step in (_step(EQUAL, command, 0, 1), _refuse(0))]
        steps += [_step(LOAD, NUMBER)]
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
