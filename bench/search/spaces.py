"""Knobs for synthetic tasks: drawn kinds, scales and ranges, as the text of a file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

MIX = ("log", "log", "log", "lin", "lin", "frac", "below", "int", "intlog", "power", "power", "choice", "flag")


def drawn(rng: np.random.Generator, count: int, good: bool, mix: Sequence[str] = MIX) -> str:
    """A file of so many knobs; a good start lies in the middle of its ranges, a bad one anywhere."""
    kinds = [str(rng.choice(mix)) for _ in range(count)]
    at = rng.uniform(0.25, 0.75, count) if good else rng.uniform(0, 1, count)
    return "".join(_line(kind, i, float(at[i]), rng) for i, kind in enumerate(kinds))


def _line(kind: str, i: int, at: float, rng: np.random.Generator) -> str:
    match kind:
        case "log":
            low, decades = 10.0 ** float(rng.integers(-5, 0)), float(rng.choice([1.0, 2.0, 3.0]))
            return f"RATE_{i} = {low * 10 ** (decades * at):.3g}  # {low:g}..{low * 10**decades:g}, log\n"
        case "lin":
            high = float(rng.choice([1.0, 2.0, 10.0]))
            return f"SCALE_{i} = {high * at:.3g}  # 0.0..{high:g}\n".replace(" = 0 ", " = 0.0 ")
        case "frac":
            return f"DROPOUT_{i} = {0.02 + 0.6 * at:.2f}\n"
        case "below":
            return f"BETA_{i} = {rng.choice([0.8, 0.9, 0.95, 0.99])}\n"
        case "int":
            high = int(rng.choice([8, 12, 24]))
            return f"DEPTH_{i} = {1 + round((high - 1) * at)}  # 1..{high}\n"
        case "intlog":
            return f"UNITS_{i} = {round(10 * 100**at)}  # 10..1000, log\n"
        case "power":
            low = int(rng.integers(3, 6))
            return f"SIZE_{i} = 2**{low + round(6 * at)}  # 2**{low}..2**{low + 6}\n"
        case "choice":
            words = "abcdef"[: int(rng.integers(3, 7))]
            return f"KIND_{i} = '{rng.choice(list(words))}'  # {' | '.join(words)}\n"
        case _:
            return f"USE_{i} = {bool(at > 0.5)}\n"
