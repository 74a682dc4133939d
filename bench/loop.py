"""What one experiment costs beside itself: our whole loop against the shell loop that people write, side by side.

Both make a change, commit it, check it out apart, run a command of 10 ms that prints a number, read that, and clean up.
Ours has a sandbox, a ledger, a judge and a log of what was discarded beside. The first ten experiments are left out
(starting up is told apart), rounds take turns, and the ratio is the median of theirs.

    python -m bench.loop [--experiments 60] [--rounds 5] [--level 3] [--in FOLDER]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import tempfile
from pathlib import Path

from overnight import wiring
from overnight.ledger.ledger import Reader
from overnight.model import Experiment
from overnight.night.watcher import Nobody
from overnight.testing import Scripted

FIRST = 10  # experiments that are not counted
COMMAND = "sleep 0.01; echo loss: 1"
PROGRAM = """---
edit: train.py
run: '{command}'
metric: loss
goal: minimize
time_box: 5s
python: self
policy: greedy
sandbox: {level}
---
"""
SHELL = """
set -e
for i in $(seq 1 {n}); do
    git worktree add -q --detach ../wt-$i
    echo "x = $i" > ../wt-$i/train.py
    git -C ../wt-$i commit -qam "experiment $i"
    (cd ../wt-$i && sh -c '{command}' > ../run-$i.log 2>&1)
    grep '^loss:' ../run-$i.log | tail -n 1 > /dev/null
    git worktree remove --force ../wt-$i
    date +%s.%N
done
"""


class Lines(Scripted):
    """Has said what it says before anybody asks."""

    def __init__(self) -> None:
        super().__init__([{"train.py": f"x = {i}\n"} for i in range(1, 20_000)])


class Silent(Lines):
    """Remembers nothing of what it is told."""

    def observe(self, experiment: Experiment) -> None: ...


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--experiments", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--level", default="auto", help="of isolation: 3, 2, 1")
    parser.add_argument("--in", dest="folder", help="where to make the repositories, e.g. a tmpfs; the home otherwise")
    given = parser.parse_args()
    pairs = [one_round(given.experiments, given.level, given.folder) for _ in range(given.rounds)]
    ours, shell = zip(*pairs, strict=True)
    print(f"per experiment, {given.rounds} rounds of {given.experiments}, level {given.level}, median ms")
    print(f"shell loop {statistics.median(shell) * 1e3:7.1f}\nours       {statistics.median(ours) * 1e3:7.1f}")
    print(f"ratio      {statistics.median(a / b for a, b in pairs):7.2f}   (load {os.getloadavg()[0]:.1f})")


def one_round(experiments: int, level: str, folder: str | None) -> tuple[float, float]:
    """Seconds an experiment: ours, and the shell's."""
    with at_home(folder) as place:
        os.environ["XDG_CACHE_HOME"] = f"{place}/cache"
        return ours(repository(Path(place) / "ours", level), experiments), shell(
            repository(Path(place) / "shell", level), experiments
        )


def at_home(folder: str | None = None) -> tempfile.TemporaryDirectory[str]:
    """A folder as nights have it, below the home: a run has a /tmp of its own, in which the folders on the way to what
    lies below /tmp are made anew."""
    return tempfile.TemporaryDirectory(prefix=".overnight-bench-", dir=folder or Path.home())


def repository(folder: Path, level: str = "auto", command: str = COMMAND) -> Path:
    root = folder / "repo"
    root.mkdir(parents=True)
    for name in ("prepare.py", "README.md", "LICENSE", ".gitignore"):
        (root / name).write_text(f"# {name}\n")
    (root / "train.py").write_text("x = 0\n")
    (root / "program.md").write_text(PROGRAM.format(level=level, command=command))
    for args in (
        ("init", "-q"),
        ("config", "user.name", "b"),
        ("config", "user.email", "b@x"),
        ("add", "-A"),
        ("commit", "-qm", "start"),
    ):
        subprocess.run(["git", *args], cwd=root, check=True)
    return root


def ours(root: Path, experiments: int) -> float:
    flags = {"agent": "bench.loop:Lines", "experiments": str(experiments)}
    wiring.work(wiring.load(root / "program.md", flags), "bench", Nobody())
    with Reader.open(root / ".git/overnight/bench") as reader:
        at = [entry.elapsed for entry in reader.since() if entry.event.kind == "recorded"]
    return per_experiment(at)


def shell(root: Path, experiments: int) -> float:
    script = SHELL.format(n=experiments, command=COMMAND)
    said = subprocess.run(["bash", "-c", script], cwd=root, check=True, capture_output=True, text=True).stdout
    return per_experiment([float(line) for line in said.split()])


def per_experiment(at: list[float]) -> float:
    return (at[-1] - at[FIRST]) / (len(at) - 1 - FIRST)


if __name__ == "__main__":
    main()
