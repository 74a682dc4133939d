"""The loop. Read this first.

A night asks proposers for proposals, has them measured in runs on slots, lets the judge fold the results into
verdicts, and moves a branch forward by what was really better:

    proposed → admitted → run_started → run_done → judged → recorded          … and the next one

`Night` is that loop as a pure state machine: no thread, no sleep, no clock and no git in here. It hears what has
happened (entries of the ledger, and a few signals) and says what to do next (actions); `shift.py` does it, and each
thing done becomes an entry. The state is folded from the ledger and kept nowhere else (`state.py`), so a night that
was killed at any line goes on by folding its ledger once more and asking: what next?

What holds here, whatever the judge's policy and however many slots there are:

- the untouched baseline comes first; a night whose baseline does not run ends there;
- what is half done is finished before anything new is begun, one thing at a time: keeps are serialised;
- a change is judged on the incumbent that it stands on. When another keep has landed meanwhile, the change is put on
  top of the new incumbent and measured again there: a stale score is never counted as if it were the rebase's;
- the same content is never measured as two ideas: it is a duplicate, and so is a mere change of seed;
- stop rules are enforced, and work in flight counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from overnight.judge.policy import AnyPolicy, Removal, Want
from overnight.ledger.events import Entry
from overnight.model import Call, Phase, Purpose, Run, Slot
from overnight.night import actions as do
from overnight.night.actions import Action, Answer, Dropped, Signal, Tick
from overnight.night.approval import unanswered, waits
from overnight.night.asking import Asking, Seat, hurry
from overnight.night.due import due
from overnight.night.filling import run_of, starts
from overnight.night.open import Open
from overnight.night.state import NightState
from overnight.night.stop import Progress, deadline, gauges, seconds_left, window_left
from overnight.program.program import Program

DAWN_SHARE = 0.10
"""Of a night's runs, for asking whether the keeps are still worth something."""

FRUITLESS_LIMIT = 50
"""So many proposals in a row that could not be run: whoever makes them has nothing left to say."""


