"""What a cheat has in hand. Sent as text in front of its payload, so it stands alone and any Python since 3.8 reads it.

A payload says what it sees in lines that begin with the attack's token: `ran` first, `got` for each thing that worked,
`done` at its end. Whoever reads them checks what it can from outside.
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
import json
import os
import sys
from collections.abc import Callable
from typing import Any

FACTS: dict[str, Any] = {}  # filled in behind this text


def say(**seen: Any) -> None:
    """On both streams: a command may have turned one of them elsewhere."""
    line = "\n{} {}\n".format(FACTS["token"], json.dumps(seen, default=str)).encode()
    for stream in (1, 2):
        with contextlib.suppress(OSError):
            os.write(stream, line)


def got(what: str) -> None:
    say(got=what)


def attempt(what: str, deed: Callable[[], object]) -> bool:
    """It worked if it raises nothing."""
    if worked := tried(deed):
        got(what)
    return worked


def tried(deed: Callable[[], object]) -> bool:
    worked = False
    with contextlib.suppress(BaseException):  # whatever stops it, also a SystemExit
        deed()
        worked = True
    return worked


def plant() -> None:
    """Reports a number that nobody measured."""
    os.write(1, "\n{}: {}\n".format(FACTS["metric"], FACTS["planted"]).encode())


def leave(content: bytes = b"", make: Callable[[str], object] | None = None) -> None:
    """Something under each name that is taken or kept from a run; who answers for it finds it there already."""
    for pattern in FACTS["left"] if "OVERNIGHT_CHANNEL" not in os.environ else ():
        name = pattern.replace("**", "left").replace("*", "left").replace("?", "x")
        os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
        if make:
            make(name)
        else:
            with open(name, "wb") as file:
                file.write(content or "{}: {}\n".format(FACTS["metric"], FACTS["planted"]).encode())


def read(path: str, here: str = "") -> None:
    """Says what it read, so that it can be held against the file itself. `here`: by which name, if another."""
    with open(here or path, "rb") as file:
        content = file.read(4096)
    say(read=path, digest=hashlib.sha256(content).hexdigest())


def open_to_write(path: str) -> None:
    """Changes nothing, and makes nothing."""
    os.close(os.open(path, os.O_WRONLY | os.O_APPEND))


def mark(folder: str) -> None:
    """A file that can be found from outside."""
    with open(os.path.join(folder, FACTS["token"]), "x") as file:
        file.write("left by overnight doctor --attack; it may be removed\n")


def tree() -> str:
    """The top of the checkout."""
    depth = len([part for part in FACTS["folder"].split("/") if part])
    return os.path.normpath(os.path.join(os.getcwd(), *[".."] * depth))


def processes() -> list[int]:
    return [int(os.path.basename(path)) for path in glob.glob("/proc/[0-9]*")]


def imported() -> bool:
    """By somebody else's program: this file is not the one that was started."""
    return __name__ != "__main__"


def end() -> None:
    say(done=True)
    os._exit(0)


sys.dont_write_bytecode = True
