"""The part of the morning report on what it took: runs by what they were for, and each proposer's record."""

from __future__ import annotations

from collections.abc import Iterator

from overnight.ledger.views import Summary
from overnight.model import Purpose
from overnight.show.authors import Author
from overnight.show.believed import rate_text, share_text
from overnight.show.paint import Cell, Tone
from overnight.show.report import Report, busy_share
from overnight.show.section import Part, Section, Table, cells, one, titled
from overnight.show.spending import NOTICED, money_text, per_percent_text, spent_text, tokens_text, untold_text
from overnight.show.words import percent_text, plural, span

PURPOSES = {
    Purpose.BASELINE: "the untouched baseline, to know the noise",
    Purpose.SCREEN: "first runs of changes",
    Purpose.REPEAT: "the same changes again",
    Purpose.INCUMBENT: "the branch again, to compare with",
    Purpose.ABLATION: "the branch without one of its keeps",
    Purpose.CLAIM: "branch and baseline in turns, for the claim",
    Purpose.SCOUT: "on other hardware, to see what is worth measuring",
}
HEAD = ("proposed by", ">changes", ">kept", ">believed", ">cost", ">own runs", ">brought")


def cost(report: Report) -> Section:
    runs = [cells(each.purpose, PURPOSES[each.purpose], f"{each.runs:,}", span(each.seconds)) for each in report.spent]
    idle = any(author.idle for author in report.authors)
    head = titled(*HEAD, *(["<turns without a change"] if idle else []))
    authors = tuple(_author(each, report.summary, idle) for each in report.authors)
    tables = (
        Table(head, authors, "Who proposed, and what came of it"),
        Table(titled("runs for", "<that is", ">runs", ">together"), tuple(runs), "What ran"),
    )
    return Section("cost", "Time and cost", tuple(_sentences(report)), tuple(table for table in tables if table.rows))


def idle_text(author: Author) -> str:
    """3 × rate, 1 × no-edit"""
    return ", ".join(f"{each.times:,} × {each.trouble or 'nothing to say'}" for each in author.idle)


def _sentences(report: Report) -> Iterator[Cell]:
    summary, slots = report.summary, report.program.slots
    busy = f"{plural(slots, 'slot')}, busy {percent_text(busy_share(report))} of the time"
    yield f"{span(summary.elapsed)} of work, {plural(summary.runs, 'run')}; {busy}."
    spent = summary.spent
    if spent.nothing:
        return
    each = per_percent_text(summary)
    yield f"Proposing cost {spent_text(spent)}{f': {each}' if each else ''}."
    if untold := untold_text(spent):
        yield (f"{untold}: what these cost is not known, and is not in any sum.", Tone.WARN)
    if spent.unpriced and report.program.stop.usd is not None:
        yield (f"The limit on money took each of these for {_taken(summary)}.", Tone.WARN)


def _taken(summary: Summary) -> str:
    return "the dearest that told one" if summary.spent.dearest else "unlimited: no turn told a price"


def _author(author: Author, summary: Summary, idle: bool) -> tuple[Part, ...]:
    turns = ((f"{author.experiments:,}", Tone.PLAIN), *_quiet(f"{author.ran:,} ran" if author.experiments else ""))
    kept = ((f"{author.kept:,}", Tone.PLAIN), *_quiet(_stood(author)))
    brought = (f"{rate_text(gain, summary)} {_per(unit)}" for unit, gain in author.brought().items())
    troubles = ((idle_text(author), Tone.PLAIN), *_quiet(_waited(author)))
    return (
        one(author.name),
        turns,
        kept,
        tuple(_believed(author, summary)),
        tuple(_cost(author)),
        (*one(f"{author.runs:,}"), *_quiet(span(author.run_seconds) if author.runs else "")),
        tuple((text, Tone.PLAIN) for text in brought),
        *([troubles] if idle else []),
    )


def _per(unit: str) -> str:
    return f"an {unit}" if unit.startswith("h") else f"a {unit}"


def _quiet(text: str) -> Part:
    return ((text, Tone.QUIET),) if text else ()


def _stood(author: Author) -> str:
    """Only where the judge says what keeps are worth."""
    if author.gain is None or not author.kept:
        return ""
    gone = author.kept - author.standing
    return ", ".join([f"{author.proven} proven", *([f"{gone} taken back"] if gone else [])])


def _believed(author: Author, summary: Summary) -> Iterator[Cell]:
    if author.gain is None or not author.standing:
        return
    yield share_text(author.gain, summary)
    if author.low is not None and author.high is not None:
        yield (f"{share_text(author.high, summary)} to {share_text(author.low, summary)}", Tone.QUIET)


def _cost(author: Author) -> Iterator[Cell]:
    spent = author.spent
    yield "nothing" if spent.nothing else money_text(spent)
    if not spent.nothing:
        yield (tokens_text(spent), Tone.QUIET)
    if spent.seconds >= NOTICED:
        yield (f"thought {span(spent.seconds)}", Tone.QUIET)


def _waited(author: Author) -> str:
    return f"waited {span(author.waited_seconds)}" if author.waited_seconds >= 1 else ""
