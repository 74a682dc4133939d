"""The gpt lab as it starts, against a plain GPT of the same shape.

    python -m bench.gpt_against_plain [pairs] [seconds]

Both run in copies of the lab, one thread each, side by side on two cores, in boxes of the same CPU seconds, and are
scored on the same text. First the plain one (bench/plain_gpt.py) is tried at three rates; at the best of them it meets
the lab in pairs of the same seed. The bars, each with all of its interval: lower val_bpb, and at least 0.75 of the
tokens a second. Two to four minutes. Not said by this: which is better after an hour, or at another size.
"""

from __future__ import annotations

import math
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from overnight.judge.claim import t_quantile
from overnight.program.knobs import find_knobs

HERE = Path(__file__).parent
LAB = HERE.parent / "labs" / "gpt"
RATES = (0.0015, 0.003, 0.006)
# What the lab does for itself: no page faults for activations.
FAIR = {
    "OMP_NUM_THREADS": 1,
    "MALLOC_MMAP_THRESHOLD_": 1 << 30,
    "MALLOC_TRIM_THRESHOLD_": 1 << 30,
    "MALLOC_TOP_PAD_": 1 << 26,
}
LEAST_SPEED = 0.75


def main(pairs: int, seconds: float) -> None:
    if find_spec("torch") is None:
        print("skipped: torch is not installed (pip install 'overnight[gpt]')")
        return
    with tempfile.TemporaryDirectory() as name:
        folders = [Path(name, each) for each in ("ours", "plain")]
        for folder in folders:
            shutil.copytree(LAB, folder, ignore=shutil.ignore_patterns("data", "__pycache__", "*.npz"))
            shutil.copy(HERE / "plain_gpt.py", folder)
            subprocess.run([sys.executable, "prepare.py"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        rate = best_rate(folders, seconds)
        met = [both(folders, seconds, rate, seed) for seed in range(1, pairs + 1)]
    report(met, rate)


def best_rate(folders: Sequence[Path], seconds: float) -> float:
    """Two seeds for each rate, which the pairs do not use."""
    tried = {}
    for rate in RATES:
        runs = [start(folder, "plain_gpt.py", seconds, rate, 1000 + i) for i, folder in enumerate(folders)]
        tried[rate] = statistics.mean(ended(run)["val_bpb"] for run in runs)
        print(f"plain, rate {rate}: val_bpb {tried[rate]:.4f}", flush=True)
    return min(tried, key=lambda rate: tried[rate])


Numbers = dict[str, float]


def both(folders: Sequence[Path], seconds: float, rate: float, seed: int) -> tuple[Numbers, Numbers]:
    scripts = ("train.py", "plain_gpt.py")
    runs = [start(folder, script, seconds, rate, seed) for folder, script in zip(folders, scripts, strict=True)]
    ours, plain = (ended(run) for run in runs)
    print(f"pair {seed}: {ours['val_bpb']:.4f} against {plain['val_bpb']:.4f}", flush=True)
    return ours, plain


def start(folder: Path, script: str, seconds: float, rate: float, seed: int) -> subprocess.Popen[str]:
    told = {"OVERNIGHT_TIME_BOX": seconds, "OVERNIGHT_CLOCK": "cpu", "OVERNIGHT_SEED": seed, "PLAIN_RATE": rate, **FAIR}
    env = {**os.environ, **{key: str(value) for key, value in told.items()}, "PLAIN_SHAPE": shape()}
    return subprocess.Popen([sys.executable, script], cwd=folder, env=env, text=True, stdout=subprocess.PIPE)


def shape() -> str:
    """Layers, width, heads, length and rows of the lab, from its knobs."""
    knob = {
        each.name: int(each.value) for each in find_knobs((LAB / "train.py").read_text()) if "RATE" not in each.name
    }
    heads = round(knob["DEPTH"] * knob["ASPECT"] / knob["HEAD_DIM"])
    rows = knob["BATCH"] // knob["SEQUENCE"]
    return f"{knob['DEPTH']} {heads * knob['HEAD_DIM']} {heads} {knob['SEQUENCE']} {rows}"


def ended(run: subprocess.Popen[str]) -> Numbers:
    output = run.communicate()[0]
    if run.returncode:
        sys.exit(f"a run failed, so there is no comparison:\n{output}")
    return {key: float(value) for key, value in re.findall(r"^(\w+): +(\S+)$", output, re.MULTILINE)}


def report(met: Sequence[tuple[Numbers, Numbers]], rate: float) -> None:
    better = interval([math.log(plain["val_bpb"] / ours["val_bpb"]) for ours, plain in met])
    speed = interval([math.log(ours["tokens_per_second"] / plain["tokens_per_second"]) for ours, plain in met])
    print(f"\n{len(met)} pairs, shape (layers, width, heads, length, rows) {shape()}; mean, 95 % interval")
    print(f"{'':24}{'the lab':>10}{f'plain, {rate}':>15}   the lab is")
    print(row("val_bpb", met, "{:.4f}") + f"   {said([100 * (1 - math.exp(-each)) for each in better])} % lower")
    ratio = [math.exp(each) for each in speed]
    print(row("tokens_per_second", met, "{:.0f}") + f"   {said(ratio)} times as fast")
    held = better[1] > 0 and ratio[1] >= LEAST_SPEED
    print(
        "both bars hold"
        if held
        else "NOT HELD: val_bpb lower, and at least 0.75 of the speed, with all of the interval"
    )


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """The mean, and its 95 % interval by Student's t."""
    mean = statistics.mean(values)
    half = t_quantile(len(values) - 1) * statistics.stdev(values) / math.sqrt(len(values))
    return mean, mean - half, mean + half


def row(name: str, met: Sequence[tuple[Numbers, Numbers]], form: str) -> str:
    ours, plain = (form.format(statistics.mean(pair[side][name] for pair in met)) for side in (0, 1))
    return f"{name:24}{ours:>10}{plain:>15}"


def said(values: Sequence[float]) -> str:
    mean, low, high = values
    return f"{mean:.2f} ({low:.2f} to {high:.2f})"


if __name__ == "__main__":
    given = [float(word) for word in sys.argv[1:]] + [6.0, 8.0][len(sys.argv) - 1 :]
    main(int(given[0]), given[1])
