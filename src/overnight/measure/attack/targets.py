"""What an attack is aimed at, on our side of the walls: files, sockets and a process that nobody may touch, and what
has come of them. Whatever a cheat left on the machine is removed as soon as it has been seen.
"""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

KEY = "OVERNIGHT_ATTACK_KEY"
GROWN = 100 * 1024  # kB by which the harness may grow while it measures one cheat
KILOBYTE = 1024 if sys.platform == "darwin" else 1  # of ru_maxrss
COMMON = ("/tmp", "/var/tmp", "/dev/shm", "/run/lock", "/var/lock")


@dataclass
class Targets:
    token: str  # in the name of everything that a cheat leaves
    secret: str
    folder: Path
    sockets: tuple[socket.socket, ...]
    names: tuple[str, ...]  # what a word from each of them means
    facts: dict[str, Any]
    places: tuple[str, ...]  # where something may have been left
    stand_in: subprocess.Popen[bytes] | None = None
    peak: int = 0

    def before(self) -> dict[str, Any]:
        """Makes ready for a cheat, and says what it is told."""
        if self.stand_in is None or self.stand_in.poll() is not None:
            self.stand_in = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", "import time; time.sleep(300)"], env={KEY: self.secret}
            )
        _forget_peak()
        self.peak = _peak()
        return {**self.facts, "stand_in": self.stand_in.pid}

    def effects(self, more_places: Iterable[str] = ()) -> tuple[str, ...]:
        """What has happened outside since `before`."""
        left = (f"left a file in {folder}" for folder in self._litter(more_places))
        return (*left, *self._words(), *self._alive(), *self._hurt())

    def end(self) -> None:
        if self.stand_in:
            self.stand_in.kill()
            self.stand_in.wait()

    def _litter(self, more_places: Iterable[str]) -> Iterator[str]:
        for folder in dict.fromkeys([*self.places, *more_places]):
            for name in (self.token, f"{self.token}-note"):
                with contextlib.suppress(OSError):
                    os.unlink(os.path.join(folder, name))
                    yield folder

    def _words(self) -> Iterator[str]:
        for line, name in zip(self.sockets, self.names, strict=True):
            with contextlib.suppress(BlockingIOError):
                if line.type == socket.SOCK_STREAM:
                    line.accept()[0].close()
                else:
                    line.recv(64)
                yield name

    def _alive(self) -> Iterator[str]:
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.cmdline()[-1:] == [self.token]:
                    process.kill()
                    yield "a process outlived the run"

    def _hurt(self) -> Iterator[str]:
        if self.stand_in and self.stand_in.poll() is not None:
            yield "a process of yours was killed"
        if _peak() - self.peak > GROWN:
            yield f"Overnight itself grew by {(_peak() - self.peak) >> 10} MB"


@contextlib.contextmanager
def targets(token: str, secret: str, folder: Path, places: Iterable[str]) -> Iterator[Targets]:
    """`folder` is ours, and no run may see it but for `share` in it. `places`: where a cheat may leave something."""
    share, record, private = folder / "share", folder / "night" / "ledger.db", folder / "private"
    for file in (share / "data", record, private):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{secret} {file.name}\n")
    with contextlib.ExitStack() as stack:
        short = stack.enter_context(tempfile.TemporaryDirectory(prefix="overnight-"))  # a socket's path is short
        tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        udp = _datagrams(stack, socket.AF_INET, ("127.0.0.1", 0))
        path = _datagrams(stack, socket.AF_UNIX, f"{short}/socket")
        nameless = [_datagrams(stack, socket.AF_UNIX, f"\0{token}")] if sys.platform == "linux" else []
        sockets = (tcp, udp, path, *nameless)
        for line in sockets:
            line.setblocking(False)
        facts = {
            "token": token,
            "key": KEY,
            "tcp": tcp.getsockname()[1],
            "udp": udp.getsockname()[1],
            "socket": f"{short}/socket",
            "share": str(share),
            "shared": str(share / "data"),
            "private": str(private),
            "records": [str(record)],
        }
        names = ("a connection came through", "a datagram came through", *("a local socket was reached",) * 2)
        everywhere = (*COMMON, *places, str(share), str(record.parent), str(folder), short)
        facts["places"] = [place for place in everywhere if place != short]
        made = Targets(token, secret, folder, sockets, names[: len(sockets)], facts, everywhere)
        stack.callback(made.end)
        yield made


def _datagrams(stack: contextlib.ExitStack, family: socket.AddressFamily, address: Any) -> socket.socket:
    line = stack.enter_context(socket.socket(family, socket.SOCK_DGRAM))
    line.bind(address)
    return line


def _forget_peak() -> None:
    with contextlib.suppress(OSError), open("/proc/self/clear_refs", "w") as file:
        file.write("5")


def _peak() -> int:
    """Of this process since it was forgotten, in kB; where that is not to be had, since its start."""
    with contextlib.suppress(OSError), open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // KILOBYTE
