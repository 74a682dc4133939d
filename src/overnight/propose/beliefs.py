"""What the optimiser believes, in sentences for a brief; bounded, so that a night of any length can be told to it.

Told exact scores, as the optimiser is: what comes out is effects with their uncertainty over many runs, no score.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence

from overnight.model import Experiment
from overnight.program.knobs import knobs_of
from overnight.propose.learned import learned
from overnight.propose.proposer import View

REMEMBERED, CHARACTERS = 300, 20_000_000


class Beliefs:
    """Hears of every experiment; asked by whoever is about to propose, on its own thread."""

    def __init__(self) -> None:
        self._told: deque[Experiment] = deque()
        self._heard = self._characters = 0
        self._said: tuple[tuple[int, str], Sequence[str]] | None = None
        self._lock, self._thinking = threading.Lock(), threading.Lock()

    def observe(self, experiment: Experiment) -> None:
        with self._lock:
            self._heard += 1
            self._told.append(experiment)
            self._characters += _size(experiment)
            while len(self._told) > REMEMBERED or self._characters > CHARACTERS:
                self._characters -= _size(self._told.popleft())

    def words(self, view: View) -> Sequence[str]:
        """Empty as long as there is too little to learn from. Twenty who ask at once have it thought of once."""
        with self._thinking:
            with self._lock:
                heard, told = (self._heard, view.incumbent), list(self._told)
            if self._said is None or self._said[0] != heard:
                knobs = knobs_of(view.program, view.files)
                found = learned(view.files, view.program.goal, told, knobs, None, view.incumbent)
                self._said = heard, found.words() if found else ()
            return self._said[1]


def _size(experiment: Experiment) -> int:
    return sum(map(len, experiment.proposal.files.values()))
