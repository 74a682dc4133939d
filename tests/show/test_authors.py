"""Each proposer's record: what came of what it proposed, and what that cost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from overnight.ledger.spending import Spending
from overnight.show.authors import Author, author_json
from overnight.show.costs import cost
from overnight.show.markdown import report_markdown
from overnight.show.report import Report, report_json
from overnight.show.section import text_of
from tests.show.morning_night import a_morning, morning_report
from tests.show.told_night import of_nobody, of_several


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return morning_report(tmp_path_factory.mktemp("several"), of_several())


def by_name(report: Report) -> dict[str, Author]:
    return {author.name: author for author in report.authors}


def test_what_was_tried_and_kept_is_counted_for_each(report: Report) -> None:
    found = {a.name: (a.experiments, a.ran, a.kept, a.proven, a.runs) for a in report.authors}
    assert found == {"claude": (3, 3, 2, 1, 6), "codex": (2, 2, 0, 0, 2), "search": (2, 2, 0, 0, 2)}


def test_an_authors_worth_is_the_sum_of_its_keeps_with_their_errors_taken_as_independent(report: Report) -> None:
    claude = by_name(report)["claude"]
    assert (claude.gain, claude.low, claude.high) == pytest.approx((0.12, 0.07, 0.17))


def test_turns_without_a_change_cost_too(report: Report) -> None:
    assert by_name(report)["claude"].usd == pytest.approx(0.8)
    assert by_name(report)["claude"].tokens == 4000


def test_a_price_that_nobody_told_is_unknown_and_one_that_is_nothing_is_nothing(report: Report) -> None:
    assert (by_name(report)["codex"].usd, by_name(report)["codex"].tokens) == (None, 1000)
    assert (by_name(report)["search"].usd, by_name(report)["search"].tokens) == (0.0, 0)


def test_worth_is_told_for_each_unit_of_a_known_cost(report: Report) -> None:
    claude = replace(by_name(report)["claude"], run_seconds=1800.0)
    per = {"dollar": 0.15, "million tokens": 30.0, "hour of runs": 0.24}
    assert claude.brought() == pytest.approx(per)
    unpriced = replace(claude, spent=replace(claude.spent, unpriced=1))
    assert set(unpriced.brought()) == {"million tokens", "hour of runs"}


def test_the_table_has_a_row_for_each(report: Report) -> None:
    rows = {text_of(row[0]): [text_of(part) for part in row] for row in cost(report).tables[0].rows}
    worth, price = "−6.00 %−8.50 % to −3.50 %", "$0.804,000 tokensthought 2m 1s"
    assert rows["claude"][1:5] == ["33 ran", "21 proven", worth, price]
    assert rows["claude"][6:] == ["−7.5 % a dollar−1,500 % a million tokens", "1 × rate, 1 × no-edit"]
    assert rows["codex"][4] == "price unknown1,000 tokensthought 2m 0s"
    assert rows["search"][4] == "nothing"


def test_an_unknown_price_is_never_a_price_of_nothing(report: Report) -> None:
    text = report_markdown(report)
    assert "at least \\$0.80" in text
    assert "2 turns of 9 told no price" in text
    assert "$0.00" not in text


def test_reports_json_has_each_record_and_what_all_of_it_cost(report: Report) -> None:
    found = report_json(report)
    claude = found["authors"][0]
    assert (claude["name"], claude["usd"], claude["gain_per_dollar"]) == (
        "claude",
        pytest.approx(0.8),
        pytest.approx(0.15),
    )
    assert [idle["trouble"] for idle in claude["idle"]] == ["rate", "no-edit"]
    assert (found["cost"]["usd"], found["cost"]["usd_told"], found["cost"]["unpriced"]) == (None, pytest.approx(0.8), 2)
    assert found["cost"]["believed_percent"] == pytest.approx(6.0)


def test_where_all_prices_are_known_a_percent_has_a_price(tmp_path: Path) -> None:
    found = report_json(morning_report(tmp_path, a_morning()))
    assert found["cost"]["usd_per_percent"] == pytest.approx(1.75 / 5)
    assert "for each percent that is believed" in report_markdown(morning_report(tmp_path / "again", a_morning()))


def test_an_author_of_a_judge_that_believes_nothing_has_no_worth() -> None:
    author = Author("ada", Spending("ada", 3, usd=1.0), 3, 3, 2, runs=3, run_seconds=9.0)
    assert author.brought() == {}
    assert author_json(author)["gain"] is None


def test_who_waits_at_the_same_time_has_waited_once(tmp_path: Path) -> None:
    (claude,) = morning_report(tmp_path, of_nobody(["rate"] * 3)).authors
    assert 0 < claude.waited_seconds < 10  # to the night's end
    assert [(idle.trouble, idle.times) for idle in claude.idle] == [("rate", 3)]
