"""The table: one line for each world, length of night and policy."""

from __future__ import annotations

from collections.abc import Sequence

from bench.rigor.cells import Cell, Figure, covered, excess, false_kept, false_proven, held, mean, proven_held, spent
from bench.rigor.truth import Outcome
from overnight.model import Purpose

COLUMNS = {
    "world": 19,
    "runs": 5,
    "policy": 15,
    "branch": 12,
    "proven": 12,
    "false kept": 10,
    "false proven": 12,
    "0 kept": 6,
    "0 proven": 8,
    "kept": 6,
    "proven n": 8,
    "keeps in 95 %": 15,
    "says − true": 13,
    "in 95 %": 7,
    "base/screen/repeat/incumbent/ablation/claim": 0,
}

NOTE = """\
Gains in % of the metric, ± standard error. branch: true gain of what the branch holds in the end. proven: true gain
of what is called proven (repeatable on a task with one set). false: worth nothing or less in truth; its share. 0:
share of the nights without any. keeps in 95 %: share of the keeps whose own interval holds the truth / of the proven.
says: the claim, or else the last kept score against the first. in 95 %: share of the claims whose interval holds the
truth; on one set a claim is read on the examples that the keeps were picked on, and is too high. The last column:
runs spent on what, in the mean."""


def header() -> str:
    return "  ".join(name.rjust(width) if width else name for name, width in COLUMNS.items())


def line(cell: Cell, nights: Sequence[Outcome]) -> str:
    words = zip(_row(cell, nights), COLUMNS.values(), strict=True)
    return "  ".join(word.rjust(width) for word, width in words)


def _row(cell: Cell, nights: Sequence[Outcome]) -> list[str]:
    proves = any(night.proven for night in nights)
    inside = covered(nights)
    return [
        f"{cell.mix} {cell.sigma:g}",
        str(cell.runs) if cell.slots == 1 else f"{cell.slots}×{cell.runs}",
        cell.policy,
        _gain(mean(nights, lambda night: night.worth)),
        _gain(mean(nights, lambda night: night.proven_worth)) if proves else "",
        _share(false_kept(nights)),
        _share(false_proven(nights)) if proves else "",
        f"{mean(nights, lambda night: not night.kept).value:.0%}",
        f"{mean(nights, lambda night: not night.proven).value:.0%}" if proves else "",
        f"{mean(nights, lambda night: night.kept).value:.1f}",
        f"{mean(nights, lambda night: night.proven).value:.2f}" if proves else "",
        _held(nights) if any(night.bounded for night in nights) else "",
        _gain(excess(nights), "+"),
        f"{inside.value:.0%}" if inside else "",
        "/".join(f"{spent(nights, purpose):.0f}" for purpose in Purpose),
    ]


def _gain(figure: Figure, sign: str = "") -> str:
    return f"{figure.value:{sign}.2f} ± {figure.error:.2f}"


def _share(figure: Figure) -> str:
    return f"{100 * figure.value:.0f} ± {100 * figure.error:.1f} %"


def _held(nights: Sequence[Outcome]) -> str:
    return f"{100 * held(nights).value:.1f} / {100 * proven_held(nights).value:.1f} %"
