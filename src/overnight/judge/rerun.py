"""Which lines of a night ran code that had run before: said by their descriptions, as nothing else in a table does.

A description counts only if it says nothing else: "seed 42 → 137" is the same code, "seed 7, wider MLP" is not. The
commit does not tell: many logs write the incumbent's hash beside a discarded change.
"""

from __future__ import annotations

import re

CORE = {
    "rerun",
    "rerunning",
    "repeat",
    "repeated",
    "replicate",
    "replication",
    "again",
    "baseline",
    "unchanged",
    "noise",
}
SEED = {"seed", "seeds", "reseed"}
ALONG = {
    *(
        "re",
        "run",
        "runs",
        "of",
        "the",
        "with",
        "to",
        "from",
        "a",
        "an",
        "and",
        "at",
        "for",
        "only",
        "just",
        "no",
        "code",
    ),
    *("change", "changes", "changed", "random", "set", "try", "new", "other", "another", "different", "manual", "same"),
    *("best", "current", "incumbent", "config", "check", "confirm", "verify", "reproduce", "test", "second", "third"),
    *("untouched", "control", "torch", "default", "fresh", "val", "gpu", "measure", "variance", "floor"),
}
ASIDE = re.compile(r"\([^)]*\)|\s[—–-]\s.*|[;:].*")
ARROW = re.compile(r"->|→|=|_")


def seed_only(description: str) -> bool:
    """It changes a seed, and nothing else."""
    words = _words(description)
    return bool(words & SEED) and words <= SEED | ALONG | CORE


def same_code(description: str) -> bool:
    """It runs what it stands on again, with the same seed or another."""
    words = _words(description)
    rerun = bool(words & CORE) or {"re", "run"} <= words or {"no", "changes"} <= words or {"no", "change"} <= words
    return (rerun and words <= CORE | SEED | ALONG) or seed_only(description)


def of_baseline(description: str) -> bool:
    """It runs the baseline again, whatever the incumbent is by now."""
    return "baseline" in _words(description) and same_code(description)


def key(description: str) -> str:
    """Equal for descriptions that say the same."""
    return " ".join(description.lower().split())


def _words(description: str) -> set[str]:
    text = ARROW.sub(" ", ASIDE.sub(" ", description[:200].lower()))
    return set(re.findall(r"[a-z]+", text))
