"""How the coordinator talks to the warden, and to supervisors. Standard library only: the warden imports this."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import Any

NOW, IN_TIME = b"!", b"."
"""When a supervisor is needed: a run waits for it, or does not."""


def letter(message: Any, plain: Callable[[Any], Any] | None = None) -> bytes:
    """To a supervisor: four bytes of length, then JSON. `plain` makes what JSON knows of what it does not."""
    body = json.dumps(message, default=plain).encode()
    return len(body).to_bytes(4, "big") + body


def heard(line: socket.socket) -> Any:
    """The next letter, waited for."""
    size = int.from_bytes(line.recv(4, socket.MSG_WAITALL), "big")
    if not size:
        raise EOFError("the coordinator is gone")
    return json.loads(line.recv(size, socket.MSG_WAITALL))
