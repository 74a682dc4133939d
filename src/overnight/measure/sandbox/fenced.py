"""Level 2: Landlock and seccomp, put around a run by its supervisor; what they keep says `landlock`.

Landlock only ever allows, so a folder with something hidden in it is opened entry by entry; its names stay visible.
Where the walls have no network there are no sockets of any family but those that the walls share in.
"""

from __future__ import annotations

import os
import socket
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from overnight.measure.process import Fence, Spec
from overnight.measure.sandbox import seccomp
from overnight.measure.sandbox.devices import ABOUT, gpu_nodes
from overnight.measure.sandbox.landlock import DEVICES, SHARED_MEMORY, USERS
from overnight.measure.sandbox.walls import Walls
from overnight.model import Level


class Fenced:
    level = Level.LANDLOCK

    def confine(self, spec: Spec, walls: Walls) -> Spec:
        hidden = [Path(path) for path in walls.hide]
        read = [str(path) for top in walls.read for path in _open(Path(top), hidden)]
        write = [str(path) for top in walls.write for path in _open(Path(top), hidden)]
        uid = _user(walls) if os.getuid() == 0 else None
        memory = (SHARED_MEMORY,) if uid is not None else ()  # what is left there can be told from other people's
        fence = Fence(
            read=(*read, "/proc", *ABOUT),
            write=(*write, *walls.sockets, *DEVICES, *memory, *gpu_nodes(walls.gpu)),
            network=walls.network,
            uid=uid,
        )
        refused = seccomp.program(tuple(_families(walls)), shared_memory=False, mute=walls.mute)
        return replace(spec, fence=fence, filter=refused.hex())


def _user(walls: Walls) -> int | None:
    """Who a run is whose coordinator is root: nobody else, as far as there are enough users. None: only root is known
    here, as in some containers."""
    ranges = [tuple(map(int, line.split())) for line in Path("/proc/self/uid_map").read_text().splitlines()]
    drawn = zlib.crc32(repr(walls.write).encode())
    ids = (first + drawn % count for first, count in USERS)
    return next((uid for uid in ids if any(first <= uid < first + count for first, _, count in ranges)), None)


def _families(walls: Walls) -> Iterator[socket.AddressFamily]:
    if walls.network:
        yield from (socket.AF_INET, socket.AF_INET6)
    if walls.sockets:
        yield socket.AF_UNIX


def _open(top: Path, hidden: Iterable[Path]) -> Iterator[Path]:
    """What together is `top` without the hidden paths."""
    if top in hidden:
        return
    if not any(path.is_relative_to(top) for path in hidden):
        yield top
    elif top.is_dir():
        for entry in top.iterdir():
            yield from _open(entry, hidden)
