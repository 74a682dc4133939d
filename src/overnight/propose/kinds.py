"""Which kind of change an experiment was, by the words of its hypothesis and the names in the lines that it changed.

A guess, and called so where it is shown: what somebody says of a change weighs most, then the constants that it turned,
then the code. Whoever says nothing and changes much is "other".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

from overnight.model import Experiment

KINDS = {
    "schedule": "warm ?up|warm ?down|cool ?down|schedules?|scheduler|anneal\\w*|cosine|final rate|ramp|rate decay",
    "regularisation": "dropout|weight decay|regulari[sz]\\w*|smoothing|ema|swa|averag\\w*|l2|prior|jitter|noise",
    "initialisation": "inits?|initial\\w*|zero init|orthogonal init|warm start|pretrained",
    "optimiser": "adam\\w*|sgd|muon|lion|adagrad|momentum|betas?|nesterov|optimi[sz]ers?|lr|rates?|learning|clip\\w*"
    "|grads?|gradients?|newton|eps",
    "data": "data|batch\\w*|sequence|shuffl\\w*|sampl\\w*|pieces?|tokeni[sz]\\w*|augment\\w*|crop|chunks?|curriculum"
    "|examples?|features?|encod\\w*",
    "objective": "loss|objective|targets?|temperature|labels?|reward|penalty|margin|thresholds?",
    "speed": "compil\\w*|fused?|cach\\w*|precision|bf16|fp16|float16|bfloat16|vectori[sz]\\w*|parallel|threads?|faster"
    "|speed|dtype|memory|inplace|numerics|index|indexes|prefetch|pool",
    "architecture": "architecture|layers?|depth|width|heads?|attention|mlp|blocks?|embed\\w*|residual|norms?|activation"
    "|relu|gelu|silu|swiglu|conv\\w*|dims?|hidden|orders?|kernels?|aspect|ratio|channels|mix\\w*|rotary|gate\\w*",
}
"""Patterns of whole words. Of two kinds that are as likely, the first counts."""
_PATTERNS = {kind: re.compile(pattern) for kind, pattern in KINDS.items()}

SIMPLIFY = re.compile(r"\b(simpl\w+|remov\w+|delet\w+|inline\w*|drops? the|without the)\b")
OTHER = "other"
NAMED = re.compile(r"\b([A-Za-z_][\w.\[\]]*) \S+ → ")
ASSIGNED = re.compile(r"^([A-Z][A-Z0-9_]*)(?:\s*:[^=]+)?\s*=[^=]", re.MULTILINE)
FEW = 12  # changed lines in which every constant counts as turned


def kind_of(experiment: Experiment) -> str:
    """One of KINDS, "simplify" or "other"."""
    said, names = _plain(experiment.proposal.hypothesis), _plain(" ".join(knobs_of(experiment)))
    if SIMPLIFY.search(said) and lines_more(experiment) <= 0:
        return "simplify"
    code = _plain(" ".join(edit.text[:4000] for edit in experiment.edits)[:4000])
    weights = dict.fromkeys(KINDS, 0.0)
    for weight, words in ((3.0, said), (2.0, names), (0.5, code)):
        for kind, times in _counts(words).items():
            weights[kind] += weight * min(times, 3)
    best = max(weights, key=lambda kind: weights[kind])
    return best if weights[best] > 0 else OTHER


def knobs_of(experiment: Experiment) -> list[str]:
    """The constants that it says it turned, or that stand in the few lines that it changed."""
    proposal = experiment.proposal
    noted = (name for name, text in proposal.notes.items() if " -> " in text)  # else no knob
    names = [*noted, *NAMED.findall(proposal.hypothesis)]
    return sorted(set(names or _assigned(experiment)))


def lines_more(experiment: Experiment) -> int:
    """By so many lines the files grew."""
    return sum(edit.text.count("\n") - edit.removed for edit in experiment.edits if edit.removed >= 0)


def _assigned(experiment: Experiment) -> Iterator[str]:
    if sum(edit.text.count("\n") for edit in experiment.edits) <= FEW:
        for edit in experiment.edits:
            yield from ASSIGNED.findall(edit.text)


def _counts(text: str) -> Counter[str]:
    """How many different words, and pairs of words, speak for each kind."""
    words = text.split()
    pairs = map(" ".join, pairwise(words))
    return Counter(filter(None, map(_meant, {*words, *pairs})))


@lru_cache(maxsize=20_000)
def _meant(term: str) -> str:
    """The kind that a word, or two, speaks for; "" for most."""
    return next((kind for kind, pattern in _PATTERNS.items() if pattern.fullmatch(term)), "")


def _plain(text: str) -> str:
    """Words: batchSize, BATCH_SIZE and batch-size are alike."""
    apart = re.sub(r"([a-z])([A-Z])", r"\1 \2", text)
    return re.sub(r"[\W_]+", " ", apart).lower()
