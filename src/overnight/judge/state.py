"""What the judge knows, as frozen values. Differences are in units of the metric, positive is better."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from overnight.judge.drift import Drift
from overnight.judge.guards import Measured
from overnight.judge.kill import Hopes
from overnight.judge.noise import Disagreement, Noise
from overnight.judge.prior import Scale
from overnight.judge.reading import Yardstick
from overnight.judge.reference import Bank
from overnight.judge.rules import Rules
from overnight.model import Claim, Phase, Split, Worth


@dataclass(frozen=True, slots=True)
class Keep:
    """A change that the branch has, and what speaks for it."""

    number: int
    difference: float  # measured
    a: float  # as good as a difference that has so much of a run's variance
    apart: float  # how much more of it the visible set shows
    hidden_only: bool  # the visible set shows so much more that it is not asked
    runs: int  # for it
    against: int
    mean: float  # what it is believed to be worth
    doubt: float  # the chance that it is worth nothing
    low: float = 0.0  # 95 % of that belief
    high: float = 0.0
    value: float = 0.0  # of measuring its removal, net of the cost
    bet: bool = False  # kept by the plain rule: only a run without it may take it back
    simpler: bool = False
    loss: float = 0.0  # what that may have cost
    cost: float = 0.0  # what the lines that it adds must bring
    stale: float = 0.0  # runs by which the incumbent's bank was older, where nobody knew of a drift
    removed: bool = False
    closed: bool = False  # its removal was examined in this phase, or cannot be

    @property
    def idle(self) -> bool:
        """Nothing is lost without it."""
        return not self.simpler and not self.bet and self.mean <= self.cost


@dataclass(frozen=True, slots=True)
class Landing:
    """What becomes of a candidate that is to be kept, as it was when that was decided."""

    bank: Bank
    keep: Keep | None = None
    removes: int | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """An experiment between its proposal and its record. `base` is the incumbent that it stands on."""

    number: int
    base: str
    removes: int | None = None
    ready: bool = False
    lines_saved: int = 0
    runs: int = 0
    visible: float = 0.0  # means
    hidden: float = 0.0
    guarded: Mapping[str, Measured] = field(default_factory=dict)
    waits: bool = False  # for a run of the incumbent
    settled: bool = False  # it has its verdict
    landing: Landing | None = None


@dataclass(frozen=True, slots=True)
class Dawn:
    """What may be spent on removals."""

    budget: int = 0  # runs
    used: int = 0
    thorough: bool = False  # each keep gets at least one run


@dataclass(frozen=True, slots=True)
class Claiming:
    """The last runs: `runs` a side, by their index; None for one that failed."""

    runs: int
    split: Split
    baseline: Mapping[int, float | None] = field(default_factory=dict)
    branch: Mapping[int, float | None] = field(default_factory=dict)
    result: Claim | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """The state of `ProofPolicy`."""

    rules: Rules
    yardstick: Yardstick
    hopes: Hopes
    noise: Noise = Noise()
    apart: Noise = Noise()  # of visible less hidden, from run to run
    sets: Disagreement = Disagreement()
    scale: Scale = Scale()
    drift: Drift = Drift()
    open: Mapping[int, Candidate] = field(default_factory=dict)
    banks: Mapping[str, Bank] = field(default_factory=dict)  # of each incumbent still stood on
    keeps: Mapping[int, Keep] = field(default_factory=dict)  # in the order of their landing
    worths: tuple[Worth, ...] = ()  # the same, for people
    earned: float = 0.0  # what they are believed to be worth together
    landing: Landing | None = None  # of the keep that is being recorded
    incumbent: str = ""
    newest: int = 0  # the experiment that it came from
    measured: frozenset[int] = frozenset()  # indices of the baseline's first runs that have ended
    runs: int = 0  # that have ended, for any purpose
    phase: Phase = Phase.SEARCH
    dawn: Dawn = Dawn()
    claiming: Claiming | None = None
