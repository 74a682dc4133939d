"""The morning report as Markdown that reads well on GitHub and in a terminal.

Promises: whatever a stranger wrote is shown as they wrote it, and obeyed nowhere: no markup, link, table cell, HTML or
mention comes of a hypothesis or an error message. Not covered: the list of every experiment, which the page has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from overnight.show.headline import headline
from overnight.show.paint import Cell, Tone, printable
from overnight.show.report import Report
from overnight.show.section import Part, Section, Table
from overnight.show.sections import sections

MARKS = re.compile(r"([\\`*\[\]<>&|~$]|(?<!\w)_|_(?!\w))")
LINKS = re.compile(r"(://|(?<=\bwww)\.)", re.IGNORECASE)
PICTURE = "progress.png"
SAID = "What an author says stands in “quotes”: a claim. Everything else was measured."


def report_markdown(report: Report) -> str:
    """`PICTURE` is taken to lie beside it."""
    return "\n".join(_lines(report)).rstrip() + "\n"


def _lines(report: Report) -> Iterator[str]:
    top = headline(report)
    yield from (f"# Night {escaped(top.night)}", "", f"{escaped(top.state)}. {top.when}.", "")
    figure = f"**{top.label}: {escaped(top.figure)}**" if top.figure else f"**{top.label}**"
    yield from (f"{figure}  ", *(f"{escaped(note)}  " for note in top.notes), "")
    yield from (f"- {fact.name}: **{escaped(fact.figure)}** {escaped(fact.note)}" for fact in top.facts)
    yield from ("", f"![Every experiment of the night, and the branch as it went]({PICTURE})", "", SAID, "")
    for section in sections(report):
        yield from _section(section)


def _section(section: Section) -> Iterator[str]:
    yield from (f"## {section.title}", "")
    for sentence in section.sentences:
        yield from (_cell(sentence), "")
    if section.picture:
        yield from (f"![{section.title}]({section.picture}.png)", "")
    for table in section.tables:
        yield from ([f"**{table.title}**", ""] if table.title else [])
        yield from (*_table(table), "")
    if section.commands:
        yield from ("```sh", *map(printable, section.commands), "```", "")


def _table(table: Table) -> Iterator[str]:
    yield _row(column.title for column in table.columns)
    yield _row("---:" if column.right else "---" for column in table.columns)
    for row in table.rows:
        yield _row(_part(part) for part in row)


def _row(cells: Iterator[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _part(part: Part) -> str:
    return "<br>".join(shown for cell in part if (shown := _cell(cell)))


def _cell(cell: Cell) -> str:
    text, tone = (cell, Tone.PLAIN) if isinstance(cell, str) else cell
    shown = escaped(text)
    return f"“{shown}”" if shown and tone is Tone.SAID else shown


def escaped(text: str) -> str:
    """On one line, and nothing in it is markup, as long as words of ours stand before it where a line begins. An empty
    comment keeps a link from being one, and a mention from calling somebody."""
    flat = " ".join(printable(text).split())
    return LINKS.sub(r"<!-- -->\1", MARKS.sub(r"\\\1", flat).replace("@", "@<!-- -->"))
