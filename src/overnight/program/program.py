"""What program.md says, once it is understood. Made by `program.read`, held by everybody, changed by nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from overnight.model import Goal
from overnight.program.knobs_said import KnobRule


@dataclass(frozen=True, slots=True)
class Box:
    """The time a run is told it has, and the clock that counts it."""

    seconds: float
    cpu: bool = False  # count CPU seconds of the whole tree instead of wall seconds


@dataclass(frozen=True, slots=True)
class Guard:
    """Another number that must hold, as in `peak_vram_mb < 48000`."""

    metric: str
    op: str  # one of < <= > >= ==
    limit: float

    def holds(self, value: float) -> bool:
        return {
            "<": value < self.limit,
            "<=": value <= self.limit,
            ">": value > self.limit,
            ">=": value >= self.limit,
            "==": value == self.limit,
        }[self.op]

    def __str__(self) -> str:
        return f"{self.metric} {self.op} {self.limit:g}"


@dataclass(frozen=True, slots=True)
class Stop:
    """When the night ends. None: this rule is not set."""

    experiments: int | None = None
    seconds: float | None = None  # active time
    until: str | None = None  # local clock time, "07:00": the next one after the session's start
    usd: float | None = None
    tokens: int | None = None
    plateau: int | None = None  # experiments without a keep
    target: float | None = None  # the metric has reached this


@dataclass(frozen=True, slots=True)
class Window:
    """Local clock times between which the night works, as minutes after midnight; may span midnight."""

    start_minute: int
    end_minute: int


class Origin(StrEnum):
    """Where a setting comes from."""

    FRONT_MATTER = "front matter"
    PROSE = "prose"
    FLAG = "flag"
    INFERRED = "inferred"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the read-back: a setting, what it is, and where it was said."""

    key: str
    value: str  # as a person writes it
    origin: Origin
    line: int | None = None  # of program.md
    why: str = ""  # for INFERRED: what was seen


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the prose that looks like a rule and is not enforced."""

    line: int
    text: str
    why: str  # "not understood: …" or "advice to the agent"


ELSEWHERE = "elsewhere"
"""As `run:`, it says that there is nothing to run here: people report the numbers."""


@dataclass(frozen=True, slots=True)
class Program:
    path: Path
    text: str  # the whole file
    prose: str  # without the front matter: what the agent reads
    folder: str  # of program.md, relative to the repository's root; "" is the root itself
    edit: tuple[str, ...]  # editable paths, globs resolved, relative to the repository's root
    protect: tuple[str, ...]  # paths that are named as fixed; everything that is not in `edit` is
    run: str  # a shell command, started in `folder`
    metric: str
    goal: Goal
    box: Box
    kill_after_seconds: float
    guards: tuple[Guard, ...] = ()
    stop: Stop = Stop()
    between: Window | None = None
    seed: int | None = None  # of the night; None: drawn
    seed_literals: bool = True  # False for `seed: as-is`: hard-coded seeds stay as they are
    slots: int = 1  # 0: `auto`, which `wiring` replaces by what this machine has
    cores: int | None = None  # of each slot; None: an even part
    gpus: float | None = None  # of each slot, below 1 a part of one; None: one each, as long as there are some
    resources: tuple[tuple[str, float], ...] = ()  # of a cluster, by its own names: what each slot holds of them
    exclusive: bool = False  # while a run is measured, nothing else of ours runs
    on: str = ""  # where runs execute: "" is this machine; ray, or ray://host:port
    confirm_on: str = ""  # a word of the hardware whose numbers count; "": that of the baseline's first run
    priority: float = 1.0  # among objectives that share slots: so many times the share of one with 1
    python: str = "auto"  # auto | uv | self | path of a venv or an interpreter
    pass_env: tuple[str, ...] = ()
    share: tuple[
        str, ...
    ] = ()  # paths linked into every run: relative to the repository's root, or starting with ~ or /
    save: tuple[str, ...] = ()  # globs of files of a run that are kept when the run is
    resume: str = ""  # in a run's folder: what it saves to go on from, when it is executed again
    curve: str | None = None  # a regular expression for progress lines
    disk_mb: float = 2048.0  # what old runs may take on disk
    output_mb: float = 100.0  # what a run may print
    sandbox: str = "auto"  # or the level that must hold: 1, 2, 3
    network: bool = False
    memory_mb: float | None = None  # of all processes of a run; None: what the machine has, shared by the slots
    processes: int = 512  # of a run, threads counted as the kernel counts them
    writes_mb: float = 10240.0  # what a run may write to disk
    prepare: str | None = None  # a command that makes, once and beside the tracked files, the data that a task needs
    artefact: tuple[str, ...] = ()  # globs of what a run leaves to be scored
    score: str | None = None  # a protected command that makes the number from it; None: the run prints it
    answer: str | None = None  # a command that answers the scorer's questions, as far from the data as a run is
    hidden: tuple[str, ...] = ()  # paths that only the scorer sees; {split} in a path: each split has its own
    timing: int | None = None  # the metric is a time: a run repeats its command so often, and the median counts
    startup_seconds: float | None = None  # what a run may take beside its box; None: what the baseline's runs took
    claim: int = 3  # runs a side that the claim takes at least
    margin: float = 0.0005  # share of the metric that less code may cost
    price: float = 0.0  # share of the metric that a line of code more must bring
    agent: tuple[str, ...] = ("search",)  # who proposes, a line each: see `propose.agents`
    agents: int | None = None  # so many think at the same time; None: each of them once
    policy: str = "proof"
    knobs: tuple[KnobRule, ...] = ()  # what is said of where constants may go
    approve: str = ""  # "keeps": a person says whether a keep lands
    rules: tuple[Rule, ...] = field(default=())  # the read-back
    advice: Sequence[Sentence] = ()

    @property
    def external(self) -> bool:
        return self.run == ELSEWHERE
