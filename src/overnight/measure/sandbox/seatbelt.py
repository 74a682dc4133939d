"""macOS: sandbox-exec, by contract. It is written against Apple's documentation and has not been tried.

As level 2 on Linux: files outside the walls cannot be read or written, there is no network, and no process outside can
be signalled. Not covered: what sandbox-exec, which Apple calls deprecated, does not keep; limits of memory, processes
and writes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

from overnight.measure.process import Spec
from overnight.measure.sandbox.walls import Walls
from overnight.model import Level

PROFILE = """(version 1)
(deny default)
(allow process-fork process-exec process-info* sysctl-read mach-lookup ipc-posix-sem ipc-posix-shm iokit-open)
(allow signal (target same-sandbox))
(allow file-read-metadata)
(allow file-read* file-write-data (literal "/dev/null") (literal "/dev/zero") (literal "/dev/random")
    (literal "/dev/urandom") (literal "/dev/tty"))
(allow file-read* (literal "/"){read}{write})
(allow file-write*{write})
{network}
(deny file-read* file-write*{hide})
"""


class Seatbelt:
    level = Level.LANDLOCK

    def confine(self, spec: Spec, walls: Walls) -> Spec:
        return replace(spec, argv=("/usr/bin/sandbox-exec", "-p", profile(walls), *spec.argv))


def profile(walls: Walls) -> str:
    network = "(allow network*)" if walls.network else ""
    if walls.sockets and not walls.network:
        network = f"(allow network-outbound{_paths('literal', walls.sockets)})"
    return PROFILE.format(
        read=_paths("subpath", walls.read),
        write=_paths("subpath", walls.write or ("/dev/null",)),
        hide=_paths("subpath", walls.hide or ("/dev/no-such-file",)),
        network=network,
    )


def _paths(kind: str, paths: Iterable[str]) -> str:
    return "".join(f" ({kind} {json.dumps(path, ensure_ascii=False)})" for path in paths)
