"""What the morning report finds in a ledger."""

from __future__ import annotations

from pathlib import Path

import pytest

from overnight.ledger.events import Weighed
from overnight.model import Purpose
from overnight.show.report import Report, report_json
from overnight.show.section import Section, text_of
from overnight.show.sections import sections
from tests.show.morning_night import TALES, a_morning, morning_events, morning_report


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return morning_report(tmp_path_factory.mktemp("morning"), a_morning())


def test_what_looked_better_once_and_did_not_repeat_has_fallen(report: Report) -> None:
    assert [(record.number, record.first, record.line.score) for record in report.fell] == [(2, 1.8, 1.875)]


def test_what_was_better_and_not_kept_came_close(report: Report) -> None:
    assert [record.number for record in report.near] == [3]


def test_what_did_harm_is_worth_knowing(report: Report) -> None:
    assert [record.number for record in report.worst] == [6]


def test_a_keep_that_was_taken_back_stands_with_what_took_it_back(report: Report) -> None:
    assert [(keep.number, removal.number) for keep, removal in report.taken_back] == [(5, 8)]
    assert [keep.number for keep in report.keeps] == [1, 5]


def test_failures_are_counted_up_to_the_name_of_the_exception(report: Report) -> None:
    (failure,) = report.failures
    assert (failure.why, failure.count, failure.last_experiment) == ("exit code 1: MemoryError", 2, 7)
    assert failure.last_line.endswith(": 98 is too wide")


def test_runs_are_counted_by_purpose(report: Report) -> None:
    found = {each.purpose: each.runs for each in report.spent}
    assert found == {Purpose.BASELINE: 4, Purpose.SCREEN: 7, Purpose.REPEAT: 3, Purpose.ABLATION: 1}
    assert sum(found.values()) == report.summary.runs
    assert sum(each.seconds for each in report.spent) == report.busy_seconds


def test_the_judges_removals_have_no_author(report: Report) -> None:
    (author,) = report.authors
    assert (author.name, author.experiments, author.kept, author.tokens, author.usd) == ("ada", 7, 2, 70, 1.75)


def test_the_noise_is_that_of_runs_of_the_same_commit(report: Report) -> None:
    assert report.noise.df == 6
    assert report.noise.variance == pytest.approx((0.0008 + 0.01125 + 0.00005) / 6)


def test_reports_json_names_what_the_pages_show(report: Report) -> None:
    found = report_json(report)
    assert [each["number"] for each in found["fell"]] == [2]
    assert found["keeps"][0]["worth"]["standing"] == "proven"
    assert [each["purpose"] for each in found["runs_by_purpose"]] == ["baseline", "screen", "repeat", "ablation"]


def named(report: Report, name: str) -> Section | None:
    return next((section for section in sections(report) if section.name == name), None)


def test_a_night_without_a_keep_says_what_it_could_see_and_what_would_help(tmp_path: Path) -> None:
    tales = [tale for tale in TALES if tale.number in (2, 3)]
    report = morning_report(tmp_path, [*morning_events(tales=tales)])
    learnt = named(report, "learnt")
    assert learnt is not None
    text = " ".join(text_of([sentence]) for sentence in learnt.sentences)
    assert "2 changes tried" in text
    assert "to show in one run" in text
    assert "What would help" in text
    assert named(report, "kept") is None


def test_a_night_with_a_proven_gain_needs_no_such_lesson(report: Report) -> None:
    assert named(report, "learnt") is None


def test_keeps_that_nobody_weighed_are_shown_with_their_scores(tmp_path: Path) -> None:
    events = [event for event in morning_events("greedy") if not isinstance(event, Weighed)]
    kept = named(morning_report(tmp_path, events), "kept")
    assert kept is not None
    assert [text_of(row[1]) for row in kept.tables[0].rows] == ["1.900000", "1.885000"]
