from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest

from overnight.ledger.events import Admitted, Event, Judged, Opened, Proposed, Recorded, RunDone, Session
from overnight.ledger.ledger import Reader
from overnight.model import Call, Purpose, Run, Score, Split, Status, Trial, Usage, Verdict
from overnight.program.knobs import Value, with_knobs
from overnight.propose.lessons import Belief, Dot, Learned, Place, Turned
from overnight.repo.edits import make_edits
from overnight.repo.repo import Repo
from overnight.show.knob_picture import HIGH, knob_picture
from overnight.show.learned import NAME, scaled
from overnight.show.markdown import report_markdown
from overnight.show.morning import write_morning
from overnight.show.page import page
from overnight.show.paint import Screen
from overnight.show.report import Report, report_json, report_of
from overnight.show.report_text import report_text
from overnight.show.series import series_of
from overnight.show.status import Status as Glance
from overnight.show.status import status_json, status_of, status_text
from tests.nights import make_repo
from tests.show.story import PROGRAM, at, beginning, written

TEXT = "RATE = 0.1  # 0.001..10, log\nDULL = 5.0  # 1..9\nMODE = 'a'  # a | b\n"
WIDE = Screen(None, False, False)


@dataclass(frozen=True, slots=True)
class Turn:
    """What somebody tried, and the score; None: it ran out of memory."""

    values: dict[str, Value]
    score: float | None


def turns() -> list[Turn]:
    """A higher rate is better until memory ends; DULL does nothing."""
    rates = [Turn({"RATE": rate}, 2.2 - 0.2 * n) for n, rate in enumerate((0.025, 0.05, 0.2, 0.4, 0.8, 1.6))]
    dull = [Turn({"DULL": value}, 2.0 + 0.004 * (-1) ** n) for n, value in enumerate((3.0, 4.0, 6.0, 7.0, 8.0))]
    return [*rates, *dull, *(Turn({"RATE": rate}, None) for rate in (3.0, 4.0, 5.0, 8.0))]


def told(baseline: str, tried: Sequence[Turn]) -> Iterator[Event]:
    settings = msgspec.to_builtins(replace(PROGRAM, edit=("train.py",)), enc_hook=str)
    for event in beginning():
        if isinstance(event, Opened):
            yield replace(event, baseline=baseline, settings=settings)
        else:
            assert isinstance(event, Session)
            yield replace(event, settings=settings)
    for number, turn in enumerate([Turn({}, 2.0), *tried]):
        yield from _one(number, turn, baseline)


def _one(number: int, turn: Turn, parent: str) -> Iterator[Event]:
    commit, said = f"{number:040x}" if number else parent, ", ".join(turn.values)
    edits = make_edits({"train.py": TEXT}, {"train.py": with_knobs(TEXT, turn.values)})
    yield Proposed(experiment=number, parent=parent, edits=edits, origin="ada", hypothesis=said)
    yield Admitted(experiment=number, commit=commit, fingerprint=str(number), size=3, parent_size=3)
    run = Run(f"{number}-0", number, commit, Purpose.SCREEN, Split.VISIBLE, 0, 4.0, 8.0)
    status = Status.MEMORY if turn.score is None else Status.OK
    scores = {} if turn.score is None else {"loss": Score(turn.score)}
    yield RunDone(run=run, trial=Trial(run.id, 1, status, scores, Usage(), 0, None, "", ""))
    call = Call.KEEP if number == 0 else Call.CRASH if turn.score is None else Call.DISCARD
    against = None if turn.score is None or number == 0 else 2.0
    verdict = Verdict(number, call, "" if turn.score else "out of <b>memory</b>", turn.score, against)
    yield Judged(verdict=verdict, commit=commit, log_tip="", branch_tip="")
    yield Recorded(experiment=number, entry="e" * 40, kept=commit if number == 0 else None)


@dataclass(frozen=True, slots=True)
class Morning:
    report: Report
    status: Glance
    files: dict[str, bytes]


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Morning:
    folder = tmp_path_factory.mktemp("knobs")
    repo = Repo.discover(make_repo(folder / "repo", {"train.py": TEXT}))
    night = written(folder / "night", [*told(repo.head(), turns())])
    with Reader.open(night) as reader:
        report = report_of(reader, repo, held=False)
        write_morning(folder / "out", report, series_of(reader))
        status = status_of(night, reader, at(60), repo)
    repo.close()
    return Morning(report, status, {file.name: file.read_bytes() for file in (folder / "out").iterdir()})


def test_lessons_are_read_back_from_the_ledger_whoever_proposed(morning: Morning) -> None:
    found = morning.report.learned
    assert found is not None
    assert [knob.name for knob in found.mattered] == ["RATE"]
    assert (found.runs, found.failed, found.never) == (12, 4, ("MODE",))


def test_the_report_has_a_section_of_what_the_knobs_did(morning: Morning) -> None:
    text = report_markdown(morning.report)
    section = text.partition("## What the knobs did")[2].partition("\n## ")[0]
    assert "| RATE | 0.025 to 1.6 | 0.1 |" in section
    assert "RATE 3 and above failed 4 of 4 times" in section
    assert "Next it would try: " in section
    assert f"]({NAME}.png)" in section


def test_what_an_error_says_is_no_markup(morning: Morning) -> None:
    for text in (page(morning.report, ""), report_markdown(morning.report)):
        assert "<b>memory" not in text


def test_the_picture_lies_beside_the_report_and_stands_in_the_page(morning: Morning) -> None:
    assert morning.files["knobs.png"].startswith(b"\x89PNG")
    assert morning.files["report.html"].count(b"<figure>") == 2


