from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace

import pytest

from overnight.ledger.events import Event, Noted, RunStarted, StopAsked
from overnight.ledger.idling import Idled
from overnight.model import Call, Cost, Heartbeat
from overnight.night.actions import Tick
from overnight.program.program import Box, Program
from overnight.show.live import Plain, Terminal
from overnight.show.paint import Screen
from tests.show.story import PROGRAM, Window, at, begun, ended, entries, night, story

CURVED = replace(PROGRAM, curve=r"loss (\S+)")


BEATS = (Heartbeat("4-screen-0", 2.0, 0.5, (9.0, 5.0, 4.0, 3.5, 3.25)),)
"""Of the run that is under way at the end of the story, half-way through its box."""


def told(
    watcher: Plain,
    events: list[Event],
    quiet: int = 0,
    beats: Sequence[Heartbeat] = (Heartbeat("4-screen-0", 1.0, 0.5),),
    program: Program = PROGRAM,
    slots: int = 1,
) -> None:
    """As the shift does it; the first `quiet` events are from an earlier session."""
    now, loop = at(len(events)), night(program, slots)
    for entry in entries(events):
        loop.hear(entry)
        if entry.seq > quiet:
            watcher.saw(entry, loop)
        for done in loop.state.finished:
            watcher.finished(done, loop)
        loop.state.finished.clear()
    loop.hear(Tick(now, now.mono))
    watcher.tick(loop, now, {beat.run_id: beat for beat in beats})


def plain(events: list[Event], quiet: int = 0) -> list[str]:
    stream = io.StringIO()
    told(Plain(stream, lambda _: Screen()), events, quiet)
    return stream.getvalue().splitlines()


def terminal(
    columns: int = 80,
    rows: int = 24,
    events: Sequence[Event] = (),
    beats: Sequence[Heartbeat] = BEATS,
    program: Program = CURVED,
    unicode: bool = True,
) -> list[str]:
    window = Window(columns)
    screen = Screen(columns, rows, moves=True, unicode=unicode)
    told(Terminal(window, lambda _: screen), [*story(), *events], beats=beats, program=program)
    return window.rows()


def below(rows: list[str]) -> list[str]:
    """What is drawn anew: all after the first empty line."""
    return rows[rows.index("") + 1 : -1]


def beside(*slots: int) -> list[Event]:
    """More runs under way, on slots of these numbers."""
    begins = [(slot, begun(3 + slot, f"idea {slot}")) for slot in slots]
    return [replace(e, slot=f"slot-{slot}") if isinstance(e, RunStarted) else e for slot, es in begins for e in es]


def test_a_pipe_gets_one_line_for_each_experiment() -> None:
    assert plain(story()) == [
        "night mar5",
        "       verdict        score    change     took  its author says",
        "   #0  keep        2.000000              4.0 s  the untouched baseline  keep",
        "   #1  keep        1.500000  −25.00 %    4.0 s  wider  better",
        "   #2  discard     1.800000  +20.00 %    4.0 s  wider still",
        "   #3  crash                             4.0 s  much wider  exit code 1: MemoryError: 99 is too wide",
        "mar5: searching",
    ]


def test_earlier_sessions_are_one_line() -> None:
    assert plain(story(), quiet=len(story()))[:3] == [
        "night mar5 goes on: 1 crash · 1 discard · 1 keep",
        "       verdict        score    change     took  its author says",
        "mar5: searching",
    ]


def test_a_stop_that_was_asked_for_is_a_phase() -> None:
    assert plain([*story(), StopAsked(id="1", who="ada")])[-1] == "mar5: stopping: what runs now is finished first"


def test_a_terminal_has_a_status_below_the_lines() -> None:
    assert terminal(beats=[Heartbeat("4-screen-0", 1.0, 0.5)], program=PROGRAM) == [
        "night mar5",
        "       verdict        score    change     took  its author says",
        "   #0  keep        2.000000              4.0 s  the untouched baseline",
        "       keep",
        "   #1  keep        1.500000  −25.00 %    4.0 s  wider",
        "       better",
        "   #2  discard     1.800000  +20.00 %    4.0 s  wider still",
        "   #3  crash                             4.0 s  much wider  exit code 1: Memory…",
        "",
        "mar5     searching   1 crash · 1 discard · 1 keep",
        "#4       ━━━━━━━━━━──────────────────────────────  3.0 s left",
        "         faster",
        "best     loss 1.500000  #1, −25.00 % against the baseline's 2.000000",
        "stop     ━━━━━━━━━━━━━━━━────────────────────────  4 of 10 experiments",
        "",
    ]


