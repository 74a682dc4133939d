"""Aligned columns. One column may give way where the screen is narrow: it is cut, or the last one is folded at its
words. In a pipe nothing is cut."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from overnight.show.paint import Cell, Screen, Tone, columns_of, fit, folded

GAP = "  "
LEAST = 8  # columns that the one that gives way keeps, even where the screen is too narrow


def table(
    rows: Sequence[Sequence[Cell]],
    screen: Screen,
    head: Sequence[str] = (),
    right: Collection[int] = (),
    gives_way: int = -1,
    indent: int = 0,
    folds: bool = False,
) -> Iterator[str]:
    """`right`: columns that are flush right. `gives_way`: the column that is cut when there is too little room.
    `folds`: the last column goes on in the next line instead."""
    titles = [[(title, Tone.QUIET) for title in head]] if head else []
    split = [[cell if isinstance(cell, tuple) else (cell, Tone.PLAIN) for cell in row] for row in [*titles, *rows]]
    if not split:
        return
    widths = [max(columns_of(row[column][0]) for row in split) for column in range(len(split[0]))]
    if screen.width is not None:
        others = sum(widths) - widths[gives_way] + len(GAP) * (len(widths) - 1) + indent
        widths[gives_way] = min(widths[gives_way], max(LEAST, screen.width - others))
    for row in (part for whole in split for part in _folded(whole, widths[-1])) if folds else split:
        cells = [(fit(text, widths[i], i in right), tone) for i, (text, tone) in enumerate(row)]
        last = len(cells) - 1
        cells[last] = (row[last][0] if folds else cells[last][0].rstrip(), cells[last][1])
        yield " " * indent + GAP.join(screen.paint(text, tone) for text, tone in cells).rstrip()


def _folded(row: Sequence[tuple[str, Tone]], columns: int) -> Iterator[list[tuple[str, Tone]]]:
    """The row, and one for each further line of its last cell."""
    text, tone = row[-1]
    first, *rest = folded(text, columns) if columns_of(text) > columns else [text]
    yield [*row[:-1], (first, tone)]
    for line in rest:
        yield [*[("", Tone.PLAIN)] * (len(row) - 1), (line, tone)]
