"""The last lines of a night."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from overnight.ledger.ledger import Reader
from overnight.model import Claim, Split, Standing, Worth
from overnight.program.program import Box, Stop
from overnight.repo.repo import Repo
from overnight.show.ending import Place, ending
from overnight.show.paint import Screen, spread
from overnight.show.report import Report, report_of
from tests.nights import toy_repo
from tests.show.story import story, written

GAIN = Claim(Split.SEALED, 4, 2.0, 1.5, 0.5, 0.4, 0.6)
PLACE = Place(Path("/home/ada/toy"), None, "overnight", Path("/r/report.html"), Path("/r/progress.png"))


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Of the story, as if it had ended there, with a claim."""
    folder = tmp_path_factory.mktemp("ending")
    with Reader.open(written(folder / "night", story())) as reader:
        found = report_of(reader, Repo.discover(toy_repo(folder / "toy")), held=False)
    summary = replace(found.summary, state="finished", worths=(worth(1, 0.4),), claim=GAIN)
    summary = replace(summary, claimed=summary.tip)
    program = replace(found.program, box=Box(4.0), policy="proof", hidden=("{split}",), stop=Stop(experiments=3))
    return replace(found, summary=summary, program=program, claims=True)


def worth(number: int, gain: float, standing: Standing = Standing.PROVEN) -> Worth:
    return Worth(number, gain, 0.1, 2, standing)


def lines(report: Report, place: Place = PLACE, columns: int | None = None) -> list[str]:
    return [spread(cells, None, Screen()) for cells in ending(report, place, columns)]


def with_claim(report: Report, claim: Claim | None) -> Report:
    return replace(report, summary=replace(report.summary, claim=claim))


def test_a_proven_gain_is_followed_by_where_it_is_and_three_commands(report: Report) -> None:
    assert lines(report) == [
        "",
        "Branch    autoresearch/mar5 in /home/ada/toy",
        "Report    /r/report.html",
        "Picture   /r/progress.png",
        "",
        "Try next",
        "  overnight show 1                          what #1 changed, its runs, its log",
        "  overnight accept                          takes the branch, with your name to it",
        "  overnight run --tag mar5 --experiments 8  goes on for as long again",
    ]


def test_who_is_elsewhere_is_told_to_go_there_and_what_overnight_is_called(report: Report) -> None:
    place = replace(PLACE, enter=Path("/home/ada/my demo"), program="/venv/bin/overnight")
    assert lines(report, place)[6:8] == [
        "  cd '/home/ada/my demo'",
        "  /venv/bin/overnight show 1                          what #1 changed, its runs, its log",
    ]


def test_what_could_not_be_written_is_not_named(report: Report) -> None:
    assert not [line for line in lines(report, replace(PLACE, report=None, picture=None)) if "/r/" in line]


@pytest.mark.parametrize(
    ("claim", "why"),
    [
        (replace(GAIN, low=-0.1), "on 4 runs a side the branch came out better, which chance alone may do"),
        (
            replace(GAIN, gain=-0.1, low=-0.2),
            "on 4 runs a side the branch came out no better, which chance alone may do",
        ),
        (None, "the branch has not been measured against the baseline"),
    ],
)
def test_an_unproven_gain_is_called_so(report: Report, claim: Claim | None, why: str) -> None:
    assert f"Gain      none is proven: {why}. What would help: a longer `time_box:` than 4s, " in " ".join(
        line.strip() for line in lines(with_claim(report, claim), columns=400)
    )


def test_a_gain_on_the_only_set_is_not_called_proven(report: Report) -> None:
    one_set = replace(report, program=replace(report.program, hidden=()))
    told = " ".join(line.strip() for line in lines(with_claim(one_set, replace(GAIN, split=Split.VISIBLE))))
    assert "none is proven beyond the one set that this task has. What would help: " in told
    assert "a hidden and a sealed set (`hidden:` and `score:`), that no change is made for." in told


def test_a_night_without_a_keep_says_so_and_shows_what_was_tried(report: Report) -> None:
    nothing = replace(report, keeps=(), summary=replace(report.summary, worths=(), claim=None))
    told = lines(nothing)
    assert told[1].startswith("Gain      none is proven: of 4 experiments none was kept. What would help: ")
    assert [line.split()[1] for line in told[-3:]] == ["log", "report", "run"]


def test_a_judge_that_measures_no_gain_is_named(report: Report) -> None:
    greedy = replace(with_claim(report, None), claims=False)
    assert "`policy: proof` or `policy: fast`" in " ".join(lines(greedy))


def test_a_night_that_was_stopped_goes_on_and_says_nothing_of_gains(report: Report) -> None:
    stopped = replace(report, summary=replace(report.summary, state="stopped", claim=None))
    told = lines(stopped)
    assert not [line for line in told if line.startswith("Gain")]
    assert told[-3:] == [
        "  overnight run --tag mar5  goes on where it was left",
        "  overnight log             every experiment so far",
        "  overnight report          what came of it so far",
    ]


def test_the_keep_to_look_at_is_the_one_that_brings_most_and_still_stands(report: Report) -> None:
    worths = (worth(1, 0.1), worth(5, 0.2), worth(7, 0.3, Standing.REMOVED))
    told = lines(replace(report, summary=replace(report.summary, worths=worths)))
    assert "  overnight show 5 " in told[6]


def test_a_night_that_a_clock_ended_goes_on_by_the_clock(report: Report) -> None:
    timed = replace(report, program=replace(report.program, stop=Stop(seconds=5400.0)))
    assert lines(timed)[-1].startswith("  overnight run --tag mar5 --hours 3  ")


def test_a_narrow_screen_folds_the_sentence(report: Report) -> None:
    told = lines(with_claim(report, None), columns=60)
    assert all(len(line) <= 60 for line in told[: told.index("Branch    autoresearch/mar5 in /home/ada/toy")])


def test_a_narrow_screen_has_what_a_command_does_above_it(report: Report) -> None:
    assert lines(report, columns=60)[6:8] == ["  # what #1 changed, its runs, its log", "  overnight show 1"]
