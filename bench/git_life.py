"""What one experiment costs in git: ours against the shell loop that people write, side by side in one run.

    python -m bench.git_life [--files 5] [--times 60] [--in FOLDER]

The shell loop is `git worktree add`, one edit, `git commit`, moving the branch, `git worktree remove`. Ours is what
the night does for a kept experiment: snapshot, checkout, log entry, log ref, kept commit, branch ref, folder removed;
that is a ref, two commits and a record more than the loop writes. Sandbox, ledger and the run itself are not in it.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from overnight.repo.checkout import Pristine
from overnight.repo.refs import kept_commit, log_entry, log_genesis, move
from overnight.repo.repo import Repo
from overnight.repo.snapshot import snapshot

LOG, BRANCH = "refs/overnight/bench/log", "refs/heads/ours"
SHELL = """
set -e
git worktree add -q --detach ../shell shell
cd ../shell && echo 'LR = {n}' > file0.py
git commit -qam 'try {n}' && git branch -qf shell HEAD
cd ../project && git worktree remove --force ../shell
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=5, help="tracked files in the repository")
    parser.add_argument("--times", type=int, default=60, help="experiments each way")
    parser.add_argument("--in", dest="folder", help="where to make the repository, e.g. a tmpfs")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as place:
        root = project(Path(place) / "project", given.files)
        shell, ours = compare(root, given.times)
    print(f"{given.files} files, {given.times} experiments each, median ms per experiment")
    print(f"shell loop {shell:7.1f}\nours       {ours:7.1f}\nratio      {ours / shell:7.2f}")


def project(root: Path, files: int) -> Path:
    root.mkdir()
    for number in range(files):
        folder = root / f"package{number // 50}" if number else root
        folder.mkdir(exist_ok=True)
        (folder / f"file{number}.py").write_text(f"VALUE = {number}\n" * 50)
    sh("git init -q . && git config user.name bench && git config user.email bench@localhost", root)
    sh("git add -A && git commit -qm start && git branch shell && git branch ours", root)
    return root


def compare(root: Path, times: int) -> tuple[float, float]:
    """Interleaved, so that both meet the same machine."""
    repo = Repo.discover(root)
    life = Life(repo, root.parent)
    shell: list[float] = []
    ours: list[float] = []
    for n in range(times):
        shell.append(timed(lambda n=n: sh(SHELL.format(n=n), root)))  # type: ignore[misc]
        ours.append(timed(lambda n=n: life.experiment(n)))  # type: ignore[misc]
    repo.close()
    return statistics.median(shell), statistics.median(ours)


class Life:
    def __init__(self, repo: Repo, place: Path) -> None:
        self.repo, self.run = repo, place / "run"
        self.pristine = Pristine(repo, place / "cache")
        self.tip = repo.head()
        self.log = log_genesis(repo, 0.0, "bench")
        move(repo, LOG, self.log, None)

    def experiment(self, n: int) -> None:
        candidate = snapshot(self.repo, self.tip, {"file0.py": f"LR = {n}\n"}, f"try {n}", at=float(n))
        self.pristine.checkout(candidate, self.run)
        entry = log_entry(self.repo, self.log, candidate, b'{"experiment": %d}' % n, float(n), f"{n} keep")
        move(self.repo, LOG, entry, self.log)
        kept = kept_commit(self.repo, candidate, self.tip, f"keep {n}", float(n))
        move(self.repo, BRANCH, kept, self.tip)
        shutil.rmtree(self.run)
        self.log, self.tip = entry, kept


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1e3


def sh(command: str, cwd: Path) -> None:
    subprocess.run(command, shell=True, cwd=cwd, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