def test_the_status_says_what_mattered_and_what_is_next(morning: Morning) -> None:
    lines = [*status_text(morning.status, WIDE)]
    [most] = [line for line in lines if line.startswith("knobs")]
    assert "mattered most: RATE (" in most
    assert any("next it would try " in line for line in lines)


def test_the_terminal_says_it_too(morning: Morning) -> None:
    assert any(line.startswith("Knobs") and "RATE (" in line for line in report_text(morning.report, WIDE))


def test_json_has_the_figures_and_not_the_points_of_the_picture(morning: Morning) -> None:
    for found in (report_json(morning.report)["knobs"], status_json(morning.status)["knobs"]):
        assert found["turned"][0]["name"] == "RATE"
        assert found["turned"][0]["swing"]["gain"] > 0
        assert not found["turned"][0]["dots"]
        assert len(found["said"]) <= 12


def test_a_night_whose_commits_are_not_here_has_no_lessons(tmp_path: Path) -> None:
    repo = Repo.discover(make_repo(tmp_path / "other", {"a": "a"}))
    with Reader.open(written(tmp_path / "night", [*told("b" * 40, turns())])) as reader:
        assert report_of(reader, repo, held=False).learned is None
    repo.close()


def test_a_status_without_the_repository_says_nothing_of_knobs(tmp_path: Path) -> None:
    folder = written(tmp_path / "night", [*told("b" * 40, turns())])
    with Reader.open(folder) as reader:
        status = status_of(folder, reader, at(60))
    assert status_json(status)["knobs"] is None
    assert not any(line.startswith("knobs") for line in status_text(status, WIDE))


def test_gains_are_shares_of_the_baseline_where_there_is_one() -> None:
    assert scaled(Belief(0.01, 0.002), -2.0) == "0.5 % ± 0.2 %"
    assert scaled(Belief(-0.01, 0.002), None) == "0.01 ± 0.0039"


def knob(name: str = "RATE", dots: int = 40, choice: bool = False, gain: float = 0.1) -> Turned:
    values: list[Value] = ["a", "b", "c"] if choice else [0.1, 0.2, 0.4]
    curve = tuple(Place(float(n), value, Belief(gain * n, 0.02 * n)) for n, value in enumerate(values))
    ran = (Dot(1.0 + (n % 10) / 10 * (not choice), gain + 0.01 * (n % 7)) for n in range(dots))
    swing = Belief(2 * gain, 0.04)
    return Turned(
        name=name,
        value=values[0],
        choice=choice,
        tried=tuple(values),
        runs=dots,
        failed=1,
        share=0.5,
        best=curve[-1],
        worst=curve[0],
        swing=swing,
        brought=Place(1.0, values[1], Belief(0.1, 0.02)),
        curve=curve,
        dots=(*ran, Dot(2.0, None), Dot(1.0, -1e9)),
    )


def lessons(*knobs: Turned) -> Learned:
    return Learned(40, 1, 40, 0.01, 2.0, knobs, (), (), (), (), None, (), (0.0, 0.0))


def texts(picture: str) -> list[str]:
    return [each.text or "" for each in ElementTree.fromstring(picture).iter() if each.tag.endswith("text")]


def test_the_picture_has_a_panel_for_each_of_the_six_that_mattered_most() -> None:
    drawn = texts(knob_picture(lessons(*(knob(f"K{n}") for n in range(9))), "loss", 2.0))
    assert [text for text in drawn if text in {f"K{n}" for n in range(9)}] == [f"K{n}" for n in range(6)]


def test_the_picture_is_a_function_of_the_lessons() -> None:
    assert knob_picture(lessons(knob()), "loss", 2.0) == knob_picture(lessons(knob()), "loss", 2.0)


def test_the_picture_says_where_a_knob_stands_and_where_it_began() -> None:
    drawn = texts(knob_picture(lessons(knob()), "loss", 2.0))
    assert {"0.1", "0.2", "0.4"} <= {*drawn}
    assert "best against worst 10 % ± 3.9 % · 40 runs, 1 failed" in drawn


def test_choices_are_named_one_by_one() -> None:
    assert {"a", "b", "c"} <= {*texts(knob_picture(lessons(knob(choice=True)), "loss", None))}


def test_what_a_stranger_called_a_knob_is_text_in_the_picture() -> None:
    assert "<script" not in knob_picture(lessons(knob("<script>\x1b[0m")), "<i>", 2.0)


def test_one_run_that_is_far_off_does_not_flatten_the_curves() -> None:
    """A dot at -1e9 is in every knob of these."""
    picture = ElementTree.fromstring(knob_picture(lessons(knob()), "loss", 2.0))
    lines = [each.attrib for each in picture.iter() if each.tag.endswith("polyline")]
    [curve] = [line["points"] for line in lines if line["stroke-width"] == "2" and line["points"].count(" ") == 2]
    heights = [float(point.split(",")[1]) for point in curve.split()]
    assert max(heights) - min(heights) > 0.3 * HIGH


def test_a_picture_of_a_thousand_runs_stays_small() -> None:
    many = lessons(*(knob(f"K{n}", dots=1000) for n in range(6)))
    assert len(knob_picture(many, "loss", 2.0)) < 300_000


def test_a_knob_that_did_nothing_at_all_can_be_drawn() -> None:
    assert "RATE" in texts(knob_picture(lessons(knob(gain=0.0, dots=0)), "loss", 0.0))
