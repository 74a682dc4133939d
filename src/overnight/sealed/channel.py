"""The channel between a scorer and a candidate: arrays of numbers and nothing else.

What comes from a candidate is not read unless it has the type and the shape that were asked for; it is never unpickled,
and descriptors sent along are dropped by the kernel, for nobody asks for them. One message is at most 256 MB, so that
with what is made of it on the way less than 512 MB are in flight. All waiting has an end.
"""

from __future__ import annotations

import math
import os
import socket
import struct
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

REFUSED = 77  # exit code of a scorer that has caught a cheat
IN_FLIGHT = 256 << 20  # bytes of one message
TYPES = ("|b1", "|u1", "<u2", "<i4", "<i8", "<f4", "<f8")
MOST_AXES = 4
Wait = Callable[[], None]


class Candidate:
    """A process that answers for the candidate; each `Candidate()` is another one, which knows nothing of what the
    others were asked. All of them may have answered the scorer of another split before.
    `seconds`: for all its answers together, and its start."""

    def __init__(self, seconds: float = 60.0, line: socket.socket | None = None) -> None:
        self._until = time.monotonic() + seconds
        self.seconds = seconds
        self._line = line or self._given()

    def ask(self, *question: Array, shape: Sequence[int], dtype: str = "float32") -> Array:
        """The candidate's answer: finite or not, but of this shape and type."""
        import numpy as np

        wanted = np.dtype(dtype)
        if (size := math.prod(shape) * wanted.itemsize) > IN_FLIGHT:
            raise ValueError(f"an answer of {size >> 20} MB is too large for one question: ask in smaller parts")
        try:
            self._wait()
            self._line.sendall(bytes([len(question), TYPES.index(wanted.str)]))
            for array in question:
                self._wait()
                _send(self._line, array)
            self._expect(wanted, shape)
            return _array(self._line, wanted, shape, self._wait)
        except TimeoutError:
            unscored(f"the candidate had not answered after {self.seconds:g} s")
        except (OSError, EOFError):
            unscored("the candidate ended without an answer")

    def _given(self) -> socket.socket:
        """The harness starts it, and hands us our end."""
        if "OVERNIGHT_CHANNEL" not in os.environ:
            unscored("there is no candidate to ask: program.md needs `answer:`, and Overnight runs it")
        with socket.socket(fileno=os.dup(int(os.environ["OVERNIGHT_CHANNEL"]))) as harness:
            try:
                harness.sendall(b"+")
                _, lines, _, _ = socket.recv_fds(harness, 1, 1)
            except OSError:
                lines = []
        if not lines:
            unscored("the harness gives no more candidates")
        return socket.socket(fileno=lines[0])

    def _expect(self, dtype: np.dtype[Any], shape: Sequence[int]) -> None:
        """No more is read than was asked for."""
        import numpy as np

        kind, axes = _exactly(self._line, 2, self._wait)
        if kind >= len(TYPES) or axes > MOST_AXES:
            unscored(f"the candidate was asked for {dtype} {tuple(shape)} and answered something that is no array")
        came = struct.unpack(f"<{axes}Q", _exactly(self._line, 8 * axes, self._wait))
        if (TYPES[kind], came) != (dtype.str, tuple(shape)):
            said = f"{np.dtype(TYPES[kind])} {came}"
            unscored(f"the candidate was asked for {dtype} {tuple(shape)} and answered {said}")

    def _wait(self) -> None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._line.settimeout(left)


def answer(reply: Callable[..., Any], line: socket.socket | None = None) -> None:
    """Answers until the scorer has no more questions. `reply` is given the arrays of a question, and gives one."""
    import numpy as np

    line = line or socket.socket(fileno=int(os.environ["OVERNIGHT_CHANNEL"]))
    while question := _question(line):
        arrays, wanted = question
        said = np.asarray(reply(*arrays))
        _send(line, said.astype(wanted, copy=False))
    line.close()  # after an error the process does that, when it has said what was wrong


def unscored(why: str) -> NoReturn:
    """What the run left cannot be scored."""
    sys.exit(why)


def refuse(why: str) -> NoReturn:
    """The candidate was caught at what is not allowed."""
    print(why, file=sys.stderr, flush=True)
    sys.exit(REFUSED)


# Frames. A question: how many arrays, the type of the answer, the arrays. An answer: one array. An array: its type, how
# many axes, their lengths, its bytes.


def _send(line: socket.socket, array: Array) -> None:
    import numpy as np

    array = np.ascontiguousarray(array)
    line.sendall(_header(array.dtype, array.shape))
    line.sendall(array.data.cast("B") if array.size else b"")


def _header(dtype: np.dtype[Any], shape: Sequence[int]) -> bytes:
    return struct.pack(f"<BB{len(shape)}Q", TYPES.index(dtype.str), len(shape), *shape)


def _question(line: socket.socket) -> tuple[list[Array], np.dtype[Any]] | None:
    """None: there are no more."""
    import numpy as np

    head = line.recv(2, socket.MSG_WAITALL)
    if len(head) < 2:
        return None
    arrays = []
    for _ in range(head[0]):
        kind, axes = _exactly(line, 2)
        arrays.append(_array(line, np.dtype(TYPES[kind]), struct.unpack(f"<{axes}Q", _exactly(line, 8 * axes))))
    return arrays, np.dtype(TYPES[head[1]])


def _array(line: socket.socket, dtype: np.dtype[Any], shape: Sequence[int], wait: Wait | None = None) -> Array:
    import numpy as np

    array = np.empty(shape, dtype)
    if array.size:
        _fill(line, array.data.cast("B"), wait)
    return array


def _exactly(line: socket.socket, size: int, wait: Wait | None = None) -> bytes:
    room = bytearray(size)
    _fill(line, memoryview(room), wait)
    return bytes(room)


def _fill(line: socket.socket, room: memoryview, wait: Wait | None) -> None:
    """`wait` before each piece: who sends byte by byte gets no more time."""
    while room:
        if wait:
            wait()
        came = line.recv_into(room, min(len(room), 1 << 20))
        if not came:
            raise EOFError
        room = room[came:]
