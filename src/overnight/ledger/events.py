"""What can happen in a night, as values. The ledger stores these and nothing else; state is folded from them.

An event's `key` is its idempotency key: the ledger holds each key once, so a step that is done again after a
crash finds itself already written. The kinds, in the order in which an experiment meets them:

    opened · session · proposed · admitted · run_started · run_done · (rebased · run_started · …) · judged · recorded
    … turned · weighed · claimed · stop_asked · noted · closed · accepted · idled; what people say: `steering.py`;
    what comes in by hand: `doors.py`
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeAlias, get_args

from overnight.ledger.acceptance import Accepted
from overnight.ledger.doors import Door
from overnight.ledger.idling import Idled
from overnight.ledger.phases import Claimed as Claimed
from overnight.ledger.phases import Turned as Turned
from overnight.ledger.phases import Weighed as Weighed
from overnight.ledger.steering import Steered
from overnight.model import Cost, Edit, Run, Trial, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The first entry: what is wanted, written down before anything is measured (the pre-registration)."""

    kind: ClassVar[str] = "opened"
    night: str  # the tag
    node: str  # which clone of which machine; the log ref is refs/overnight/<node>/<night>
    branch: str  # refs/heads/autoresearch/<night>
    baseline: str  # commit
    metric: str
    goal: str
    program_text: str
    settings: Mapping[str, Any]  # the program as it was understood
    secret_hash: str  # SHA-256 of the secret from which the runs' seeds are drawn
    environment: Mapping[str, str]  # versions, machine, level
    who: str

    @property
    def key(self) -> str:
        return "opened"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A coordinator took the lock: at the start, and at every resume."""

    kind: ClassVar[str] = "session"
    number: int
    host: str
    pid: int
    scratch: str  # where this session puts its checkouts
    program_text: str  # may have changed since
    settings: Mapping[str, Any]

    @property
    def key(self) -> str:
        return f"session/{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """The intent, before anything else: without it a resumed night would score another text."""

    kind: ClassVar[str] = "proposed"
    experiment: int
    parent: str
    edits: tuple[Edit, ...]
    origin: str
    hypothesis: str
    cost: Cost = Cost()
    notes: Mapping[str, str] = field(default_factory=dict)
    removes: int | None = None  # a keep: the judge wants to know what the branch is worth without it
    idea: str = ""  # of a person, that it tries
    ask: int | None = None  # whose workspace it was: see `doors.py`

    @property
    def key(self) -> str:
        return f"{self.experiment}/proposed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """The static checks are done and the snapshot stands. `problem` says why it will not run, if it will not."""

    kind: ClassVar[str] = "admitted"
    experiment: int
    commit: str
    fingerprint: str  # of the editable files with every seed set to the same number
    size: int  # lines of code in the editable files
    parent_size: int
    problem: str = ""
    problem_call: str = ""  # a Call, with `problem`

    @property
    def key(self) -> str:
        return f"{self.experiment}/admitted"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    kind: ClassVar[str] = "run_started"
    run: Run
    attempt: int
    slot: str
    hardware: str = ""  # the slot's class

    @property
    def experiment(self) -> int:
        return self.run.experiment

    @property
    def key(self) -> str:
        return f"run/{self.run.id}/started/{self.attempt}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDone:
    kind: ClassVar[str] = "run_done"
    run: Run
    trial: Trial

    @property
    def experiment(self) -> int:
        return self.run.experiment

    @property
    def key(self) -> str:
        return f"run/{self.run.id}/done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebased:
    """The same change on top of a newer incumbent. `commit` is None when it no longer applies."""

    kind: ClassVar[str] = "rebased"
    experiment: int
    onto: str
    commit: str | None
    fingerprint: str
    size: int
    parent_size: int

    @property
    def key(self) -> str:
        return f"{self.experiment}/rebased/{self.onto}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The verdict, with the tips it was made against: from these bytes the log entry and the kept commit are
    made, so that making them again gives the same object ids."""

    kind: ClassVar[str] = "judged"
    verdict: Verdict
    commit: str  # the candidate's
    log_tip: str
    branch_tip: str

    @property
    def experiment(self) -> int:
        return self.verdict.experiment

    @property
    def key(self) -> str:
        return f"{self.verdict.experiment}/judged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The log entry stands and, for a keep, the branch has moved to `kept`. `released`: the score for agents."""

    kind: ClassVar[str] = "recorded"
    experiment: int
    entry: str
    kept: str | None
    released: float | None = None

    @property
    def key(self) -> str:
        return f"{self.experiment}/recorded"


@dataclass(frozen=True, slots=True, kw_only=True)
class StopAsked:
    """A person, or a signal, asked for the end. `now`: do not wait for what is running."""

    kind: ClassVar[str] = "stop_asked"
    id: str
    who: str
    now: bool = False

    @property
    def key(self) -> str:
        return f"stop/{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """A line for the morning: something a person should know that is nobody's verdict."""

    kind: ClassVar[str] = "noted"
    id: str
    text: str

    @property
    def key(self) -> str:
        return f"noted/{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """The end of a session. `finished` is False where the same command goes on from here."""

    kind: ClassVar[str] = "closed"
    session: int
    why: str
    finished: bool
    secret: str = ""  # revealed when the night is finished

    @property
    def key(self) -> str:
        return f"closed/{self.session}"


Event: TypeAlias = (
    Opened
    | Session
    | Proposed
    | Admitted
    | RunStarted
    | RunDone
    | Rebased
    | Judged
    | Recorded
    | Turned
    | Weighed
    | Claimed
    | StopAsked
    | Noted
    | Closed
    | Accepted
    | Idled
    | Steered
    | Door
)

KINDS: Mapping[str, type[Event]] = {cls.kind: cls for cls in get_args(Event)}


@dataclass(frozen=True, slots=True)
class Entry:
    """An event as it stands in the ledger: where, when, and chained to the one before it."""

    seq: int
    at: float  # UTC seconds
    elapsed: float  # active seconds of the night, by the monotonic clock; pauses between sessions do not count
    event: Event
    body: str  # the exact JSON that was hashed
    hash: str
