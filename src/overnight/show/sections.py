"""The morning report as a headline and titled sections: what the page and the Markdown both show.

Every number stands here as people read it, once, so that two pictures of the same night cannot differ. What an author
said has the tone SAID wherever it stands. Only the claim is called a gain.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from overnight.judge.words import share
from overnight.model import Standing, Worth
from overnight.show import accounts, costs, learned
from overnight.show.advice import would_help
from overnight.show.believed import MEANINGS, TONES, bounded, doubt_text, interval_text, share_text
from overnight.show.findings import SHOWN, Record
from overnight.show.paint import Cell, Tone
from overnight.show.report import ONE_RUN, Report, seen
from overnight.show.section import Part, Section, Table, cells, one, said, titled
from overnight.show.silence import silence_section, unheard
from overnight.show.steering import answer_sections, waiting_section
from overnight.show.words import change_text, plural, score_text

MOST = 8  # rows of a table that two minutes have room for
WEIGHED = (
    "What each is believed to be worth by now, from all runs for and against it, less the part that was likely luck."
)


def sections(report: Report) -> Iterator[Section]:
    """What there is something to say of, in the order of reading."""
    yield from waiting_section(report.steered, report.summary.night)
    yield from silence_section(report)
    yield from _lessons(report)
    if report.keeps:
        yield _weighed(report) if report.summary.worths else _scored(report)
    if report.claims and report.summary.experiments:
        yield _fell(report)
    if report.learned and report.learned.turned:
        yield learned.section(report.learned, report.summary.baseline)
    yield from _dead_ends(report)
    if report.failures:
        yield accounts.failed(report)
    yield from answer_sections(report.steered)
    yield accounts.taken(report)
    yield costs.cost(report)
    yield accounts.measured(report)


def _lessons(report: Report) -> Iterator[Section]:
    """Of a night that shows nothing to be better: what it says all the same, and what would help."""
    summary, noise = report.summary, report.noise
    claimed = summary.claim is not None and summary.claim.low > 0
    open_still = summary.claim is None and any(w.standing is not Standing.REMOVED for w in summary.worths)
    if unheard(report) or summary.baseline is None or claimed or open_still or (report.keeps and not report.claims):
        return
    shown = "none is shown to be better" if summary.claim is None else "the branch is not shown to be better"
    sentences = [f"{plural(summary.experiments, 'change')} tried, and {shown} than the baseline."]
    if noise.sigma:
        one_run, eight = (share(seen(report, runs), summary.baseline) for runs in (1, 8))
        sentences.append(
            f"A run's noise is {share(noise.sigma, summary.baseline)} of {summary.metric}: a change has to bring "
            f"{one_run} to show in one run, {eight} to show in 8. Smaller ones may be among what was tried, unseen."
        )
    sentences.append(f"What would help: {'; '.join(would_help(report))}.")
    yield Section("learnt", "What this night says all the same", tuple(sentences))


def _scored(report: Report) -> Section:
    """Keeps of a policy that says nothing of their worth."""
    head = titled("#", ">score", ">change", ">runs", "<its author says", "by", "commit")
    rows = [
        (
            *cells(f"#{keep.number}", score_text(keep.line.score), change_text(keep.line.score, keep.line.against)),
            one(str(keep.row.runs)),
            said(keep.line.hypothesis, keep.line.why),
            *_by(keep),
        )
        for keep in report.keeps
    ]
    warning: tuple[Cell, ...] = ((ONE_RUN, Tone.WARN),) if report.runs_per_keep == 1 else ()
    return Section("kept", "What was kept", warning, (Table(head, tuple(rows)),))


def _weighed(report: Report) -> Section:
    title = ">worth now (95 %)" if bounded(report.worths.values()) else ">worth now"
    head = titled("#", title, ">chance of nothing", "standing", ">runs", "<its author says", "by", "commit")
    worths = report.worths
    rows = [
        (
            one(f"#{keep.number}"),
            _worth(worth, report),
            one(doubt_text(worth.doubt)),
            one(str(worth.standing), TONES[worth.standing]),
            one(str(worth.runs)),
            said(keep.line.hypothesis, keep.line.why),
            *_by(keep),
        )
        for keep in report.keeps
        if (worth := worths.get(keep.number))
    ]
    return Section("kept", "What was kept", (WEIGHED, _legend(worths.values())), (Table(head, tuple(rows)),))


def _worth(worth: Worth, report: Report) -> Part:
    between = interval_text(report.summary, worth)
    return ((share_text(worth.gain, report.summary), Tone.PLAIN), *([(between, Tone.QUIET)] if between else []))


def _legend(worths: Iterable[Worth]) -> Cell:
    meant = (f"{standing}, {MEANINGS[standing]}" for standing in dict.fromkeys(worth.standing for worth in worths))
    return (f"The words: {'; '.join(meant)}.", Tone.QUIET)


def _fell(report: Report) -> Section:
    noise = share(report.noise.sigma, report.summary.baseline or 0.0)
    sentences, tables = list[Cell](), list[Table]()
    if report.fell:
        sentences.append(
            f"{plural(len(report.fell), 'first run')} looked better than the reference by more than the noise of a run "
            f"({noise}), and more runs did not bear it out. Whoever trusts one run would have kept them."
        )
        head = titled("#", ">first run", ">all its runs", ">runs", "<its author says")
        title = f"The {MOST} that fell farthest" if len(report.fell) > MOST else ""
        tables.append(Table(head, tuple(_fall(record) for record in report.fell[:MOST]), title))
    if report.taken_back:
        keeps = plural(len(report.taken_back), "keep")
        sentences.append(f"{keeps} did not stand when examined at the end, and went from the branch again.")
        rows = [
            (one(f"#{keep.number}"), said(keep.line.hypothesis), one(removal.line.why))
            for keep, removal in report.taken_back
        ]
        tables.append(Table(titled("#", "<its author says", "<taken back, because"), tuple(rows), "Taken back"))
    if not tables:
        sentences.append(
            f"Nothing: no first run was better by more than the noise ({noise}) and then failed to repeat."
        )
    return Section("fell", "What fell on re-run", tuple(sentences), tuple(tables))


def _fall(record: Record) -> tuple[Part, ...]:
    line = record.line
    first = ((score_text(record.first), Tone.PLAIN), (change_text(record.first, line.against), Tone.WARN))
    after = ((score_text(line.score), Tone.PLAIN), (change_text(line.score, line.against), Tone.QUIET))
    return one(f"#{record.number}"), first, after, one(str(line.runs)), said(line.hypothesis, line.why)


def _dead_ends(report: Report) -> Iterator[Section]:
    sentences, tables = list[Cell](), list[Table]()
    if fruitless := [each for each in report.tried if not each.kept and each.times > 1][:SHOWN]:
        names = ", ".join(f"{each.name} ({each.times} times)" for each in fruitless)
        sentences.append(f"Turned most without a keep: {names}.")
    if report.worst:
        tables.append(_changes("What did most harm", report.worst))
    if report.near:
        tables.append(_changes("What came close and was not kept", report.near))
    if sentences or tables:
        yield Section("dead-ends", "Dead ends worth knowing", tuple(sentences), tuple(tables))


def _changes(title: str, records: Sequence[Record]) -> Table:
    rows = [
        (
            *cells(f"#{r.number}", score_text(r.line.score), change_text(r.line.score, r.line.against)),
            said(r.line.hypothesis, r.line.why),
        )
        for r in records
    ]
    return Table(titled("#", ">score", ">change", "<its author says"), tuple(rows), title)


def _by(keep: Record) -> tuple[Part, Part]:
    return one(keep.row.origin), one((keep.row.kept or keep.row.commit or "")[:7])
