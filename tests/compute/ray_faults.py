"""Faults of a real Ray cluster, one after the other, while runs are under way. Prints what came of each, a JSON line.

The process is alone in its namespaces: see `ray_nodes`.
"""

from __future__ import annotations

import json
import secrets
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from overnight.compute.cluster import Cluster
from overnight.compute.executor import Executor, Report
from overnight.model import Run
from overnight.testing.executors import CHECKS, SLEEPS, Bench, Rig
from tests.compute.ray_coordinator import coordinator_killed
from tests.compute.ray_nodes import HEAD, Node, bring_up_network, command, settle_environment, start_head, until

POSTS = 3
SECONDS = 8
Fault = Callable[[Node], None]


def on_ray(bench: Bench, report: Report, posts: int = POSTS) -> Executor:
    bench.folder.mkdir(parents=True, exist_ok=True)
    return Cluster(replace(bench.program, on="ray", slots=posts)).executor(bench.repo, bench.folder, report)


def that_sleeps(bench: Bench, report: Report) -> Executor:
    program = replace(bench.program, sandbox="1", run=f"sleep {SECONDS}.$OVERNIGHT_SEED; echo loss: 1")
    return on_ray(replace(bench, program=program), report)


def from_outside(bench: Bench, report: Report) -> Executor:
    """By Ray's client, as from a laptop."""
    bench.folder.mkdir(parents=True)
    program = replace(bench.program, on=f"ray://{HEAD}:10001", sandbox="1")
    return Cluster(program).executor(bench.repo, bench.folder, report)


def worker_killed(node: Node) -> None:
    for process in node.find("ray::Far"):
        process.kill()


def raylet_killed(node: Node) -> None:
    node.find("raylet/raylet")[0].kill()


def node_killed(node: Node) -> None:
    node.signal(signal.SIGKILL)


def node_frozen(node: Node) -> None:
    node.signal(signal.SIGSTOP)


def node_cut_off(node: Node) -> None:
    node.cut()


def node_thawed(node: Node) -> None:
    node.signal(signal.SIGCONT)


def node_joined_again(node: Node) -> None:
    node.heal()


FAULTS: tuple[tuple[Fault, Fault | None], ...] = (  # and what mends it
    (worker_killed, None),
    (raylet_killed, None),
    (node_frozen, node_thawed),
    (node_killed, None),
    (node_cut_off, node_joined_again),
)


@dataclass(slots=True)
class Cell:
    """A cluster with a rig on it."""

    rig: Rig
    nodes: list[Node]
    folder: Path

    def tried(self, fault: Fault, mended: Fault | None) -> dict[str, object]:
        until(lambda: len(self.rig.executor.free()) == POSTS, f"not {POSTS} slots: {self.journal()}", 250)
        runs = [self.rig.start(SLEEPS, slot) for slot in self.rig.executor.free()]
        until(lambda: any(map(_processes, runs)), "no run begins")
        node, victim = next((n, run) for n in self.nodes for run in runs if n.find(f"sleep {SECONDS}.{run.seed}"))
        old = _processes(victim)
        fault(node)
        waited = until(lambda: f"run {victim.id} is executed again" in self.journal(), self.journal())
        if fault is not worker_killed:
            threading.Thread(target=self.replace, args=[len(self.nodes)]).start()
        until(lambda: all(map(self.rig.results, runs)), self.journal(), 300)
        trials = [self.rig.result(run) for run in runs]
        if mended:
            mended(node)
        left = until(lambda: not any(map(command, old)), "the former execution lives on", 100)
        results = [len(self.rig.results(run)) for run in runs]
        return {
            "fault": fault.__name__,
            "again_after": round(waited, 1),
            "statuses": [str(trial.status) for trial in trials],
            "results": results,
            "former_lived_on": round(left, 1),
        }

    def replace(self, number: int) -> None:
        self.nodes.append(Node.start(number, 1, self.folder))

    def journal(self) -> str:
        return (self.rig.bench.folder / "posts.log").read_text()


def main(folder: Path, *parts: str) -> None:
    """Of it all, or of these parts: conform, a fault's name, client, coordinator."""
    bring_up_network()
    (folder / "home").mkdir()
    settle_environment(folder / "home", secrets.token_hex(16))
    start_head(folder / "head.log")
    nodes = [Node.start(number, 1, folder) for number in range(POSTS)]
    if not parts or "conform" in parts:
        with Rig.of(on_ray, folder / "conform") as rig:
            for check in CHECKS:
                check(rig)
                say(check=check.__name__)
    faults = [(fault, mended) for fault, mended in FAULTS if not parts or fault.__name__ in parts]
    if faults:
        with Rig.of(that_sleeps, folder / "faults") as rig:
            for fault, mended in faults:
                say(**Cell(rig, nodes, folder).tried(fault, mended))
    if not parts or "client" in parts:
        with Rig.of(from_outside, folder / "client") as rig:
            CHECKS[0](rig)
            say(client=CHECKS[0].__name__)
    if not parts or "coordinator" in parts:
        say(**coordinator_killed(folder / "killed"))


def say(**found: object) -> None:
    print(json.dumps(found), flush=True)


def _processes(run: Run) -> list[psutil.Process]:
    wanted = ["sleep", f"{SECONDS}.{run.seed}"]
    return [process for process in psutil.process_iter(["cmdline"]) if process.info["cmdline"] == wanted]


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
