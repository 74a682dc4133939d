"""What a night taught of its knobs: read back from its ledger and commits, and said as a section and as status lines.

The model is the search's own (`propose/learned.py`), whoever proposed; it sees the newest experiments only, so that a
night of 10,000 costs what one of some hundred costs. Effects are shares of the baseline's score, as everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

from overnight.errors import GitError, RepoError
from overnight.ledger.events import Admitted, Entry, Judged, Opened, Proposed, RunDone
from overnight.ledger.ledger import Reader
from overnight.ledger.views import Summary, to_json
from overnight.model import Experiment, Goal, Proposal, Status
from overnight.program.knobs import Value, knobs_of
from overnight.program.program import Program
from overnight.propose.learned import learned
from overnight.propose.lessons import Belief, Change, Learned, Turned, crash_words, pair_words, shown
from overnight.repo.edits import edited
from overnight.repo.repo import Repo
from overnight.show.paint import Cell, Tone, cut
from overnight.show.section import Section, Table, cells, one, titled
from overnight.show.words import percent_text, plural

NEWEST, AT_A_GLANCE = 300, 60  # experiments that a report, and a status, look back on
ROWS, GLANCED = 8, 3  # knobs of the table, and of a status line
NAME = "knobs"
WIDEST = 60  # of a list of values, and of a name
PLAINLY = (
    "What the optimiser's model makes of all runs, whoever proposed them: one knob at a time, the others as they "
    "stand. It takes knobs to add up. These are beliefs to go on with, not gains."
)


def lessons(reader: Reader, repo: Repo, program: Program, summary: Summary, last: int) -> Learned | None:
    """None where too little was measured, where there are no knobs, and where the commits are not here."""
    opened = reader.find("opened")
    assert opened is not None
    assert isinstance(opened.event, Opened)
    newest = next(reader.query("SELECT max(experiment) FROM event"))[0] or 0
    try:
        with closing(repo):  # ends git's children; whoever asks on starts them anew
            files, began = (repo.texts(commit, program.edit) for commit in (summary.tip, opened.event.baseline))
            told = list(_told(reader, repo, range(max(1, newest + 1 - last), newest + 1)))
    except (GitError, RepoError):
        return None
    finally:
        repo.git.close()  # its child: whoever asks git again gets another
    first = {name: knob.value for name, knob in knobs_of(program, began).items()}
    return learned(files, Goal(summary.goal), told, knobs_of(program, files), first, summary.tip)


def section(found: Learned, baseline: float | None) -> Section:
    """The few that mattered, what fails, and what is next."""
    rows = [
        (
            *cells(cut(knob.name, WIDEST), _values(knob), _now(knob)),
            one(cut(shown(knob.best.value), WIDEST)),
            one(scaled(knob.swing, baseline), Tone.PLAIN if knob.matters else Tone.QUIET),
            *cells(percent_text(knob.share), str(knob.runs), str(knob.failed) if knob.failed else ""),
        )
        for knob in found.turned[:ROWS]
    ]
    head = titled("knob", "tried", "stands at", "best", ">best against worst (95 %)", ">share", ">runs", ">failed")
    table = Table(head, tuple(rows), f"The {ROWS} that mattered most" if len(found.turned) > ROWS else "")
    return Section(NAME, "What the knobs did", tuple(_sentences(found, baseline)), (table,), picture=NAME)


def status_cells(found: Learned | None, baseline: float | None) -> Iterator[list[Cell]]:
    """Two lines: what mattered, and what is next. Nothing where nothing is known."""
    if found is None:
        return
    most = ", ".join(f"{cut(knob.name, 30)} ({scaled(knob.swing, baseline)})" for knob in found.mattered[:GLANCED])
    yield [f"mattered most: {most}" if most else "none is seen to matter yet"]
    if found.next:
        yield [("next it would try ", Tone.QUIET), (str(found.next[0]), Tone.QUIET)]


def learned_json(found: Learned | None) -> dict[str, Any] | None:
    """Without what only a picture needs."""
    if found is None:
        return None
    turned = tuple(replace(knob, curve=(), dots=()) for knob in found.turned)
    plain: dict[str, Any] = to_json(replace(found, turned=turned))
    return {**plain, "said": found.words()}


def scaled(belief: Belief, baseline: float | None) -> str:
    """As a share of the baseline where there is one: 0.81 % ± 0.32 %."""
    factor, unit = (100 / abs(baseline), " %") if baseline else (1.0, "")
    half = 1.96 * belief.se * factor
    return f"{abs(belief.gain) * factor:.2g}{unit} ± {half:.2g}{unit}"


def _told(reader: Reader, repo: Repo, numbers: Sequence[int]) -> Iterator[Experiment]:
    """As the search was told: exact, of the set that everybody sees. Texts are the parent's with the edits made."""
    parents: dict[tuple[str, str], str] = {}
    for number in numbers:
        entries = reader.of(number)
        proposed = next((e.event for e in entries if isinstance(e.event, Proposed)), None)
        judged = next((e.event for e in entries if isinstance(e.event, Judged)), None)
        if proposed is None or judged is None:
            continue
        for path in {edit.path for edit in proposed.edits}:
            if (proposed.parent, path) not in parents:
                found = repo.texts(proposed.parent, [path])
                parents[proposed.parent, path] = found.get(path, "")
        before = {path: text for (commit, path), text in parents.items() if commit == proposed.parent}
        proposal = Proposal(edited(before, proposed.edits), proposed.parent, proposed.origin, proposed.hypothesis)
        trials = tuple(e.event.trial for e in entries if isinstance(e.event, RunDone))
        failed = tuple(trial for trial in trials if trial.status is not Status.OK)
        yield Experiment(number, proposal, _commit(entries, judged), failed, judged.verdict)


def _commit(entries: Sequence[Entry], judged: Judged) -> str | None:
    return judged.commit or next((e.event.commit for e in entries if isinstance(e.event, Admitted)), None)


def _values(knob: Turned) -> str:
    if knob.choice:
        return cut(", ".join(map(shown, knob.tried)), WIDEST)
    return f"{shown(knob.tried[0])} to {shown(knob.tried[-1])}"


def _now(knob: Turned) -> str:
    began: Value | None = knob.brought.value if knob.brought else None
    return shown(knob.value) if began is None else f"{shown(knob.value)}, from {shown(began)}"


def _sentences(found: Learned, baseline: float | None) -> Iterator[Cell]:
    yield (PLAINLY, Tone.QUIET)
    if found.best is not None:
        yield f"Predicted best: {_expected(found.best, baseline)}."
    for crash in found.crashes:
        yield f"{crash_words(crash)}."
    for whole, part in found.ties:
        yield f"{whole} must be a multiple of {part}."
    for pair in found.pairs:
        yield f"{pair_words(pair)}."
    if found.next:
        yield f"Next it would try: {'; '.join(map(str, found.next))}."
    looked = f" (the model sees the {found.looked_at} nearest)" if found.looked_at < found.runs else ""
    never = f"; {plural(len(found.never), 'knob')} never turned" if found.never else ""
    yield (
        f"From {plural(found.runs, 'measured experiment')}{looked} and {found.failed} that failed{never}.",
        Tone.QUIET,
    )


def _expected(change: Change, baseline: float | None) -> str:
    way = "better" if change.belief.gain > 0 else "worse"
    return f"{change}: {way} by {scaled(change.belief, baseline)}, {percent_text(change.fine)} likely to run"
