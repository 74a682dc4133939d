"""Proposers of whom little or nothing was heard: why, and what to do. A morning without progress begins with it.

Of a proposer that had no more ideas nothing is said here: that is no trouble.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from overnight.propose.trouble import Trouble
from overnight.show.authors import Author, Idle
from overnight.show.costs import idle_text
from overnight.show.paint import Tone
from overnight.show.report import Report
from overnight.show.section import Section, Table, cells, one, titled
from overnight.show.words import plural, span

REMEDIES = {
    Trouble.MISSING: "install it, or start the night where it is on PATH",
    Trouble.VERSION: "bring it up to date",
    Trouble.LOGIN: "set its key where `overnight run` is typed; a coding client can share its login by `login=on`",
    Trouble.QUOTA: "fill up the account, or name a second agent beside it",
    Trouble.RATE: "let fewer think at a time (`agents: 1`), or name a second agent of another service beside it",
    Trouble.DOWN: "see that its service answers, and that `base_url=` is right",
    Trouble.BAD_REPLY: "another `model=`",
    Trouble.NO_EDIT: "another `model=`, or say in program.md what it may try",
    Trouble.OUTSIDE: "name under `edit:` what it has to change, or tell it in program.md to leave the rest alone",
    Trouble.LOOP: "more `turns=` or `tokens=`",
    Trouble.SILENT: "a longer `idle=`",
    Trouble.LATE: "more `seconds=`",
    Trouble.KILLED: "more memory for it, or fewer at a time (`agents: 1`)",
    Trouble.CRASHED: "start it by hand once, and see what it says",
    Trouble.REFUSED: "another `model=`, or other words in program.md",
}


def silent(report: Report) -> list[Author]:
    """Those of whose turns more ended in trouble than with a change."""
    return [author for author in report.authors if sum(each.times for each in _troubles(author)) > author.experiments]


def unheard(report: Report) -> bool:
    """Nobody proposed anything, and there was trouble."""
    return report.summary.experiments == 0 and bool(silent(report))


def silences(report: Report) -> Iterator[str]:
    """A sentence for each of them."""
    for author in silent(report):
        turns, gave = plural(author.spent.turns, "turn"), author.experiments
        what = f"gave {plural(gave, 'change')} in {turns}" if gave else f"gave no change in {turns}"
        waited = f", and waited {span(author.waited_seconds)}" if author.waited_seconds >= 1 else ""
        yield f"{author.name} {what}{waited}: {idle_text(author)}."


def reasons(report: Report) -> Iterator[str]:
    """The same, with what was seen the last time."""
    for sentence, author in zip(silences(report), silent(report), strict=True):
        yield f"{sentence} {_troubles(author)[0].why}"


def remedies(report: Report) -> Iterator[str]:
    """What would help each of them, against what ailed it most."""
    for author in silent(report):
        trouble, remedy = _remedy(_troubles(author)[0])
        yield f"{remedy} ({author.name}: {trouble})"


def silence_section(report: Report) -> Iterator[Section]:
    found = silent(report)
    if not found:
        return
    rows = [
        (
            *cells(author.name, each.trouble, f"{each.times:,}"),
            one(each.why, Tone.BAD),
            one(_remedy(each)[1]),
        )
        for author in found
        for each in _troubles(author)
    ]
    head = titled("proposer", "trouble", ">turns", "<the last time", "<what to do")
    title = "Why so little was proposed" if report.summary.experiments else "Why nothing was proposed"
    yield Section("silent", title, (), (Table(head, tuple(rows)),))


def _troubles(author: Author) -> Sequence[Idle]:
    return [each for each in author.idle if each.trouble]


def _remedy(idle: Idle) -> tuple[str, str]:
    """Words of a proposer of somebody's own have no remedy of ours."""
    known = next((trouble for trouble in Trouble if trouble == idle.trouble), None)
    return idle.trouble, REMEDIES[known] if known else "see what it says"
