"""docs/attack.md lists every cheat, and where it still works; `python -m tests.redteam.test_page` writes the lists."""

from __future__ import annotations

from pathlib import Path

from overnight.measure.attack.catalogue import CATALOGUE
from overnight.measure.attack.cheat import Cheat
from tests.redteam.test_catalogue import WEAKER

PAGE = Path(__file__).parents[2] / "docs/attack.md"
BEGIN, END = "## The catalogue\n\n", "## Where the others are held\n"
WORKS = {
    ("printed", "3"): "the run prints its number",
    ("careless", "3"): "the scorer unpickles",
    ("sealed", "1"): "level 1",
    ("sealed", "loop"): "a plain loop",
    ("printed", "loop"): "a plain loop",
}


def row(cheat: Cheat) -> str:
    return f"| {cheat.name} | {cheat.tries} | {WORKS[WEAKER.get(cheat.name, ('sealed', '1'))]} |\n"


def table() -> str:
    groups = dict.fromkeys(cheat.group for cheat in CATALOGUE)
    parts = (
        f"### {group}\n\n| cheat | what it does | works where |\n|---|---|---|\n"
        + "".join(row(cheat) for cheat in CATALOGUE if cheat.group is group)
        for group in groups
    )
    return "\n".join(parts) + "\n"


def written(page: str) -> str:
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}{table()}{END}{rest.split(END)[1]}"


def test_the_page_lists_every_cheat_and_where_it_works() -> None:
    assert PAGE.read_text() == written(PAGE.read_text())


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
