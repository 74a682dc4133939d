"""What each proposer is shown when it is asked, and what it was asked to look at until its turn is over.

Not in the ledger: a resumed night asks anew.
"""

from __future__ import annotations

from collections.abc import Mapping

from overnight.judge.seeds import seed_for
from overnight.model import Idea
from overnight.night.night import Night
from overnight.propose.directions import direction
from overnight.propose.proposer import View
from overnight.repo.repo import Repo

AGAIN = (
    "again: {}: proposed for an older version of the program, on which it did not apply any more: make it for this one"
)


class Showing:
    def __init__(self, night: Night, repo: Repo) -> None:
        self._night, self._repo = night, repo
        self._ideas: dict[int, str] = {}  # by seat
        self._directions: dict[int, str] = {}

    def view(self, seat: int, origin: str, exact: bool) -> View:
        """For one turn. `origin`: who sits there, as the record names it; `exact`: it may know scores as they are."""
        state, program = self._night.state, self._night.program
        number, before = state.last_number + 1, f"/{seat}" if seat else ""
        files = self._repo.texts(state.incumbent, program.edit)
        thinks = self._night.asking.places[seat].seat.thinks
        return View(
            program=program,
            number=number,
            seed=seed_for(self._night.secret, state.name, f"ask/{number}{before}"),
            incumbent=state.incumbent,
            files=files,
            best=state.best if exact else state.released,
            in_flight=[e.proposed.hypothesis for e in state.open.values() if e.number > 0],
            direction=self._direction(seat, number, origin, files) if thinks else "",
            said=state.steering.said,
            idea=self._idea(seat) if thinks else None,
            baseline=state.baseline,
            noise=state.policy.outlook(state.belief, None).noise,
        )

    def asked(self, seat: int) -> str:
        """The idea that it was asked to try, or nothing."""
        return self._ideas.get(seat, "")

    def over(self, seat: int) -> None:
        self._directions.pop(seat, None)
        self._night.state.steering.give_back(self._ideas.pop(seat, ""))

    def _direction(self, seat: int, number: int, origin: str, files: Mapping[str, str]) -> str:
        """What it wanted before another keep came in between; else something that nobody else looks at now."""
        taken = [given for other, given in self._directions.items() if other != seat]
        lapsed = (AGAIN.format(old.hypothesis) for old in self._night.state.lapsed if old.origin == origin)
        again = next((text for text in lapsed if text not in taken), "")
        task = "\n".join([self._night.program.prose, *files.values()])
        self._directions[seat] = again or direction(number, taken, task)
        return self._directions[seat]

    def _idea(self, seat: int) -> Idea | None:
        idea = self._night.state.steering.idea_for()
        if idea:
            self._night.state.steering.ask(idea.id)
            self._ideas[seat] = idea.id
        return idea
