"""Faults of a real Ray cluster, one after the other, while runs are under way. Prints what came of each, a JSON line.

The process is alone in its namespaces: see `ray_nodes`.
"""

from __future__ import annotations

import json
import secrets
import signal
import subprocess
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
from tests.compute.ray_coordinator import coordinator_killed, head_killed
from tests.compute.ray_nodes import HEAD, Node, bring_up_network, command, settle_environment, start_head, until
from tests.compute.ray_uv import made_once_on_each_node

POSTS = 3
SECONDS = 8
Fault = Callable[[Node], None]


def on_ray(bench: Bench, report: Report, posts: int = POSTS) -> Executor:
    bench.folder.mkdir(parents=True, exist_ok=True)
    return Cluster(replace(bench.program, on="ray", slots=posts)).executor(bench.repo, bench.folder, report)


def that_sleeps(bench: Bench, report: Report) -> Executor:
    program = replace(bench.program, sandbox="1", run=f"sleep {SECONDS}.$OVERNIGHT_SEED; echo loss: 1")
    return on_ray(replace(bench, program=program), report)


def with_a_tpu(bench: Bench, report: Report) -> Executor:
    return that_sleeps(replace(bench, program=replace(bench.program, resources=(("tpu", 1.0),))), report)


def that_counts(bench: Bench, report: Report) -> Executor:
    """To a hundred in ten seconds, and it goes on from where it was."""
    count = "while [ $n -lt 100 ]; do sleep 0.1$OVERNIGHT_SEED; n=$((n+1)); echo $n > new; mv new ck; done"
    run = f"n=$(cat ck || echo 0); echo began $n $OVERNIGHT_USED; {count}; echo loss: $n"
    return on_ray(replace(bench, program=replace(bench.program, sandbox="1", run=run, resume="ck")), report, posts=2)


def from_outside(bench: Bench, report: Report) -> Executor:
    """By Ray's client, as from a laptop."""
    bench.folder.mkdir(parents=True)
    program = replace(bench.program, on=f"ray://{HEAD}:10001", sandbox="1")
    return Cluster(program).executor(bench.repo, bench.folder, report)


def that_sleeps_far_away(bench: Bench, report: Report) -> Executor:
    program = replace(bench.program, slots=2, run=f"sleep {SECONDS}.$OVERNIGHT_SEED; echo loss: 1")
    return from_outside(replace(bench, program=program), report)


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
    """All of it, or these parts: a fault's name, doctor, conform, client, resources, uv, resume, coordinator, head."""
    bring_up_network()
    (folder / "home").mkdir()
    settle_environment(folder / "home", secrets.token_hex(16))
    head = start_head(folder / "head.log")
    nodes = [Node.start(number, 1, folder) for number in range(POSTS)]
    if not parts or "doctor" in parts:
        say(**doctored(folder))
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
    if not parts or "resources" in parts:
        say(**only_where_it_is(folder, Node.start(20, 3, folder, '--resources={"tpu": 2}')))
    if not parts or "uv" in parts:
        (folder / "uv").mkdir()
        say(**made_once_on_each_node(folder / "uv"))
    if not parts or "resume" in parts:
        say(**goes_on_elsewhere(folder, nodes))
    if not parts or "coordinator" in parts:
        say(**coordinator_killed(folder / "killed"))
    if not parts or "head" in parts:
        heads = [head]
        say(**head_killed(folder / "headless", head, lambda: heads.append(begun_again(folder, 30))))
        say(**head_lost_from_outside(folder, heads[-1]))


def doctored(folder: Path) -> dict[str, object]:
    """What `overnight doctor` says of the cluster, from inside of it and from outside."""
    command = [sys.executable, "-m", "overnight", "doctor", "--json", "--on"]
    ways = [
        subprocess.run([*command, on], cwd=folder, capture_output=True, check=False)
        for on in ("ray", f"ray://{HEAD}:10001")
    ]
    return {"doctor": [json.loads(way.stdout) for way in ways], "exit": [way.returncode for way in ways]}


def only_where_it_is(folder: Path, node: Node) -> dict[str, object]:
    """Three slots are wanted that hold a `tpu` each; one node of several has any, and it has two."""
    with Rig.of(with_a_tpu, folder / "resources") as rig:
        until(lambda: len(rig.executor.free()) == 2, "no slots on the node that has it")
        runs = [rig.start(SLEEPS, slot) for slot in rig.executor.free()]
        until(lambda: all(map(_processes, runs)), "no run begins")
        there = [bool(node.find(f"sleep {SECONDS}.{run.seed}")) for run in runs]
        statuses = [str(rig.result(run).status) for run in runs]
        until(lambda: len(rig.executor.free()) >= 2, "its slots are not free again")
        return {"resources": there, "statuses": statuses, "slots": len(rig.executor.free())}


def goes_on_elsewhere(folder: Path, nodes: list[Node]) -> dict[str, object]:
    """Its worker is killed when a third of it is done."""
    with Rig.of(that_counts, folder / "resume") as rig:
        until(lambda: len(rig.executor.free()) == 2, "not two slots")
        run = rig.start(SLEEPS)
        kept = rig.bench.folder / "checkpoints"
        until(lambda: any(int(path.read_text()) > 33 for path in kept.glob("*/*/files/ck")), "nothing is kept")
        worker_killed(next(node for node in nodes if node.find("-lt 100")))
        trial = rig.result(run)
        _, began, used = (rig.bench.folder / "runs" / run.id / "run.log").read_text().split()[:3]
        return {
            "resumed": str(trial.status),
            "began": int(began),
            "used": float(used),
            "wall": trial.usage.wall_seconds,
            "counted": trial.scores["loss"].value,
            "results": len(rig.results(run)),
            "left": [path.name for path in kept.iterdir()],
        }


def begun_again(folder: Path, number: int) -> Node:
    """Another head at the same place, and two nodes."""
    head = start_head(folder / f"head-{number}.log")
    for more in range(2):
        Node.start(number + more, 1, folder)
    return head


def head_lost_from_outside(folder: Path, head: Node) -> dict[str, object]:
    with Rig.of(that_sleeps_far_away, folder / "outside") as rig:
        until(lambda: len(rig.executor.free()) == 2, "not two slots")
        runs = [rig.start(SLEEPS, slot) for slot in rig.executor.free()]
        until(lambda: all(map(_processes, runs)), "no run begins")
        head.signal(signal.SIGKILL)
        begun_again(folder, 50)
        statuses = [str(rig.result(run).status) for run in runs]
        return {"from_outside": statuses, "results": [len(rig.results(run)) for run in runs]}


def say(**found: object) -> None:
    print(json.dumps(found), flush=True)


def _processes(run: Run) -> list[psutil.Process]:
    wanted = ["sleep", f"{SECONDS}.{run.seed}"]
    return [process for process in psutil.process_iter(["cmdline"]) if process.info["cmdline"] == wanted]


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
