from __future__ import annotations

import io

from overnight.ledger.events import Event, StopAsked
from overnight.model import Heartbeat
from overnight.night.actions import Tick
from overnight.show.live import Plain, Terminal
from overnight.show.paint import Screen
from tests.show.story import Window, at, begun, entries, night, story


def told(watcher: Plain, events: list[Event], quiet: int = 0) -> None:
    """As the shift does it; the first `quiet` events are from an earlier session."""
    now, loop = at(len(events)), night()
    for entry in entries(events):
        loop.hear(entry)
        if entry.seq > quiet:
            watcher.saw(entry, loop)
        for done in loop.state.finished:
            watcher.finished(done, loop)
        loop.state.finished.clear()
    loop.hear(Tick(now, now.mono))
    watcher.tick(loop, now, {"4-screen-0": Heartbeat("4-screen-0", 1.0, 0.5)})


def plain(events: list[Event], quiet: int = 0) -> list[str]:
    stream = io.StringIO()
    told(Plain(stream, lambda _: Screen()), events, quiet)
    return stream.getvalue().splitlines()


def terminal(columns: int = 80) -> list[str]:
    window = Window(columns)
    told(Terminal(window, lambda _: Screen(columns, 24, moves=True)), story())
    return window.rows()


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
    assert terminal() == [
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
        "#4       ━━━━━━──────────────────    3.0 s left  faster",
        "best     loss 1.500000  #1, −25.00 % against the baseline's 2.000000",
        "stop     ━━━━━━━━━━──────────────  4 of 10 experiments",
        "",
    ]


def test_a_narrow_terminal_is_never_overrun() -> None:
    assert all(len(row) <= 30 for row in terminal(30))


def test_what_an_agent_says_cannot_move_the_cursor() -> None:
    stream = io.StringIO()
    told(Terminal(stream, lambda _: Screen(80, moves=True)), [*story(), *begun(5, "\x1b[99A\rforged")])
    assert "\x1b[99A" not in stream.getvalue()
