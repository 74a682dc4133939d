"""How far a night is: folded from the ledger's events, and kept nowhere else.

`fold` is the bookkeeping of the loop; what follows from it is decided in `night.py`. Its size is that of the work in
flight, and one short string for each experiment so that duplicates are known: it does not read the history again.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import InitVar, dataclass, field, replace
from typing import Any

from overnight.judge.ladder import release
from overnight.judge.policy import AnyPolicy
from overnight.ledger import events as ev
from overnight.ledger.events import Entry, Event
from overnight.ledger.idling import Idled
from overnight.ledger.spending import Spending, spending_of, together
from overnight.ledger.steering import Approved
from overnight.model import Call, Claim, Cost, Goal, Phase, Purpose, Status, Verdict, Worth
from overnight.night.doors import Doors
from overnight.night.open import Open
from overnight.night.scouting import Scouts
from overnight.night.steering import Steering
from overnight.night.stop import Progress
from overnight.program.program import Program

LOST_LIMIT = 3
"""A run that was under way in this many sessions that were killed is taken for what killed them."""


@dataclass(slots=True)
class NightState:
    program: InitVar[Program]
    policy: AnyPolicy
    goal: Goal = field(init=False)
    cpu_box: bool = field(init=False)
    belief: Any = field(init=False)
    seq: int = 0  # of the last entry folded in
    name: str = ""
    branch: str = ""
    incumbent: str = ""  # commit; empty until the baseline is recorded
    log_tip: str = ""
    kept: dict[int, str] = field(
        default_factory=dict
    )  # experiment → its commit on the branch, in the order of their landing
    no_baseline: str = ""  # why it gave no score
    best: float | None = None
    baseline: float | None = None  # its score, as agents are told
    lapsed: list[ev.Proposed] = field(default_factory=list)  # no longer apply, and could be made anew by who made them
    open: dict[int, Open] = field(default_factory=dict)
    under_way: dict[str, ev.RunStarted] = field(default_factory=dict)
    attempts: dict[str, int] = field(default_factory=dict)  # of runs that have started and not ended
    lost: Counter[str] = field(default_factory=Counter)  # runs that died together with their coordinator
    runs: int = 0  # that have ended
    startup_seconds: float | None = None  # what the baseline's runs took beside their box, the longest
    phase: Phase = Phase.SEARCH
    turns: int = 0
    turned_why: str = ""
    worths: tuple[Worth, ...] = ()
    weighings: int = 0
    unweighed: tuple[Worth, ...] | None = None  # what the keeps are worth now, where that is not written down
    claim: Claim | None = None  # of the branch as it stands
    claims: int = 0
    unclaimed: Claim | None = None
    released: float | None = None  # the best score that agents were told
    seen: dict[str, int] = field(default_factory=dict)  # fingerprint → the experiment that had it first
    finished: list[Open] = field(default_factory=list)  # recorded since somebody last took them
    last_number: int = -1
    records: int = 0
    counted: int = 0  # experiments but the baseline, duplicates and refusals
    since_keep: int = 0
    fruitless: int = 0  # proposals in a row that could not be run
    spent: Spending = Spending()  # by everybody who proposes
    paid_turns: int = 0  # of proposers that cost something
    idled: int = 0  # turns of proposers that came to nothing
    run_seconds: deque[float] = field(default_factory=lambda: deque(maxlen=8))  # of the last runs that ended well
    sessions: int = 0
    stop: ev.StopAsked | None = None
    closed: ev.Closed | None = None
    finished_before: bool = False
    steering: Steering = field(default_factory=Steering)  # what people have said
    scouts: Scouts = field(init=False)
    doors: Doors = field(default_factory=Doors)  # what has come in by hand

    def __post_init__(self, program: Program) -> None:
        self.goal, self.cpu_box = program.goal, program.box.cpu
        self.belief, self.scouts = self.policy.start(program), Scouts(program.goal, program.metric, bool(program.on))

    def progress(self, elapsed: float, thinking: int = 0) -> Progress:
        """`thinking`: turns under way that cost something; each counts as what such a turn has cost so far."""
        more = 1 + thinking / self.paid_turns if self.paid_turns else 1.0
        spent = replace(self.spent, usd=self.spent.usd * more, tokens=round(self.spent.tokens * more))
        return Progress(self.counted, elapsed, spent, self.since_keep, self.best)

    def to_release(self, verdict: Verdict) -> float | None:
        """The score that agents are told: in steps, and only where it is better than what they know."""
        if verdict.score is None or verdict.removes is not None:
            return None
        step = self.policy.outlook(self.belief, None).step
        return release(self.goal, self.released, verdict.score, step) if step else verdict.score

    def fold(self, entry: Entry) -> None:
        """Takes one entry in, once. The policy sees every event too; what it decides waits in `Open.verdict`."""
        if entry.seq <= self.seq:
            return
        self.seq = entry.seq
        self.steering.fold(entry)
        self.doors.fold(entry)
        self._take(entry.event)
        for number, why in self.scouts.fold(entry.event):
            self.open[number].decide(Call.DISCARD, why)
        if isinstance(entry.event, ev.RunStarted | ev.RunDone) and entry.event.run.purpose is Purpose.SCOUT:
            return
        self.belief, verdicts = self.policy.step(self.belief, entry.event)
        for verdict in verdicts:
            if verdict.experiment in self.open:
                self.open[verdict.experiment].verdict = verdict
        if _changes_worth(entry.event):
            outlook = self.policy.outlook(self.belief, None)
            self.unweighed = outlook.worths if outlook.worths != self.worths else None
            self.unclaimed = outlook.claim if self.claim is None else None

    def _take(self, event: Event) -> None:
        match event:
            case ev.Opened():
                self.name, self.branch = event.night, event.branch
            case ev.Session():
                self._begin_session(event)
            case ev.Proposed():
                self._propose(event)
            case ev.Admitted():
                self._admit(event)
            case ev.RunStarted():
                self.under_way[event.run.id] = event
                self.attempts[event.run.id] = event.attempt
            case ev.RunDone():
                self._measure(event)
            case ev.Rebased():
                self._rebase(event)
            case ev.Judged():
                self.open[event.experiment].judged = event
            case ev.Recorded():
                self._record(event)
            case ev.Turned():
                self.phase, self.turns, self.turned_why = event.phase, event.number, event.why
            case ev.Weighed():
                self.worths, self.weighings, self.unweighed = event.worths, event.number, None
            case ev.Claimed():
                self.claim, self.claims, self.unclaimed = event.claim, event.number, None
            case Approved(yes=False) if event.experiment in self.open:
                why = f": {event.why}" if event.why else ""
                self.open[event.experiment].decide(Call.DISCARD, f"{event.who} does not want it{why}")
            case Idled():
                self.idled = event.number
                self._pay(event.cost, proposed=False)
            case ev.StopAsked():
                self.stop = event
            case ev.Closed():
                self._close(event)

    def _begin_session(self, event: ev.Session) -> None:
        """What was under way is lost with the coordinator that was killed, and will be started again."""
        for run_id, started in self.under_way.items():
            self.lost[run_id] += 1
            if self.lost[run_id] >= LOST_LIMIT and started.experiment in self.open:
                why = f"was under way {LOST_LIMIT} times when everything was killed, and is not tried again"
                self.open[started.experiment].decide(Call.CRASH, why)
        self.under_way.clear()
        self.sessions = event.number
        self.phase = Phase.SEARCH
        self.stop, self.closed = None, None

    def _propose(self, event: ev.Proposed) -> None:
        self.open[event.experiment] = Open(event, event.parent)
        remade = (old for old in self.lapsed if (old.origin, self.incumbent) == (event.origin, event.parent))
        if (old := next(remade, None)) is not None:
            self.lapsed.remove(old)
        self.last_number = event.experiment
        self.open[event.experiment].counts = event.removes is None
        if event.experiment > 0 and event.removes is None:
            self.counted += 1
            self._pay(event.cost, proposed=True)

    def _pay(self, cost: Cost, *, proposed: bool) -> None:
        self.spent = together((self.spent, spending_of(cost, proposed)))
        self.paid_turns += cost.tokens != 0

    def _admit(self, event: ev.Admitted) -> None:
        experiment = self.open[event.experiment]
        experiment.commit = event.commit
        if event.problem:
            self._pass_over(experiment, Call(event.problem_call), event.problem)
        else:
            self._compare_with_seen(experiment, event.fingerprint)

    def _rebase(self, event: ev.Rebased) -> None:
        experiment = self.open[event.experiment]
        experiment.verdict = None
        if event.commit is None:
            why = f"made for an older incumbent, and {self.doors.lapse}"
            experiment.decide(Call.DISCARD, why)
            if experiment.removes is None:
                self.lapsed.append(experiment.proposed)
            return
        experiment.base, experiment.commit = event.onto, event.commit
        experiment.rebases += 1
        experiment.trials.clear()
        self._compare_with_seen(experiment, event.fingerprint)

    def _compare_with_seen(self, experiment: Open, fingerprint: str) -> None:
        if experiment.removes is not None:  # of the last keep: what was there before
            return
        first = self.seen.setdefault(fingerprint, experiment.number)
        if first != experiment.number:
            what = "the untouched baseline" if first == 0 else f"experiment {first}"
            self._pass_over(experiment, Call.DUPLICATE, f"the same program as {what}, seeds aside")

    def _pass_over(self, experiment: Open, call: Call, why: str) -> None:
        experiment.decide(call, why)
        self.counted -= experiment.number > 0 and experiment.counts
        experiment.counts = False

    def _measure(self, event: ev.RunDone) -> None:
        run, usage = event.run, event.trial.usage
        for known in (self.under_way, self.attempts, self.lost):
            known.pop(run.id, None)
        if run.purpose is Purpose.SCOUT:  # on other hardware: its numbers are not of this night's kind
            return
        self.runs += 1
        if event.experiment in self.open:
            self.open[event.experiment].trials.append(event.trial)
        if event.trial.status is Status.OK:
            self.run_seconds.append(usage.wall_seconds)
        if event.trial.status is Status.OK and run.purpose is Purpose.BASELINE:
            beside = (usage.cpu_seconds if self.cpu_box else usage.wall_seconds) - run.box_seconds
            self.startup_seconds = max(beside, self.startup_seconds or 0.0)

    def _record(self, event: ev.Recorded) -> None:
        experiment = self.open.pop(event.experiment)
        self.log_tip = event.entry
        self.records += 1
        self.finished.append(experiment)
        if experiment.removes is None:
            self.fruitless = 0 if experiment.counts else self.fruitless + 1
        assert experiment.judged is not None
        verdict = experiment.judged.verdict
        if event.released is not None:
            self.released = experiment.released = event.released
            self.baseline = event.released if experiment.number == 0 else self.baseline
        experiment.landed = event.kept
        if event.kept is not None:
            self.incumbent, self.best, self.claim = event.kept, verdict.score, None
            self.kept[event.experiment] = event.kept
            self.since_keep = 0 if experiment.removes is None else self.since_keep
        elif experiment.number == 0:
            self.no_baseline = verdict.why
        else:
            self.since_keep += experiment.counts

    def _close(self, event: ev.Closed) -> None:
        self.closed = event
        self.finished_before |= event.finished
        self.under_way.clear()


def _changes_worth(event: Event) -> bool:
    match event:
        case ev.RunDone():
            return event.run.purpose in (Purpose.ABLATION, Purpose.CLAIM)
        case ev.Recorded():
            return event.kept is not None
    return isinstance(event, ev.Turned)
