"""1,000 runs of `sleep 1` on a Ray cluster of 4 nodes with 5 slots each, by our executor: 50 seconds are ideal.

The nodes are on this machine, each with a network of its own, so it needs Linux, `unshare`, `ip`, and Ray:
`python -m bench.ray_sleep`. Beside it the same by plain Ray tasks that do nothing but sleep, which is what Ray and this
machine can do at best.
"""

from __future__ import annotations

import importlib
import secrets
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil

from overnight.compute.cluster import Cluster
from overnight.compute.executor import Executor, Report
from overnight.model import Heartbeat, Status, Trial
from overnight.testing.executors import SCORES, Bench, Rig
from tests.compute.ray_nodes import Node, bring_up_network, settle_environment, start_head, until
from tests.compute.test_ray import ALONE

NODES, SLOTS, RUNS, SECONDS = 4, 5, 1000, 1.0
IDEAL = RUNS * SECONDS / (NODES * SLOTS)


def main() -> None:
    if len(sys.argv) > 1:
        measure(Path(sys.argv[1]))
        return
    with tempfile.TemporaryDirectory(prefix="ray-sleep-") as folder:
        subprocess.run([*ALONE, sys.executable, "-m", "bench.ray_sleep", folder], check=True)


def measure(folder: Path) -> None:
    """In namespaces of its own."""
    bring_up_network()
    settle_environment(folder, secrets.token_hex(16))
    start_head(folder / "head.log")
    for number in range(NODES):
        Node.start(number, SLOTS, folder)
    plain = tasks()
    print(f"plain Ray tasks: {plain:.1f} s, {IDEAL / plain:.1%} of the ideal {IDEAL:.0f} s", flush=True)
    with Rig.of(executor, folder / "rig") as rig:
        until(lambda: len(rig.executor.free()) == NODES * SLOTS, "not all slots come up", seconds=300)
        before, ours = cpu_seconds(), runs(rig)
        each = (cpu_seconds() - before) / RUNS
    print(f"our executor:    {ours:.1f} s, {IDEAL / ours:.1%}; {each * 1000:.0f} ms of CPU a run, of all processes")


def executor(bench: Bench, report: Report) -> Executor:
    bench.folder.mkdir(parents=True)
    program = replace(bench.program, on="ray", slots=NODES * SLOTS, sandbox="1", run=f"sleep {SECONDS:g}; echo loss: 1")
    return Cluster(program).executor(bench.repo, bench.folder, report)


def runs(rig: Rig) -> float:
    """From the first submission to the last result, with a free slot filled as a night would: when it is told of."""
    waiting = [rig.run(SCORES) for _ in range(RUNS)]
    began, ended = time.monotonic(), 0
    while ended < RUNS:
        for slot in rig.executor.free():
            if waiting:
                rig.executor.submit(waiting.pop(), 1, slot)
        with rig.changed:
            rig.changed.wait(0.2)
            results = [word for word in rig.said if not isinstance(word, Heartbeat)]
            assert all(isinstance(word, Trial) and word.status is Status.OK for word in results), results[-1]
            ended += len(results)
            rig.said.clear()
    return time.monotonic() - began


def cpu_seconds() -> float:
    """Of everything in these namespaces, with what has ended and been waited for."""
    return sum(sum(process.cpu_times()[:4]) for process in psutil.process_iter())


def tasks() -> float:
    ray: Any = importlib.import_module("ray")
    ray.init("auto", log_to_driver=False, logging_level="ERROR")
    sleep = ray.remote(lambda seconds: time.sleep(seconds)).options(num_cpus=1)
    ray.get([sleep.remote(0.0) for _ in range(10 * NODES * SLOTS)])  # workers are started
    began = time.monotonic()
    ray.get([sleep.remote(SECONDS) for _ in range(RUNS)])
    took = time.monotonic() - began
    ray.shutdown()
    return took


if __name__ == "__main__":
    main()
