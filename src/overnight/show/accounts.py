"""The second half of the morning report: what failed, how it was measured, and every experiment."""

from __future__ import annotations

import shlex

from overnight.judge.words import share
from overnight.program.units import box_text
from overnight.show.findings import Record
from overnight.show.paint import Cell, Tone, cut
from overnight.show.report import LEVELS, Report
from overnight.show.section import SENTENCE, Part, Section, Table, cells, one, said, text_of, titled
from overnight.show.signoff import accept_command, acceptance_cells
from overnight.show.words import TONES, change_text, plural, score_text, span

MOST = 12  # causes that two minutes have room for


def failed(report: Report) -> Section:
    rows = [
        (
            one(f"{each.count:,} ×"),
            one(each.why, Tone.BAD),
            one(cut(each.last_line.removeprefix(each.why).lstrip(": "), SENTENCE)),
            one(f"#{each.last_experiment}"),
        )
        for each in report.failures[:MOST]
    ]
    rest = len(report.failures) - MOST
    more = (f"{plural(rest, 'rarer cause')} not shown: `overnight log` has all.",) if rest > 0 else ()
    head = titled("times", "<cause", "<the rest of the newest's last line", ">newest")
    return Section("failed", "What failed, by cause", more, (Table(head, tuple(rows)),))


def measured(report: Report) -> Section:
    program, noise = report.program, report.noise
    spread = f"{share(noise.sigma, report.summary.baseline or 0.0)} a run, from {plural(int(noise.df), 'repeat')}"
    facts: list[tuple[str, Cell]] = [
        ("asked", f"{program.goal} {program.metric} of {program.run} in {box_text(program.box)} a run"),
        ("may change", ", ".join(program.edit)),
        ("proposed by", ", ".join(report.proposers)),
        ("judged by", f"the policy {program.policy}"),
        ("scored on", ", ".join(report.splits)),
        ("the number", (report.made, Tone.PLAIN if report.sealed else Tone.WARN) if report.made else ""),
        ("walls", LEVELS[report.level] + (", with the network open" if program.network else "")),
        ("noise", spread if noise.df else "not known: nothing was run twice"),
        ("baseline", report.calibration),
    ]
    rows = tuple((one(name), (fact,)) for name, fact in facts if fact)
    return Section("measured", "How it was measured", (), (Table(titled("", "<"), rows),))


def taken(report: Report) -> Section:
    """How to go on from here."""
    summary, tag = report.summary, shlex.quote(report.summary.night)
    if not report.keeps:
        again = (f"overnight log --tag {tag}", f"overnight run --tag {tag} --experiments {2 * summary.experiments}")
        return Section("take", "How to go on", ("There is nothing to merge.",), (), again)
    name = shlex.quote(summary.branch.removeprefix("refs/heads/"))
    lines = (
        (f"git log -p {report.baseline_commit[:7]}..{name}", "read it, keep by keep"),
        (f"overnight verify --tag {tag}", "hold every decision against the record"),
        (f"overnight {accept_command(summary, tag)}", "take it, with your name in the record"),
        (f"git merge {name}", "or just merge it"),
    )
    room = max(len(command) for command, _ in lines)
    commands = tuple(f"{command:{room}}  # {why}" for command, why in lines)
    tip = f"The branch {name} is at {summary.tip[:7]}. Your working tree was not touched."
    signed = [(f"Accepted {text_of(row)}.", Tone.GOOD) for row in acceptance_cells(summary)]
    return Section("take", "How to take it", (*signed, tip), (), commands)


def every_experiment(report: Report) -> Table:
    """All of them, the newest last."""
    head = titled("#", "verdict", ">score", ">change", ">runs", ">took", "by", "<its author says")
    return Table(head, tuple(_row(record) for record in report.records))


def _row(record: Record) -> tuple[Part, ...]:
    line, row = record.line, record.row
    ours = record.number == 0 or row.removes is not None  # nobody proposed it
    words = (*one(line.hypothesis), (cut(line.why, SENTENCE), Tone.QUIET)) if ours else said(line.hypothesis, line.why)
    return (
        one(f"#{record.number}"),
        one(line.word, TONES[line.call] if line.call else Tone.PLAIN),
        *cells(score_text(line.score), change_text(line.score, line.against), str(row.runs) if row.runs else ""),
        *cells(span(line.seconds) if line.seconds else "", "" if ours else row.origin),
        words,
    )
