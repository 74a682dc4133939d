"""Whether what runs behind walls is slower there: the same work bare and at each level that holds, in turns.

`python -m bench.sandbox_inside [batches]`. A worker of each kind lives through a batch and is asked for one piece of
work after another, all kinds in turns, so that whatever else the machine does falls on all of them. A ratio is that of
two pieces done one after the other; what is told is the median of a batch's ratios, over the batches, and between which
values 95 % of the medians of resampled batches lie. Each batch has workers of its own, since where a process lies in
memory is luck that stays with it. The clock is the worker's own, so that what starting takes is not in it:
`sandbox_cost.py` has that.
"""

from __future__ import annotations

import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from bench.sandbox_cost import LIMITS, walls_of
from overnight.measure.process import Spec, Warden
from overnight.measure.sandbox.choose import BUILDERS, examine
from overnight.model import Level

BATCHES, ROUNDS = 10, 12
KINDS: Mapping[str, str] = {
    "arithmetic in Python": "sum(i * i for i in range(200_000))",
    "matrix products": "[a @ a for _ in range(12)]",
    "copies of 64 MB": "np.copyto(b, c)",
    "new memory, 32 MB": "bytearray(b'x') * 32_000_000",
    "100 small files": "files(100)",
    "2,000 times stat": "[os.stat('.') for _ in range(2_000)]",
    "10 processes": "[subprocess.run(['/bin/true']) for _ in range(10)]",
    "2 threads in turns": "pingpong(300)",
    "training steps (torch)": "[step() for _ in range(10)]",
}
WORKER = """
import os, socket, subprocess, sys, threading, time
import numpy as np

a = np.random.default_rng(1).normal(size=(300, 300))
b, c = np.zeros(8_000_000), np.ones(8_000_000)

def files(count):
    for number in range(count):
        with open(f"{number}.txt", "w") as file:
            file.write("x" * 1000)
    for number in range(count):
        with open(f"{number}.txt") as file:
            file.read()
        os.unlink(f"{number}.txt")

def pingpong(times):
    ping, pong = threading.Semaphore(0), threading.Semaphore(0)
    def other():
        for _ in range(times):
            ping.acquire()
            pong.release()
    thread = threading.Thread(target=other)
    thread.start()
    for _ in range(times):
        ping.release()
        pong.acquire()
    thread.join()

try:
    import torch
    model = torch.nn.Sequential(torch.nn.Linear(128, 256), torch.nn.GELU(), torch.nn.Linear(256, 128))
    optimiser = torch.optim.AdamW(model.parameters())
    rows = torch.randn(64, 128)
    def step():
        optimiser.zero_grad()
        ((model(rows) - rows) ** 2).mean().backward()
        optimiser.step()
except ImportError:
    torch = None

line = socket.socket(fileno=3)
while asked := line.recv(1000).decode():
    if "step()" in asked and torch is None:
        line.sendall(b"0")
        continue
    start = time.perf_counter()
    eval(asked)
    line.sendall(repr(time.perf_counter() - start).encode())
"""
Worker = socket.socket


def argv() -> tuple[str, ...]:
    return (sys.executable, "-c", WORKER)


def environment(run: Path) -> dict[str, str]:
    return {"TMPDIR": str(run / "tmp"), "HOME": str(run / "home"), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


@contextmanager
def bare(folder: Path) -> Iterator[Worker]:
    walls_of(folder)
    line, theirs = socket.socketpair()
    give = ["/bin/sh", "-c", f'exec "$@" 3<&{theirs.fileno()}', "sh", *argv()]
    run = folder / "run"
    with subprocess.Popen(give, env=environment(run), cwd=run / "tree", pass_fds=[theirs.fileno()]), line:
        theirs.close()
        yield line


@contextmanager
def behind(level: Level, warden: Warden, folder: Path) -> Iterator[Worker]:
    walls, run = walls_of(folder), folder / "run"
    spec = Spec(argv(), environment(run), str(run / "tree"), str(folder / "log"), 3600, **LIMITS)
    line, theirs = socket.socketpair()
    with theirs:
        running = warden.start(BUILDERS[level](folder / "walls").confine(spec, walls), theirs)
    with line:
        yield line
    ended = running.wait(lambda *_: None)
    assert ended.code == 0, (ended, (folder / "log").read_text())


def seconds(worker: Worker, work: str) -> float:
    worker.sendall(work.encode())
    return float(worker.recv(100))


def batch(levels: list[Level], warden: Warden, rng: random.Random) -> dict[tuple[str, str], float]:
    """The median ratio of each kind of work at each level."""
    ratios: dict[tuple[str, str], list[float]] = {}
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name).resolve()
        workers = {"bare": stack.enter_context(bare(folder / "bare"))}
        for level in levels:
            workers[str(level)] = stack.enter_context(behind(level, warden, folder / str(level)))
        for turn in range(ROUNDS + 1):
            for kind, work in KINDS.items():
                order = rng.sample(list(workers), len(workers))
                took = {way: seconds(workers[way], work) for way in order}
                if turn and took["bare"]:  # the first is for warming up
                    for level in levels:
                        ratios.setdefault((kind, str(level)), []).append(took[str(level)] / took["bare"])
    return {key: statistics.median(values) for key, values in ratios.items()}


def interval(medians: list[float], rng: random.Random) -> tuple[float, float]:
    drawn = sorted(statistics.median(rng.choices(medians, k=len(medians))) for _ in range(2000))
    return drawn[50], drawn[-51]


def main(batches: int) -> None:
    rng, levels = random.Random(1), [level for level in BUILDERS if examine(level).holds]
    with closing(Warden()) as warden:
        found = [batch(levels, warden, rng) for _ in range(batches)]
    print(f"{'':24}" + "".join(f"level {level:<18}" for level in levels))
    for kind in dict.fromkeys(kind for kind, _ in found[0]):
        print(f"{kind:24}", end="")
        for level in levels:
            medians = [each[kind, str(level)] for each in found]
            low, high = interval(medians, rng)
            print(f"{statistics.median(medians):.3f} ({low:.3f} to {high:.3f})  ", end="")
        print()
    print(f"{batches} batches of {ROUNDS} rounds, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else BATCHES)