def test_what_proposing_has_cost_is_said_and_what_is_unknown_of_it() -> None:
    turn = Idled(number=1, origin="ada", trouble="late", why="", until=0.0, cost=Cost(2.0, 300, None))
    rows = below(terminal(events=[turn, replace(turn, number=2, cost=Cost(1.0, 100, 0.5))]))
    assert rows[-3:-1] == [
        "cost     at least $0.50, 400 tokens in 6 turns, 3.0 s of thinking",
        "         1 turn of 6 told no price",
    ]


def test_a_run_is_seen_by_its_curve_as_far_as_its_box_is_used() -> None:
    assert below(terminal())[1:3] == [
        "#4       ████████▆▆▆▆▄▄▄▄▁▁▁▁────────────────────  3.25     2.0 s left",
        "         faster",
    ]


def test_a_curve_that_has_not_begun_is_a_bar() -> None:
    assert below(terminal(beats=[Heartbeat("4-screen-0", 1.0, 0.5)]))[1] == (
        "#4       ━━━━━━━━━━──────────────────────────────           3.0 s left"
    )


def test_a_run_of_which_nothing_was_heard_starts() -> None:
    assert below(terminal(beats=[]))[1].endswith("  starts")


def test_a_run_past_its_box_says_by_how_much() -> None:
    assert below(terminal(beats=[Heartbeat("4-screen-0", 4.5, 0.5, (2.0, 1.0))]))[1].endswith("  1        0.5 s over")


@pytest.mark.parametrize(("used", "words"), [(4.2, "is scored"), (1.0, "1.0 s left")])
def test_a_run_that_has_ended_and_is_not_done_is_scored(used: float, words: str) -> None:
    """In the other case it is the machine that is slow."""
    program = replace(CURVED, score="python score.py")
    window, beats = Window(), [Heartbeat("4-screen-0", used, 0.5, (2.0, 1.0))]
    watcher = Terminal(window, lambda _: Screen(80, moves=True))
    told(watcher, story(), beats=beats, program=program)
    told(watcher, [*story(), *(Noted(id=str(k), text="a second") for k in range(3))], 99, beats, program)
    assert below(window.rows())[1].endswith(f"  1        {words}")


def test_a_box_of_cpu_time_is_counted_by_its_own_clock() -> None:
    program = replace(CURVED, box=Box(4.0, cpu=True))
    assert below(terminal(program=program))[1].endswith("  3.25     3.5 s left")


def test_each_slot_has_its_place_and_keeps_it() -> None:
    assert [row.split()[0] for row in below(terminal(events=beside(10, 2)))[1:7:2]] == ["#4", "#5", "#13"]


def test_a_slot_that_is_free_keeps_its_place() -> None:
    window = Window()
    watcher = Terminal(window, lambda _: Screen(80, moves=True))
    before = [*story(), *beside(2)]
    told(watcher, before)
    told(watcher, [*before, *ended(4, Call.DISCARD, 1.8)], quiet=len(before), beats=[])
    assert below(window.rows())[1:5] == [
        "         ────────────────────────────────────────",
        "         idle",
        "#5       ────────────────────────────────────────  starts",
        "         idea 2",
    ]


def test_where_there_is_little_room_a_slot_has_one_row() -> None:
    rows = below(terminal(120, 9, beside(2, 3)))
    assert [row[:4].strip() for row in rows] == ["mar5", "#4", "#5", "#6", "best", "stop"]
    assert rows[1].endswith("2.0 s left  faster")


def test_what_does_not_fit_is_counted() -> None:
    rows = below(terminal(80, 8, beside(*range(2, 30))))
    assert [row.strip().split("  ")[0] for row in rows] == ["mar5", "#4", "#5", "and 27 more", "best", "stop"]


def test_it_is_never_higher_than_the_screen() -> None:
    for height in range(1, 12):
        assert len(below([*terminal(80, height, beside(2, 3)), ""])) <= height


@pytest.mark.parametrize("columns", [20, 30, 40, 80, 200])
def test_no_terminal_is_overrun(columns: int) -> None:
    assert all(len(row) < columns for row in below(terminal(columns, events=beside(2))))


def test_at_forty_columns_the_curve_its_value_and_the_time_are_there() -> None:
    assert below(terminal(40))[1] == "#4       █▆▄▁─────  3.25     2.0 s left"


def test_a_terminal_without_unicode_gets_none() -> None:
    rows = terminal(unicode=False)
    assert all(row.isascii() for row in rows)
    assert below(rows)[1] == "#4       ########++++;;;;____--------------------  3.25     2.0 s left"


def test_what_an_agent_says_cannot_move_the_cursor() -> None:
    stream = io.StringIO()
    told(Terminal(stream, lambda _: Screen(80, moves=True)), [*story(), *begun(5, "\x1b[99A\rforged")])
    assert "\x1b[99A" not in stream.getvalue()
