"""What the optimiser believes, in sentences for a brief; bounded, so that a night of any length can be told to it.

Told exact scores, as the optimiser is: what comes out is effects with their uncertainty over many runs, no score.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from overnight.model import Experiment
from overnight.program.knobs import knobs_of
from overnight.propose.learned import learned
from overnight.propose.proposer import View

REMEMBERED, CHARACTERS = 300, 20_000_000


class Beliefs:
    """Hears of every experiment; asked when somebody is about to propose. Not for two threads at a time."""

    def __init__(self) -> None:
        self._told: deque[Experiment] = deque(maxlen=REMEMBERED)

    def observe(self, experiment: Experiment) -> None:
        self._told.append(experiment)
        while sum(map(_size, self._told)) > CHARACTERS:
            self._told.popleft()

    def words(self, view: View) -> Sequence[str]:
        """Empty as long as there is too little to learn from."""
        knobs = knobs_of(view.program, view.files)
        found = learned(view.files, view.program.goal, list(self._told), knobs, None, view.incumbent)
        return found.words() if found else ()


def _size(experiment: Experiment) -> int:
    return sum(map(len, experiment.proposal.files.values()))
