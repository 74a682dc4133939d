"""How a demo of the gpt lab ends: real nights one after the other, each with seeds of its own.

    python -m bench.demo_nights 20 /tmp/nights      (about four minutes a night on two cores; goes on where it was left)

Prints a line a night and the sum. The folder keeps every night with its ledger: `overnight -C FOLDER/night7 report`.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from overnight.ledger.ledger import Reader
from overnight.ledger.views import Summary, nights, summary
from overnight.model import Standing
from overnight.repo.repo import Repo


def night(folder: Path) -> Summary:
    """Of the demo in `folder`, which is run where it has not been run to its end."""
    if not folder.exists() or read(folder).state != "finished":
        shutil.rmtree(folder, ignore_errors=True)
        demo = [str(Path(sys.executable).with_name("overnight")), "demo", "gpt", "--into", str(folder)]
        subprocess.run(demo, stdout=subprocess.DEVNULL, check=True)
    return read(folder)


def read(folder: Path) -> Summary:
    with closing(Repo.discover(folder)) as repo, Reader.open(nights(repo.common_dir)[-1]) as reader:
        return summary(reader, held=False)


def main(count: int, into: Path) -> None:
    gains, runs, seconds = [], [], []
    for number in range(1, count + 1):
        seen = night(into / f"night{number}")
        runs.append(seen.runs)
        seconds.append(seen.elapsed)
        proven = sum(worth.standing is Standing.PROVEN for worth in seen.worths)
        line = f"{number:3}  {seen.runs} runs in {seen.elapsed:.0f} s, {proven} of {len(seen.worths)} keeps proven"
        if claim := seen.claim:
            gain, low, high = (100 * value / claim.baseline for value in (claim.gain, claim.low, claim.high))
            gains.append((gain, low))
            line += f", claim {gain:.1f} % (95 %: {low:.1f} to {high:.1f})"
        print(line, flush=True)
    shown = sum(low > 0 for _, low in gains)
    print(f"{shown} of {count} nights ended with a gain that is proven", end="")
    if gains:
        middle = statistics.median(gain for gain, _ in gains)
        print(f"; claims {min(gains)[0]:.1f} to {max(gains)[0]:.1f} %, median {middle:.1f} %", end="")
    print(f"; {statistics.mean(runs):.1f} runs and {statistics.mean(seconds):.0f} s on average")


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
