from __future__ import annotations

from pathlib import Path

import pytest

from overnight.ledger.ledger import Reader
from overnight.ledger.spending import Spending
from overnight.model import Cost
from overnight.show.paint import Screen, spread
from overnight.show.spending import dollars, money_text, spent_cells, spent_text, tokens_text
from overnight.show.status import status_json, status_of, status_text
from tests.show.story import at, written
from tests.show.told_night import of_several


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        (0.0, "$0.00"),
        (1234.5, "$1,234.50"),
        (0.1, "$0.10"),
        (0.0949, "$0.095"),
        (0.02, "$0.02"),
        (3.14e-5, "$0.000031"),
    ],
)
def test_money_has_cents_or_two_figures_and_is_never_rounded_to_nothing(usd: float, text: str) -> None:
    assert dollars(usd) == text


def test_what_is_unknown_is_said_to_be_so_and_a_part_never_passes_for_all() -> None:
    assert money_text(Spending(usd=1.2)) == "$1.20"
    assert money_text(Spending(usd=1.2, unpriced=1)) == "at least $1.20"
    assert money_text(Spending(unpriced=1)) == "price unknown"
    assert tokens_text(Spending(tokens=7)) == "7 tokens"
    assert tokens_text(Spending(tokens=7, uncounted=1)) == "at least 7 tokens"
    assert tokens_text(Spending(uncounted=1)) == "tokens not told"
    assert spent_text(Spending(proposals=9, seconds=9.0)) == "nothing"


def test_the_status_says_what_was_spent_and_what_a_percent_has_cost(tmp_path: Path) -> None:
    with Reader.open(written(tmp_path, of_several()[:-1])) as reader:
        status = status_of(tmp_path, reader, at(60))
    text = list(status_text(status, Screen()))
    start = text.index("cost     at least $0.80, 5,000 tokens in 9 turns, 4m 1s of thinking")
    assert text[start + 1 : start + 3] == [
        "         2 turns of 9 told no price",
        "         at least $0.13 for each percent that is believed",
    ]
    found = status_json(status)["cost"]
    assert (found["usd"], found["usd_told"], found["unpriced"]) == (None, pytest.approx(0.8), 2)


def test_of_a_night_that_cost_nothing_no_cost_is_shown() -> None:
    assert list(spent_cells(Spending(proposals=3, seconds=0.2))) == []


def test_a_cost_under_way_is_said_in_one_row() -> None:
    (row,) = spent_cells(Spending(proposals=3, idle=1, usd=0.5, tokens=10))
    assert spread(row, None, Screen()) == "$0.50, 10 tokens in 4 turns"
    assert Cost().usd == 0.0  # what a proposer that says nothing of it is taken to say
