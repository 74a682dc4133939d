"""What a lab imports so that its number cannot be forged: both ends of the channel between a scorer and a candidate.

    score.py (what `score:` starts)            train.py --answer (what `answer:` starts)
      model = sealed.Candidate()                sealed.answer(predict)
      model.ask(inputs, shape=…)  ──arrays──▶   predict(inputs)
                                  ◀──arrays──

The scorer has the hidden files and makes the number; the candidate sees only what it is asked. What a candidate does
wrong ends the scorer with a sentence that the night records. A run finds this package whatever its Python is: it needs
the standard library, and numpy where arrays are.

Not covered: whether the question is a good one, and a candidate that goes on learning while it answers; the harness
reports `answer_seconds`, which a guard can limit.
"""

from overnight.sealed.channel import IN_FLIGHT, REFUSED, Candidate, answer, refuse, unscored
from overnight.sealed.score import FOLDS, artefact, bits, chance, predictions, report, row_bits, summary
from overnight.sealed.text import answer_text, text_bits

__all__ = [
    "FOLDS",
    "IN_FLIGHT",
    "REFUSED",
    "Candidate",
    "answer",
    "answer_text",
    "artefact",
    "bits",
    "chance",
    "predictions",
    "refuse",
    "report",
    "row_bits",
    "summary",
    "text_bits",
    "unscored",
]
