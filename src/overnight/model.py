"""The words of the house, as frozen values that import nothing of ours. A Proposal is a change somebody suggests; a Run
one execution that is wanted, as plain data; a Trial what came of it; a Verdict what the judge makes of the trials; an
Experiment all of these. Times are UTC seconds, sizes say their unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Goal(StrEnum):
    MINIMIZE = "minimize"
    MAXIMIZE = "maximize"

    def better(self, a: float, b: float) -> bool:
        """True when `a` is strictly better than `b`."""
        return a < b if self is Goal.MINIMIZE else a > b


class Purpose(StrEnum):
    """Why a run is wanted."""

    BASELINE = "baseline"
    SCREEN = "screen"
    REPEAT = "repeat"
    INCUMBENT = "incumbent"
    ABLATION = "ablation"
    CLAIM = "claim"
    SCOUT = "scout"  # on hardware whose numbers do not count


class Split(StrEnum):
    """Which data a run is scored on. Agents see scores of `visible` only."""

    VISIBLE = "visible"
    HIDDEN = "hidden"
    SEALED = "sealed"


class Status(StrEnum):
    """How one run ended."""

    OK = "ok"
    CRASH = "crash"  # exit code other than 0, or a signal
    TIMEOUT = "timeout"  # ended by us at kill_after
    MEMORY = "memory"  # the kernel's OOM killer, or an out-of-memory message
    OUTPUT = "output"  # printed more than the cap
    NO_METRIC = "no-metric"  # ended well, but the metric never appeared
    NOT_FINITE = "not-finite"  # the metric appeared, as NaN or infinity only
    PRUNED = "pruned"  # ended by us: its curve had fallen behind a rung
    DISK = "disk"  # wrote more than it may
    PROCESSES = "processes"  # started more than it may
    UNSCORED = "unscored"  # ended well, but what it left is missing, is not what it should be, or cannot be scored
    REFUSED = "refused"  # caught at what is not allowed, such as looking at what it is asked to predict
    STOPPED = "stopped"  # cancelled by us: never a score, run again on resume


class Call(StrEnum):
    """The word of a verdict."""

    KEEP = "keep"
    DISCARD = "discard"
    CRASH = "crash"
    TIMEOUT = "timeout"
    PRUNED = "pruned"  # cut early as hopeless
    DUPLICATE = "duplicate"
    REFUSED = "refused"  # touched what it may not
    INVALID = "invalid"  # does not compile, or its number is not a number


class Level(StrEnum):
    """What stands between a candidate and its number; higher is stronger."""

    PRINTED = "0"  # the candidate prints its own metric
    CONTRACT = "1"  # fresh folder, scorer outside
    LANDLOCK = "2"
    NAMESPACE = "3"
    EXTERNAL = "external"  # a person said it: nothing here has measured it


@dataclass(frozen=True, slots=True)
class Cost:
    """What a proposal cost to make. None is unknown, which is not zero."""

    seconds: float = 0.0
    tokens: int | None = 0
    usd: float | None = 0.0


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change: the whole new text of each changed file, made against the commit `parent`."""

    files: Mapping[str, str]
    parent: str
    origin: str  # who made it: "search", "claude", …
    hypothesis: str  # one line, for people
    cost: Cost = Cost()
    notes: Mapping[str, str] = field(default_factory=dict)  # what the proposer wants to find again, e.g. knob values
    idea: str = ""  # the person's idea that it tries


@dataclass(frozen=True, slots=True)
class Wait:
    """A proposer's other answer: nothing came of this turn; ask again at `until` (UTC seconds; a past one: at once)."""

    until: float
    why: str
    trouble: str = ""  # in one word, such as "rate": see `propose.trouble`; "": it merely has nothing to say now
    cost: Cost = Cost()


@dataclass(frozen=True, slots=True)
class Idea:
    """What a person would like to be tried."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Edit:
    """Lines [start, start + removed) of the parent's file are replaced by `text`. `removed` -1: the whole file."""

    path: str
    start: int
    removed: int
    text: str


@dataclass(frozen=True, slots=True)
class Rung:
    """A run whose curve is worse than `limit` at this share of its box is ended there."""

    share: float
    limit: float
    above: bool = True  # what is worse: above the limit, as of a loss, or below it
    chance: float = 0.02  # that a run at the limit would be kept in the end


@dataclass(frozen=True, slots=True)
class Run:
    """One execution that is wanted. `id` is unique in the night and the idempotency key everywhere."""

    id: str
    experiment: int
    commit: str
    purpose: Purpose
    split: Split
    seed: int
    box_seconds: float
    kill_after_seconds: float
    rungs: tuple[Rung, ...] = ()


