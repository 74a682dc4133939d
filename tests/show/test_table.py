from __future__ import annotations

from overnight.show.paint import Cell, Screen
from overnight.show.table import table

ROWS: list[list[Cell]] = [["a", "1", "some longer words"], ["bbb", "22", "x"]]


def test_columns_are_aligned() -> None:
    assert list(table(ROWS, Screen(), ("name", "n", ""), right=(1,))) == [
        "name   n",
        "a      1  some longer words",
        "bbb   22  x",
    ]


def test_one_column_gives_way_on_a_narrow_screen() -> None:
    assert list(table(ROWS, Screen(width=20))) == ["a    1   some longe…", "bbb  22  x"]


def test_an_empty_table_has_no_lines() -> None:
    assert list(table([], Screen())) == []
