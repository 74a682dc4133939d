"""Harness time of an experiment, ours beside two published loops: labloop (keep or revert in git) and OpenEvolve (an
archive of programs, no git). Each has a proposer that costs nothing and a command of 10 ms that prints a number, and
runs one at a time; the time is that between two lengths of a session, so that starting up is not in it.

    python -m venv /tmp/peers && /tmp/peers/bin/pip install labloop openevolve
    python -m bench.peers --bin /tmp/peers/bin [--experiments 60] [--rounds 3] [--openevolve 100,1000]

labloop's proposer is a command (`sh`), in its bubblewrap as it comes (and without, in the second figure); OpenEvolve's
is a server on this machine that answers as a model would; ours is a class. So each pays for what its users would have.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from bench.loop import COMMAND, ours, repository

SHORT = 10  # experiments of the shorter session
EVALUATOR = """
import subprocess, sys
def evaluate(path):
    out = subprocess.run(["sh", "-c", {command!r}], capture_output=True, text=True, check=True).stdout
    return {{"combined_score": -float(out.split()[-1])}}
"""
CONFIG = """
max_iterations: {n}
checkpoint_interval: 100000
log_level: ERROR
diff_based_evolution: false
llm:
  api_base: {url}
  api_key: none
  models: [{{name: none, weight: 1.0}}]
evaluator: {{parallel_evaluations: 1, cascade_evaluation: false}}
database: {{population_size: 50, archive_size: 20, num_islands: 2}}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=Path, required=True, help="where labloop and openevolve-run are")
    parser.add_argument("--experiments", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--openevolve", default="100", help="lengths of its sessions; empty: leave it out")
    given = parser.parse_args()
    ways: dict[str, Callable[[Path], float]] = {
        "overnight": lambda root: ours(root, given.experiments),
        "labloop": lambda root: labloop(given.bin, root, given.experiments, ()),
        "labloop, no sandbox": lambda root: labloop(given.bin, root, given.experiments, ("--sandbox", "none")),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(given.rounds):
        for name, way in ways.items():
            with tempfile.TemporaryDirectory() as place:
                os.environ["XDG_CACHE_HOME"] = f"{place}/cache"
                seconds[name].append(way(repository(Path(place))))
    print(f"median ms an experiment, {given.rounds} rounds of {given.experiments}, load {os.getloadavg()[0]:.1f}")
    for name, found in seconds.items():
        ratio = statistics.median(a / b for a, b in zip(seconds["overnight"], found, strict=True))
        print(f"{name:22} {statistics.median(found) * 1e3:7.1f}   overnight takes {ratio:.2f} of it", flush=True)
    for length in filter(None, given.openevolve.split(",")):
        print(f"OpenEvolve, {int(length):,} iterations: {openevolve(given.bin, int(length)) * 1e3:.1f} ms", flush=True)


def labloop(folder: Path, root: Path, experiments: int, options: tuple[str, ...]) -> float:
    common = ["--run", COMMAND, "--metric", "loss"]
    (root / ".gitignore").write_text(".labloop\n.labloop*\n*.jsonl\n")
    subprocess.run(["git", "commit", "-qam", "ignore"], cwd=root, check=True)
    run(folder / "labloop", "baseline", *common, cwd=root)
    propose = ["--propose", "sh -c 'date +%s%N > train.py'", *options]
    took = []
    for trials in (SHORT, experiments):
        start = time.perf_counter()
        run(folder / "labloop", "run", *common, *propose, "--trials", str(trials), cwd=root)
        took.append(time.perf_counter() - start)
    return (took[1] - took[0]) / (experiments - SHORT)


def openevolve(folder: Path, iterations: int) -> float:
    """Of the second half: its archive is smaller in the first."""
    took = []
    with answering() as url:
        for n in (max(10, iterations // 2), iterations):
            with tempfile.TemporaryDirectory() as place:
                (Path(place) / "train.py").write_text("# EVOLVE-BLOCK-START\nx = 0\n# EVOLVE-BLOCK-END\n")
                (Path(place) / "evaluate.py").write_text(EVALUATOR.format(command=COMMAND))
                (Path(place) / "config.yaml").write_text(CONFIG.format(n=n, url=url))
                files = ("train.py", "evaluate.py", "--config", "config.yaml", "--iterations", str(n))
                start = time.perf_counter()
                run(folder / "openevolve-run", *files, cwd=Path(place))
                took.append(time.perf_counter() - start)
    return (took[1] - took[0]) / (iterations - max(10, iterations // 2))


@contextmanager
def answering() -> Iterator[str]:
    """A model that says another program each time, at once."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()


class Model(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        text = f"```python\n# EVOLVE-BLOCK-START\nx = {time.time_ns()}\n# EVOLVE-BLOCK-END\n```"
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
        body = json.dumps({"id": "x", "object": "chat.completion", "created": 0, "model": "none", "choices": [choice]})
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None: ...


def run(*command: str | Path, cwd: Path) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{command[0]} failed: {done.stdout[-500:]} {done.stderr[-1500:]}")


if __name__ == "__main__":
    main()
