"""What the loop tells the shift to do. Every action ends in ledger events, except Ask, which ends in an Answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from overnight.clock import Now
from overnight.ledger.events import Event
from overnight.model import Claim, Phase, Run, Slot, Verdict, Worth


@dataclass(frozen=True, slots=True)
class Ask:
    """Have `n` proposals made by whoever sits on a seat → Proposed, each as it comes; then one Answer."""

    n: int
    seat: int = 0


@dataclass(frozen=True, slots=True)
class Admit:
    """Check it without running it, and snapshot it in git → Admitted."""

    experiment: int


@dataclass(frozen=True, slots=True)
class Start:
    """→ RunStarted at once, RunDone when it has ended."""

    run: Run
    attempt: int
    slot: Slot


@dataclass(frozen=True, slots=True)
class Expect:
    """Make ready what will be started next, if nothing comes between → nothing."""

    run: Run


@dataclass(frozen=True, slots=True)
class Cancel:
    """End a run under way: it will not count → Dropped."""

    run_id: str


@dataclass(frozen=True, slots=True)
class Rebase:
    """Put the same change on top of the incumbent → Rebased."""

    experiment: int
    onto: str


@dataclass(frozen=True, slots=True)
class Conclude:
    """Write the verdict down with the tips it was made against → Judged."""

    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Hold:
    """Ask a person whether this keep may land → Held."""

    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Record:
    """Log entry, then branch → Recorded. `released`: the score that agents may see."""

    experiment: int
    released: float | None


@dataclass(frozen=True, slots=True)
class Remove:
    """Propose that a keep be taken back → Proposed."""

    keep: int


@dataclass(frozen=True, slots=True)
class Turn:
    """Go on to another phase → Turned."""

    phase: Phase
    left: int | None
    why: str
    thorough: bool = False


@dataclass(frozen=True, slots=True)
class Weigh:
    """Write down what the judge believes of the keeps → Weighed."""

    worths: tuple[Worth, ...]


@dataclass(frozen=True, slots=True)
class Announce:
    """Write the claim down → Claimed."""

    claim: Claim


@dataclass(frozen=True, slots=True)
class Write:
    """Take in what somebody has told → these events, all or none."""

    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Close:
    """The end of this session → Closed."""

    why: str
    finished: bool


OfRuns: TypeAlias = Start | Expect | Cancel
Action: TypeAlias = (
    Ask | Admit | OfRuns | Rebase | Conclude | Hold | Record | Remove | Turn | Weigh | Announce | Write | Close
)


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed. `elapsed`: the night's active seconds so far."""

    now: Now
    elapsed: float


@dataclass(frozen=True, slots=True)
class Answer:
    """A proposer has come to the end of an Ask for `asked`: it gave `given`, and wants to be left alone until
    `wait_until`."""

    asked: int
    given: int
    wait_until: float | None = None
    why: str = ""
    seat: int = 0


@dataclass(frozen=True, slots=True)
class Dropped:
    """A run under way has ended without a result, because it was cancelled."""

    run_id: str


Signal: TypeAlias = Tick | Answer | Dropped
"""What the loop hears that is not in the ledger, because a resumed night must not remember it."""
