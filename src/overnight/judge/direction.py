"""Whether a metric is better low or high, where nobody wrote it down: from its name, or from what was kept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from overnight.errors import UsageError
from overnight.model import Call, Goal

LOW = {
    *(
        "loss",
        "bpb",
        "bpc",
        "ppl",
        "perplexity",
        "error",
        "err",
        "rmse",
        "mse",
        "mae",
        "mape",
        "nll",
        "brier",
        "regret",
    ),
    *(
        "time",
        "ms",
        "us",
        "ns",
        "s",
        "sec",
        "seconds",
        "latency",
        "duration",
        "bytes",
        "size",
        "kb",
        "mb",
        "gb",
        "memory",
    ),
    *("cost", "usd", "cer", "wer", "eer", "fid", "cycles", "misses", "instructions"),
}
HIGH = {
    *(
        "acc",
        "accuracy",
        "f1",
        "auc",
        "auroc",
        "score",
        "reward",
        "return",
        "throughput",
        "tps",
        "qps",
        "rps",
        "tflops",
    ),
    *(
        "mfu",
        "psnr",
        "ssim",
        "bleu",
        "rouge",
        "map",
        "mrr",
        "ndcg",
        "recall",
        "precision",
        "r2",
        "iou",
        "dice",
        "winrate",
    ),
    *("pass", "sharpe", "coverage", "speedup", "elo", "correct", "hit", "ops"),
}
STATED = re.compile(r"(higher|max)|(lower|min)", re.IGNORECASE)
CLEAR = 3  # keeps that say the same weigh more than a name


def goal_of(
    tried: Sequence[tuple[Call, float | None]], metric: str, stated: str, asked: Goal | None
) -> tuple[Goal, str]:
    """The goal, and a word on where it is from."""
    if asked is not None:
        return asked, "as you said"
    if found := STATED.search(stated):
        return (Goal.MAXIMIZE if found[1] else Goal.MINIMIZE), "as the file says"
    scores = [score for call, score in tried if call is Call.KEEP and score is not None]
    moves = [(b > a) - (b < a) for a, b in pairwise(scores)]
    up, down = moves.count(1), moves.count(-1)
    kept = Goal.MAXIMIZE if up > down else Goal.MINIMIZE
    if max(up, down) >= CLEAR and max(up, down) >= 4 * min(up, down):
        return kept, "as the keeps show"
    if (named := _named(metric)) is not None:
        return named, "by its name"
    if up != down:
        return kept, "as the keeps show"
    raise UsageError(
        f"is {metric[:40]!r} better low or high? Neither its name nor the keeps say: --goal min or --goal max"
    )


def _named(metric: str) -> Goal | None:
    words = re.split(r"[^a-z0-9]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", metric).lower())
    if "per" in words or words[-1:] == ["rate"]:  # tokens_per_sec, win_rate: a rate of what is not said to be bad
        return Goal.MINIMIZE if words[0] in LOW and words[0] not in ("s", "ms") else Goal.MAXIMIZE
    low, high = bool(LOW & set(words)), bool(HIGH & set(words))
    return None if low == high else Goal.MINIMIZE if low else Goal.MAXIMIZE