class Night:
    def __init__(
        self,
        program: Program,
        policy: AnyPolicy,
        secret: str,
        slots: int,
        tick: Tick,
        deadline_utc: float | None,
        errand: Phase | None = None,  # the one that this session is for; SEARCH: only what was told
        seats: Sequence[Seat] = (Seat(),),
    ) -> None:
        self.program, self.secret, self.slots = program, secret, slots
        self.deadline_utc, self.errand = deadline_utc, errand
        self.state = NightState(program, policy)
        self.time = self.began = tick
        self.asking, self.cancelled, self.wanted = Asking(seats), set[str](), set[Want | Removal]()

    def hear(self, what: Entry | Signal) -> None:
        """Takes in what has happened."""
        match what:
            case Entry():
                self.state.fold(what)
            case Tick():
                self.time = what
                self.asking.wake(what.now.utc)
            case Answer():
                self.asking.hear(what)
            case Dropped():
                self.state.under_way.pop(what.run_id, None)
                self.state.scouts.under_way.pop(what.run_id, None)

    def next(self, free: Sequence[Slot]) -> list[Action]:
        """Says what to do now: finish what is half done; else end, if it is time; else fill the slots and ask for more.
        An empty list: nothing until something is heard."""
        if self.state.closed:
            return []
        if half_done := next(self._half_done(), None):
            return [*self._meanwhile(half_done, free), half_done]
        wants = [] if self.program.external else self.state.policy.wants(self.state.belief, len(free))
        if turn := self._turn(idle=not wants and not self.state.under_way):
            return [turn]
        if ending := self._ending(idle=not wants):
            return ending
        if removal := next((want for want in wants if isinstance(want, Removal)), None):
            return [do.Remove(removal.keep)]
        return [*self._starts(wants, free), *self._asks(wants)] or list(self._expects(wants))

    # ---- what is half done, the most urgent first

    def _half_done(self) -> Iterator[Action]:
        state, waiting = self.state, list(self.state.open.values())
        yield from (do.Record(e.number, state.to_release(e.judged.verdict)) for e in waiting if e.judged)
        if state.unweighed is not None:
            yield do.Weigh(state.unweighed)
        if state.unclaimed is not None:
            yield do.Announce(state.unclaimed)
        yield from (self._conclude(e) for e in waiting if e.verdict and not self._waits(e))
        yield from (do.Admit(e.number) for e in waiting if e.commit is None)
        stale = (e for e in waiting if self._stale(e) and not self._running(e) and not self._waits(e))
        yield from (do.Rebase(e.number, state.incumbent) for e in stale)
        yield from self._cancels(run_id for run_id, s in state.under_way.items() if not self._of_use(s.run))
        yield from due(self.program, state, self._run)

    def _conclude(self, experiment: Open) -> Action:
        assert experiment.verdict is not None
        if unanswered(self.program, self.state, experiment):
            return do.Hold(experiment.verdict)
        if experiment.verdict.call is Call.KEEP and self._stale(experiment):
            return do.Rebase(experiment.number, self.state.incumbent)
        return do.Conclude(experiment.verdict)

    def _waits(self, experiment: Open) -> bool:
        return waits(self.program, self.state, experiment)

    def _stale(self, experiment: Open) -> bool:
        return experiment.number > 0 and experiment.base != self.state.incumbent

    def _running(self, experiment: Open) -> bool:
        return any(s.experiment == experiment.number for s in self.state.under_way.values())

    def _of_use(self, run: Run) -> bool:
        """Not where the night has turned to something else and decided without it."""
        if run.purpose is Purpose.SCOUT:  # of the incumbent, as long as it is
            return run.commit == self.state.incumbent or run.experiment in self.state.open
        return run.experiment in self.state.open or run.purpose in (Purpose.INCUMBENT, Purpose.CLAIM)

    # ---- filling the slots

    def _meanwhile(self, half_done: Action, free: Sequence[Slot]) -> list[Action]:
        """Runs that can begin before an experiment is admitted, or put away that changes nothing for them."""
        may_wait = isinstance(half_done, do.Admit | do.Conclude | do.Record) and not self.program.exclusive
        if not free or not may_wait or not self._settled() or self._turn(idle=False):
            return []
        return self._starts(self.state.policy.wants(self.state.belief, len(free)), free)

    def _settled(self) -> bool:
        """Nothing that is still to be recorded or concluded moves the branch."""
        undecided = (e for e in self.state.open.values() if not self._passed_over(e))
        return bool(self.state.incumbent) and not any(e.judged or e.verdict or self._stale(e) for e in undecided)

    def _passed_over(self, experiment: Open) -> bool:
        found = experiment.judged.verdict if experiment.judged else experiment.verdict
        return found is not None and experiment.removes is None and found.call is not Call.KEEP

    def _starts(self, wants: Sequence[Want | Removal], free: Sequence[Slot]) -> list[Action]:
        if not free or not self._time_for_a_run():
            return []
        over = {number for number, experiment in self.state.open.items() if self._passed_over(experiment)}
        runs = [want for want in wants if isinstance(want, Want) and want.experiment not in over]
        return [*starts(self.program, self.state, self.secret, runs, free)]

    def _expects(self, wants: Sequence[Want | Removal]) -> Iterator[Action]:
        """What the next free slots are for, where runs are so short that it matters, and may be disturbed."""
        known, self.wanted = self.wanted, set(wants)
        if self._hurry() and self._time_for_a_run():
            runs = [self._run(want) for want in wants if isinstance(want, Want) and want not in known]
            yield from (do.Expect(run) for run in runs if run.id not in self.state.under_way)

    def _run(self, want: Want) -> Run:
        return run_of(self.program, self.state, self.secret, want)

    # ---- asking for more

    def _asks(self, wants: Sequence[Want | Removal]) -> list[Action]:
        """Asks for proposals once the baseline stands: as many as can be measured, and paid for."""
        removing = any(isinstance(want, Want) and want.purpose is Purpose.ABLATION for want in wants)
        if (
            self.errand
            or self.state.phase is Phase.CLAIM
            or removing
            or not self.state.incumbent
            or not self._time_for_a_run()
            or self.enough()
        ):
            return []
        stop = self.program.stop.experiments
        limit = None if stop is None else stop - self.state.counted
        if self._spent(self.state.progress(self.time.elapsed, self.asking.thinking + 1)):
            limit = self.asking.asked
        undecided = sum(not self._waits(experiment) for experiment in self.state.open.values())
        turns = self.asking.turns(self.slots, undecided, limit, self.state.records, self._hurry())
        return [do.Ask(n, seat) for seat, n in turns]

    def _spent(self, progress: Progress) -> bool:
        rules = replace(self.program.stop, experiments=None, plateau=None, target=None)
        return any(rule.reached for rule in gauges(rules, self.program.goal, progress))

    # ---- the end

    def _turn(self, idle: bool) -> do.Turn | None:
        """To the next phase, when its time has come."""
        state, phases = self.state, self.state.policy.phases
        later = phases if state.phase is Phase.SEARCH else phases[phases.index(state.phase) + 1 :]
        if not later or not state.incumbent or state.stop or self.errand is state.phase:
            return None
        if self.errand:
            return do.Turn(self.errand, None, "somebody asked for it", thorough=True)
        left = self.runs_left()
        if left is not None and left - self.slots + 1 <= self._kept_back(later[0], left):  # it falls by `slots` at once
            return do.Turn(later[0], left, "the time is nearly up")
        over = self.enough() if idle else ""
        return do.Turn(later[0], left, over) if over else None

    def _kept_back(self, phase: Phase, left: int) -> float:
        total = self.state.runs + left
        reserve = self.state.policy.outlook(self.state.belief, total).reserve
        return reserve + (DAWN_SHARE * total if phase is Phase.DAWN else 0)

    def runs_left(self) -> int | None:
        """As far as the clock goes. None: it sets no limit."""
        left = self._seconds_left()
        slots = self.slots - self.state.scouts.slots
        return None if left is None else max(0, int(left / self._run_seconds())) * max(1, slots)

    def _ending(self, idle: bool) -> list[Action]:
        """Close, or the last things to do before; nothing while the night goes on, or while runs still end."""
        state = self.state
        if state.under_way:
            return list(self._cancels(state.under_way)) if state.stop and state.stop.now else []
        if state.stop:
            return [do.Close(f"stopped by {state.stop.who}", finished=False)]
        if state.no_baseline:
            return [do.Close(f"the untouched baseline gave no score: {state.no_baseline}", finished=True)]
        if over := self.out_of_time():
            return [do.Close(over if state.incumbent else f"{over}, not even for the baseline", finished=True)]
        through = self.errand is Phase.SEARCH or all(map(self._waits, state.open.values()))
        if idle and through and (done := self._done()):
            return [do.Close(done, finished=self.errand is None or state.finished_before)]
        return []

    def _done(self) -> str:
        """Why there is nothing more to do; empty while there is a phase to come."""
        last = self.errand or next(reversed(self.state.policy.phases), Phase.SEARCH)
        if self.errand is Phase.SEARCH:
            return "" if self.time is self.began else "what was told is measured"  # after a look into the inbox
        return (self.state.turned_why or self.enough()) if self.state.phase is last else ""

    def _cancels(self, run_ids: Iterable[str]) -> Iterator[Action]:
        for run_id in list(run_ids):
            if run_id not in self.cancelled:
                self.cancelled.add(run_id)
                yield do.Cancel(run_id)

    def enough(self) -> str:
        """Why nothing new is begun; empty while the search goes on. What has begun is measured to its end."""
        for rule in gauges(self.program.stop, self.program.goal, self.state.progress(self.time.elapsed)):
            if rule.reached:
                return rule.text
        if self.state.fruitless >= FRUITLESS_LIMIT:
            return f"{FRUITLESS_LIMIT} proposals in a row were duplicates or could not be run"
        if self.asking.dry(self.state.records):
            return "the proposer has no more ideas"
        return ""

    def out_of_time(self) -> str:
        """Why no run can be started any more; empty while there is time for one."""
        left = self._seconds_left()
        if left is None or left >= self._run_seconds():
            return ""
        return "the time is up" if left <= 0 else f"{left:.0f} s are left, too few for another run"

    def _seconds_left(self) -> float | None:
        if self.errand:
            return None
        now, deadline = self.time.now, self.deadline_utc
        if deadline is not None:  # a clock change in the night moves it: seven o'clock is seven o'clock
            deadline += self.began.now.offset_seconds - now.offset_seconds
        return seconds_left(self.program, self.time.elapsed, now, deadline)

    def paused(self) -> bool:
        """A person said so; or outside the nightly window, or too near its end for a run."""
        left = window_left(self.program.between, self.time.now.local)
        return self.state.steering.paused is not None or (left is not None and left < self._run_seconds())

    def reread(self, program: Program) -> None:
        """program.md was edited: its words and its stop rules are these from here on."""
        if program.stop.until != self.program.stop.until:
            self.deadline_utc, self.began = deadline(program.stop.until, self.time.now), self.time
        self.program = program

    def _hurry(self) -> int:
        return 0 if self.program.exclusive else hurry(self.slots, self._run_seconds())

    def _time_for_a_run(self) -> bool:
        return not (self.state.stop or self.out_of_time() or self.paused())

    def _run_seconds(self) -> float:
        """How long a run takes: the longest of the last few, or the box as long as none has ended."""
        return max(self.state.run_seconds, default=self.program.box.seconds)
