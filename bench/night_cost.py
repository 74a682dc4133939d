"""What one experiment costs beside the experiment itself: our whole loop against the shell loop that people write.

Both make a change, commit it, check it out, run `echo loss: 1`, read the number, and clean up; ours also keeps the
ledger, watches the processes, and records the discarded change. Side by side, in turns: `python bench/night_cost.py`
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from overnight import wiring
from overnight.night.watcher import Nobody
from overnight.testing import Scripted

EXPERIMENTS = 40
ROUNDS = 5

PROGRAM = """---
edit: train.py
run: 'echo loss: 1'
metric: loss
time_box: 5s
python: self
---
"""

SHELL = """
set -e
for i in $(seq 1 {n}); do
    git worktree add -q --detach ../wt-$i
    echo "x = $i" > ../wt-$i/train.py
    git -C ../wt-$i commit -qam "experiment $i"
    (cd ../wt-$i && sh -c 'echo loss: 1' > ../run-$i.log 2>&1)
    grep '^loss:' ../run-$i.log | tail -n 1 > /dev/null
    git worktree remove --force ../wt-$i
done
"""


class Lines(Scripted):
    def __init__(self) -> None:
        super().__init__([{"train.py": f"x = {i}\n"} for i in range(1, EXPERIMENTS + 1)])


def repository(folder: Path) -> Path:
    root = folder / "repo"
    root.mkdir(parents=True)
    for name in ("prepare.py", "README.md", "LICENSE", ".gitignore"):
        (root / name).write_text(f"# {name}\n")
    (root / "train.py").write_text("x = 0\n")
    (root / "program.md").write_text(PROGRAM)
    for args in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "start"]):
        subprocess.run(["git", "-c", "user.name=b", "-c", "user.email=b@x", *args], cwd=root, check=True)
    subprocess.run(["git", "config", "user.name", "b"], cwd=root, check=True)
    subprocess.run(["git", "config", "user.email", "b@x"], cwd=root, check=True)
    return root


def ours(root: Path) -> None:
    task = wiring.load(root / "program.md", {"agent": "bench.night_cost:Lines"})
    wiring.work(task, "bench", Nobody())
    task.repo.close()


def shell(root: Path) -> None:
    subprocess.run(["bash", "-c", SHELL.format(n=EXPERIMENTS)], cwd=root, check=True)


def seconds(do: Callable[[Path], None]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        root = repository(Path(folder))
        os.environ["XDG_CACHE_HOME"] = f"{folder}/cache"
        start = time.perf_counter()
        do(root)
        return (time.perf_counter() - start) / EXPERIMENTS


def main() -> None:
    pairs = [(seconds(ours), seconds(shell)) for _ in range(ROUNDS)]
    mine, theirs = (statistics.median(side) * 1000 for side in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    print(f"per experiment, {ROUNDS} rounds of {EXPERIMENTS}: ours {mine:.1f} ms, shell loop {theirs:.1f} ms")
    print(f"ratio, median of pairs: {ratio:.2f}   (load {os.getloadavg()[0]:.1f})")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    main()