@dataclass(frozen=True, slots=True)
class Score:
    """One number that a run produced; `se` and `n` where it says them."""

    value: float
    se: float | None = None
    n: int | None = None
    folds: tuple[float, ...] = ()  # means over fixed parts of the examples, the same parts in every run


@dataclass(frozen=True, slots=True)
class Usage:
    """What a run used, measured from outside."""

    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_mb: float = 0.0
    gpu_mb: float | None = None  # None: nvidia-smi did not answer
    waited_share: float | None = None  # share of its runnable time spent waiting for a core; None: unknown
    left_behind: int = 0  # processes still alive when the command had ended; all were killed


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of a Run. `scores` holds every number of the run's split, the metric among them; `hidden` those of
    the hidden split, where the task has one: from the same run, so that its noise is the same. No agent sees them."""

    run_id: str
    attempt: int
    status: Status
    scores: Mapping[str, Score]
    usage: Usage
    exit_code: int | None  # None: ended by a signal
    signal: str | None
    why: str  # one sentence: what was seen, e.g. "exit code 1: ZeroDivisionError: division by zero"
    tail: str  # the last lines of the output, cleaned of escapes
    curve: tuple[tuple[float, float], ...] = ()  # (seconds, value) from the progress lines
    level: Level = Level.PRINTED  # what stood around the run
    sealed: bool = False  # the scores were made outside of it; else it printed them itself
    hidden: Mapping[str, Score] = field(default_factory=dict)
    hardware: str = ""

    @property
    def contended(self) -> bool:
        """True when the run got less than 95 % of its cores; one that hardly used any cannot tell."""
        return (self.usage.waited_share or 0.0) > 0.05 and self.usage.cpu_seconds >= 0.5


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A run is alive: how far it is."""

    run_id: str
    wall_seconds: float
    cpu_seconds: float
    curve: tuple[float, ...] = ()  # the values of its progress lines so far, thinned


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the judge makes of an experiment, and the sentence why, with the numbers."""

    experiment: int
    call: Call
    why: str
    score: float | None = None  # the experiment's
    against: float | None = None  # the reference it was compared with
    simpler: bool = False  # kept as a tie that makes the code smaller
    runs: int = 1  # it rests on so many
    gain: float | None = None  # what it is believed to be worth, in units of the metric; positive is better
    doubt: float | None = None  # the chance that it is worth nothing
    removes: int | None = None  # the keep that it takes back


class Standing(StrEnum):
    """What may be said of a keep."""

    PROVEN = "proven"  # on hidden data, with a small chance of no gain
    CARRIED = "carried"  # believed to help, and not proven
    REPEATABLE = "repeatable"  # as proven, on a task with one set: it helps there, and who knows where else
    SIMPLER = "simpler"  # a tie with less code
    REMOVED = "removed"  # taken back later


@dataclass(frozen=True, slots=True)
class Worth:
    """A keep, as it is believed now. `gain` is in units of the metric, positive is better."""

    experiment: int
    gain: float
    doubt: float  # the chance of no gain
    runs: int  # for and against it
    standing: Standing
    low: float | None = None  # 95 % of what is believed; None: a night before there were intervals
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """The difference between the branch and the baseline on data that was read for this once; positive is better."""

    split: Split
    runs: int  # on each side
    baseline: float  # mean
    branch: float  # mean
    gain: float
    low: float  # 95 % interval
    high: float


class Phase(StrEnum):
    """What a night is about."""

    SEARCH = "search"
    DAWN = "dawn"  # is each keep still worth something? its removal is measured
    CLAIM = "claim"  # what is not believed goes, and the branch is measured against the baseline


@dataclass(frozen=True, slots=True)
class Experiment:
    """A proposal with all its trials and its verdict. Number 0 is the untouched baseline."""

    number: int
    proposal: Proposal
    commit: str | None  # of a keep the one on the branch
    trials: tuple[Trial, ...]
    verdict: Verdict
    edits: tuple[Edit, ...] = ()  # what the proposal changes, against its parent


@dataclass(frozen=True, slots=True)
class Slot:
    """A place where one run executes, with an exclusive lease on its cores and GPUs."""

    name: str
    cores: tuple[int, ...] = ()
    gpu: str | None = None  # as in CUDA_VISIBLE_DEVICES, commas between; "": it has none; None: there is none to hide
    gpu_share: float = 1.0  # below 1: other slots have the same GPU
    hardware: str = ""  # its class: device, how many, memory; "": nobody has looked
