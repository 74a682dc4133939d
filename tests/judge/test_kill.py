"""A screening run is hopeless where the finished runs of this night say so, and nowhere else."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overnight.judge.kill import AUDIT, MOST, SHARES, WARM_UP, Hopes
from overnight.judge.regression import Line, through
from overnight.ledger.events import Admitted, Judged, Proposed, Rebased, Recorded, RunDone, Session
from overnight.measure.rungs import failed
from overnight.model import Call, Goal, Purpose, Run, Rung, Split, Status, Trial, Usage, Verdict
from overnight.program.program import Program
from overnight.testing import a_program

PROGRAM = a_program(curve=r"train (\S+)")  # a box of 10 s; less is better
Values = tuple[float, float, float]


@dataclass
class Night:
    """Feeds the events of a night. A curve has one value for each of SHARES."""

    program: Program = PROGRAM
    hopes: Hopes = field(init=False)
    number: int = 0
    incumbent: str = "k0"

    def __post_init__(self) -> None:
        self.hopes = Hopes.of(self.program)
        self.propose(0)
        for _ in range(4):
            self.run(0, (5.0, 4.0, 3.0), Purpose.BASELINE)
        self.judge(0, 0.0, Call.KEEP)

    def propose(self, number: int, lines: int = 100) -> None:
        parent = self.incumbent if number else "c"
        self.hopes = self.hopes.step(
            Proposed(experiment=number, parent=parent, edits=(), origin="", hypothesis="")
        ).step(Admitted(experiment=number, commit="", fingerprint="", size=lines, parent_size=100))

    def run(self, number: int, values: Values, purpose: Purpose = Purpose.SCREEN, rungs: tuple[Rung, ...] = ()) -> None:
        curve = tuple((share * 10 - 0.1, value) for share, value in zip(SHARES, values, strict=True))
        why = next((rung.share for rung in rungs if failed(rung, curve, 10.0)), None)
        status = Status.OK if why is None else Status.PRUNED
        usage = Usage(wall_seconds=10.0 if why is None else why * 10)
        seen = tuple(point for point in curve if point[0] < usage.wall_seconds)
        commit = self.incumbent if purpose is Purpose.INCUMBENT else "c"
        run = Run("", number, commit, purpose, Split.VISIBLE, 1, 10.0, 20.0, rungs)
        self.hopes = self.hopes.step(
            RunDone(run=run, trial=Trial("", 1, status, {}, usage, 0, None, "", "", curve=seen))
        )

    def judge(self, number: int, gain: float, call: Call = Call.DISCARD) -> None:
        """The score is a loss: 3 less the gain."""
        verdict = Verdict(number, call, "", 3.0 - gain, 3.0)
        if call is Call.PRUNED:
            verdict = Verdict(number, call, "")
        kept = f"k{number}" if call is Call.KEEP else None
        self.hopes = self.hopes.step(Judged(verdict=verdict, commit="", log_tip="", branch_tip=""))
        self.hopes = self.hopes.step(Recorded(experiment=number, entry="", kept=kept))
        self.incumbent = kept or self.incumbent

    def candidate(self, gain: float, values: Values, call: Call = Call.DISCARD) -> None:
        self.number += 1
        self.propose(self.number)
        self.run(self.number, values)
        self.judge(self.number, gain, call)

    def candidates(self, n: int, slope: float = -1.0, noise: float = 0.3, seed: int = 1) -> Night:
        """None of them is adopted. The curve moves by `slope` for each unit of gain."""
        rng = random.Random(seed)
        for _ in range(n):
            gain = rng.gauss(-1, 0.5)
            self.candidate(gain, values(gain, slope, lambda: rng.gauss(0, noise)))
        return self

    def rungs(self, lines: int = 100) -> tuple[Rung, ...]:
        """Of a candidate that came now, and is not audited."""
        number = next(n for n in range(self.number + 1, self.number + 3) if n % AUDIT)
        self.propose(number, lines)
        return self.hopes.rungs(number)


def values(gain: float, slope: float, noise: object) -> Values:
    a, b, c = (base + slope * gain + noise() for base in (5.0, 4.0, 3.0))  # type: ignore[operator]
    return a, b, c


def test_nothing_is_ended_before_twenty_runs_have_finished() -> None:
    night = Night().candidates(WARM_UP - 1)
    assert night.rungs() == ()
    assert night.candidates(1, seed=2).rungs() != ()


def test_every_twentieth_is_let_through() -> None:
    night = Night().candidates(40)
    night.propose(60)
    assert night.hopes.rungs(60) == ()


def test_the_sign_of_the_curve_is_learned() -> None:
    assert {rung.above for rung in Night().candidates(60, slope=-1.0).rungs()} == {True}
    assert {rung.above for rung in Night().candidates(60, slope=1.0).rungs()} == {False}
    maximize = replace(PROGRAM, goal=Goal.MAXIMIZE)  # and there the same gains are losses
    assert {rung.above for rung in Night(maximize).candidates(60, slope=-1.0).rungs()} == {False}


def test_a_rung_stands_where_the_chance_is_less_than_that_of_a_new_idea() -> None:
    """Nobody was adopted of 200: it takes as much as the best had, and that is the chance of a new one."""
    night = Night().candidates(200, noise=0.2)
    rung = night.rungs()[0]
    left = 1 - rung.share
    assert left / 200 <= rung.chance <= left / 190  # as it was at the last fit
    rng = random.Random(3)
    drawn = ((gain := rng.gauss(-1, 0.5), 5.0 - gain + rng.gauss(0, 0.2)) for _ in range(100_000))
    near = [gain for gain, value in drawn if abs(value - rung.limit) < 0.05]
    reached = sum(gain >= night.hopes.fit.bar for gain in near) / len(near)
    assert rung.chance / 3 < reached < rung.chance * 3


def test_no_run_with_a_fair_chance_is_ended_in_a_rich_night() -> None:
    night = Night()
    rng = random.Random(5)
    for _ in range(60):
        gain = rng.gauss(0, 1)
        night.candidate(gain, values(gain, -1.0, lambda: rng.gauss(0, 0.3)), Call.KEEP if gain > 0.7 else Call.DISCARD)
    assert [rung.chance for rung in night.rungs()] == pytest.approx([MOST * (1 - share) for share in SHARES])


def test_a_curve_that_says_nothing_ends_nothing() -> None:
    assert Night().candidates(100, slope=0.0).rungs() == ()


def test_a_flat_curve_ends_nothing() -> None:
    assert Night().candidates(100, slope=0.0, noise=0.0).rungs() == ()


def test_runs_that_print_nothing_on_the_way_end_nothing() -> None:
    night = Night()
    for number in range(1, 60):
        night.propose(number)
        run = Run("", number, "c", Purpose.SCREEN, Split.VISIBLE, 1, 10.0, 20.0)
        trial = Trial("", 1, Status.OK, {}, Usage(wall_seconds=10.0), 0, None, "", "")
        night.hopes = night.hopes.step(RunDone(run=run, trial=trial))
        night.judge(number, -1.0 - number / 100)
    night.number = 60
    assert night.rungs() == ()


def test_rungs_are_relative_to_the_incumbent() -> None:
    night = Night().candidates(60)
    before = night.rungs()
    night.number += 5
    night.candidate(2.0, (3.0, 2.0, 1.0), Call.KEEP)
    assert [a.limit - b.limit for a, b in zip(before, night.rungs(), strict=True)] == pytest.approx([2.0] * 3)
    night.run(night.number, (4.0, 3.0, 2.0), Purpose.INCUMBENT)
    assert [a.limit - b.limit for a, b in zip(before, night.rungs(), strict=True)] == pytest.approx([1.5] * 3)


def test_who_stands_on_an_older_incumbent_has_no_rungs() -> None:
    night = Night().candidates(61)
    night.propose(63)
    assert night.hopes.rungs(63)
    night.candidate(2.0, (3.0, 2.0, 1.0), Call.KEEP)
    assert night.hopes.rungs(63) == ()
    night.hopes = night.hopes.step(
        Rebased(experiment=63, onto="k62", commit="", fingerprint="", size=100, parent_size=100)
    )
    assert night.hopes.rungs(63)


def test_less_code_is_ended_only_where_not_even_a_tie_is_to_be_hoped_for() -> None:
    night = Night().candidates(100, noise=0.1)
    night.candidate(3.0, (2.0, 1.0, 0.0))  # so that it takes much to be adopted
    usual, simpler = night.rungs(), night.rungs(lines=90)
    assert all(a.limit < b.limit for a, b in zip(usual, simpler, strict=True))


def test_what_was_pruned_teaches_nothing_about_gains() -> None:
    night = Night().candidates(61)
    before = night.rungs()
    night.number += 2
    night.propose(night.number)
    night.run(night.number, (9.0, 9.0, 9.0), rungs=before)
    assert [each is None for each in night.hopes.open[night.number].screened] == [False, True, True]
    night.judge(night.number, 0.0, Call.PRUNED)
    assert (night.hopes.fit, night.hopes.finished) == (Night().candidates(61).hopes.fit, 61)


@pytest.mark.parametrize("lie", [-1e9, 1e9, 5.0])
def test_a_lying_curve_hardly_moves_the_rungs_of_others(lie: float) -> None:
    limits = []
    for curve in ((8.0, 7.0, 6.0), (lie, lie, lie)):
        night = Night().candidates(80)
        night.candidate(-3.0, curve)
        limits.append([rung.limit for rung in night.candidates(19, seed=4).rungs()])
    assert limits[0] == pytest.approx(limits[1], abs=0.4)  # where all honest ones differ by 2


def test_rungs_that_lose_more_than_they_save_are_taken_away() -> None:
    """What is adopted are late bloomers, as the runs that nobody ended show."""
    night = Night().candidates(60)
    assert night.rungs()
    for _ in range(4):
        night.candidate(1.0, (8.0, 7.0, 6.0), Call.KEEP)
        night.candidates(10, seed=night.number)
    assert night.rungs() == ()


def test_what_is_better_and_breaks_a_guard_does_not_raise_the_bar() -> None:
    night = Night().candidates(60)
    night.candidate(1.0, (4.0, 3.0, 2.0), Call.KEEP)
    for _ in range(10):
        night.candidate(3.0, (2.0, 1.0, 0.0))
    assert night.hopes.fit.bar == pytest.approx(1.0)


def test_another_expression_makes_what_was_learned_void() -> None:
    night = Night().candidates(60)
    session = Session(number=2, host="", pid=1, scratch="", program_text="", settings={"curve": r"val (\S+)"})
    night.hopes = night.hopes.step(session)
    assert night.rungs() == ()


def test_in_a_cpu_box_a_pruned_run_came_as_far_as_its_cpu_seconds() -> None:
    night = Night(replace(PROGRAM, box=replace(PROGRAM.box, cpu=True)))
    night.propose(1)
    run = Run("", 1, "c", Purpose.SCREEN, Split.VISIBLE, 1, 10.0, 20.0)
    usage = Usage(wall_seconds=9.0, cpu_seconds=4.1)
    trial = Trial("", 1, Status.PRUNED, {}, usage, 0, None, "", "", curve=((1.0, 5.0), (3.9, 4.0)))
    night.hopes = night.hopes.step(RunDone(run=run, trial=trial))
    assert night.hopes.open[1].screened == (0.0, 0.0, None)


@given(st.integers(20, 400), st.floats(0.01, 0.99), st.sampled_from([-1, 1]), st.floats(-2, 4), st.integers(0, 99))
def test_at_its_limit_a_line_gives_the_chance_that_was_asked_for(
    n: int, noise: float, sign: int, bar: float, seed: int
) -> None:
    rng = random.Random(seed)
    xs = [rng.gauss(0, 1) for _ in range(n)]
    line = through(xs, [sign * x + rng.gauss(0, noise) for x in xs], bar)
    assert line is not None
    limit = line.limit(bar, 0.02)
    assert limit is not None
    assert line.chance(limit, bar) == pytest.approx(0.02, rel=1e-6)
    assert line.chance(limit - sign * 0.1, bar) < 0.02


def test_few_points_are_trusted_less_than_many() -> None:
    few, many = (Line(n, 0.0, 0.0, 1.0, 0.1, float(n)) for n in (20, 400))
    low, high = few.limit(1.0, 0.02), many.limit(1.0, 0.02)
    assert low is not None
    assert high is not None
    assert low < high


def test_a_line_without_a_clear_slope_has_no_limit() -> None:
    assert Line(20, 0.0, 0.0, 0.1, 1.0, 20.0).limit(1.0, 0.02) is None


def test_points_without_width_make_no_line() -> None:
    assert through([1.0] * 30, [float(i) for i in range(30)], 1.0) is None
