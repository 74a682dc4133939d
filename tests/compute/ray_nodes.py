"""A Ray cluster on this machine, each node with a network of its own, for a process that is alone in its namespaces.

    unshare --user --map-root-user --mount --pid --fork --mount-proc --net --kill-child python -m …

Whatever is started here ends with that process. Nothing but these nodes can be reached.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import psutil

from overnight.compute.ray_settings import NODES

RAY = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--disable-usage-stats"]
SMALL = ["--object-store-memory=80000000", "--include-log-monitor=false"]
HEAD = "10.77.0.1"
ADDRESS = f"{HEAD}:6379"
TRIES, COMES_UP = 5, 40.0  # seconds
ALONE = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
STARTED = "Ray runtime started"


def bring_up_network() -> None:
    """And a place for what Ray leaves, which nobody else shall find."""
    Path("/tmp/ray").mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "none", "/tmp/ray"], check=True)
    ip("link set lo up")
    ip("link add br0 type bridge")
    ip(f"addr add {HEAD}/24 dev br0")
    ip("link set br0 up")


def ip(words: str) -> None:
    subprocess.run(["ip", *words.split()], check=True)


def settle_environment(home: Path, token: str) -> None:
    """For the nodes, and for us as the driver."""
    os.environ.update({**NODES, "RAY_health_check_timeout_ms": "20000"})  # where CI is busy, nodes may be slow
    os.environ.update(HOME=str(home), RAY_AUTH_TOKEN=token, RAY_ADDRESS=ADDRESS, RAY_raylet_start_wait_time_s="150")


def start_head(log: Path) -> Node:
    """It sees its own processes only: where a node of ours can be seen, Ray takes it for a head that runs already."""
    place = ["--head", f"--node-ip-address={HEAD}", "--port=6379", "--num-cpus=0", "--include-dashboard=false"]
    for _ in range(TRIES):
        with log.open("wb") as file:
            command = [*ALONE, *RAY, *SMALL, *place]
            process = subprocess.Popen(command, stdout=file, stderr=file, stdin=subprocess.DEVNULL)
        try:
            until(lambda: STARTED in log.read_text(), "", 2 * COMES_UP)
            return Node(0, process)
        except AssertionError:
            Node(0, process).signal(signal.SIGKILL)
            process.wait()
    raise AssertionError(f"the head does not start: {log.read_text()[-1000:]}")


@dataclass(frozen=True, slots=True)
class Node:
    number: int
    process: subprocess.Popen[bytes]  # its first; all others of the node descend from it

    @classmethod
    def start(
        cls,
        number: int,
        cpus: int,
        folder: Path,
        *options: str,
        env: Mapping[str, str] = MappingProxyType({}),
        blind: str = "",
    ) -> Node:
        """Again, where it does not come up: Ray gives its parts 15 seconds to find one another, however busy we are.
        `blind`: a folder that it cannot see, as another machine could not."""
        for _ in range(TRIES):
            node = cls._started(number, cpus, log := folder / f"node-{number}.log", options, env, blind)
            try:
                until(lambda log=log: STARTED in log.read_text(), "", COMES_UP)  # type: ignore[misc]
                return node
            except AssertionError:
                node.signal(signal.SIGKILL)
                node.process.wait()
        raise AssertionError(f"node {number} does not start: {log.read_text()[-1000:]}")

    @classmethod
    def _started(
        cls, number: int, cpus: int, log: Path, options: Sequence[str], env: Mapping[str, str], blind: str
    ) -> Node:
        address = f"10.77.0.{10 + number}"
        network = f"read go; ip link set lo up; ip addr add {address}/24 dev eth0; ip link set eth0 up; "
        hide = f"mount -t tmpfs none {shlex.quote(blind)}; exec " if blind else "exec "
        place = [f"--address={ADDRESS}", f"--node-ip-address={address}", f"--num-cpus={cpus}"]
        join = shlex.join([*RAY, *SMALL, *place, *options])
        with log.open("wb") as file:
            process = subprocess.Popen(
                ["unshare", "--net", "--mount", "sh", "-c", network + hide + join],
                env={**os.environ, **env},
                stdin=subprocess.PIPE,
                stdout=file,
                stderr=file,
            )
        assert process.stdin is not None
        until(lambda: _network_of(process.pid) != _network_of(os.getpid()), "no network of its own")
        ip(f"link add v{process.pid} type veth peer name eth0 netns {process.pid}")
        ip(f"link set v{process.pid} master br0 up")
        process.stdin.write(b"go\n")
        process.stdin.close()
        return cls(number, process)

    def all(self) -> list[psutil.Process]:
        if self.process.poll() is not None:
            return []
        first = psutil.Process(self.process.pid)
        return [*first.children(recursive=True), first]

    def find(self, word: str) -> list[psutil.Process]:
        return [process for process in self.all() if word in command(process)]

    def signal(self, number: signal.Signals) -> None:
        for process in self.all():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def cut(self) -> None:
        ip(f"link set v{self.process.pid} down")

    def heal(self) -> None:
        ip(f"link set v{self.process.pid} up")


def command(process: psutil.Process) -> str:
    """Nothing, of one that has ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def until(holds: Callable[[], bool], otherwise: str, seconds: float = 150.0) -> float:
    """How long it took."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds, otherwise
        time.sleep(0.05)
    return time.monotonic() - began


def _network_of(pid: int) -> str:
    return os.readlink(f"/proc/{pid}/ns/net")
