"""What the morning report says, as values: what was asked, what came of it, what was tried, what it cost.

Drawn from the ledger and the commits, once; the terminal, the page and the Markdown show these and nothing else, and
`report_json` has them all. Only the claim is ever called a gain.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from overnight.judge.noise import Noise
from overnight.judge.words import SEEN
from overnight.ledger import views
from overnight.ledger.events import Opened
from overnight.ledger.ledger import Reader
from overnight.model import Call, Goal, Level, Worth
from overnight.program.program import Program
from overnight.propose.lessons import Learned
from overnight.repo.repo import Repo
from overnight.show import findings
from overnight.show.authors import Author, author_json, authors
from overnight.show.findings import Failure, Record
from overnight.show.learned import NEWEST, learned_json, lessons
from overnight.show.line import line_from
from overnight.show.patches import difference, patches
from overnight.show.progress import counted
from overnight.show.ran import Ran, Spent, noise_of, runs_of, spent, splits_of
from overnight.show.spending import cost_json
from overnight.show.steering import Steered, program_now, steered, steered_json
from overnight.show.tried import Tried, tried

ONE_RUN = (
    "Keeps rest on one run each, and a mere change of seed moves a score as well: some of them will be luck. "
    "Take the numbers as scores, not as proof."
)
ENDED_SQL = """
    SELECT at FROM event WHERE kind NOT IN ('accepted', 'said', 'idea_given', 'paused', 'unpaused', 'approved')
    ORDER BY seq DESC LIMIT 1"""
LEVELS_SQL = """
    SELECT min(json_extract(body, '$.trial.level')), min(json_extract(body, '$.trial.sealed')) FROM event
    WHERE kind = 'run_done' AND json_extract(body, '$.trial.status') = 'ok'"""
LEVELS = {
    Level.PRINTED: "nothing around a run: it could read the user's files",
    Level.CONTRACT: "behind no walls (level 1): a run had a folder of its own, and could read the user's files",
    Level.LANDLOCK: "behind walls (level 2): a run could not read what was not its own, nor write outside",
    Level.NAMESPACE: "behind walls (level 3): for a run there were no hidden files and no other runs",
    Level.EXTERNAL: "elsewhere: people have reported every number, and nothing here has measured one",
}
SEALED = {
    True: "each number was made apart from the run, from what it left",
    False: "each run printed its own number, and could have printed any",
}


@dataclass(frozen=True, slots=True)
class Report:
    summary: views.Summary
    program: Program
    baseline_commit: str
    calibration: str  # what the judge said of the baseline
    began: float
    ended: float
    level: Level
    sealed: bool  # the numbers were made apart from the runs
    splits: tuple[str, ...]  # the sets that runs were scored on
    noise: Noise  # of one run, in all that was run more than once
    claims: bool  # its policy makes a claim
    runs_per_keep: int  # the fewest runs that a keep rests on
    records: tuple[Record, ...]  # every experiment, the baseline first
    keeps: tuple[Record, ...]
    fell: tuple[Record, ...]
    taken_back: tuple[tuple[Record, Record], ...]  # a keep, and the experiment that took it back
    near: tuple[Record, ...]
    worst: tuple[Record, ...]
    failures: tuple[Failure, ...]
    tried: tuple[Tried, ...]
    authors: tuple[Author, ...]
    spent: tuple[Spent, ...]
    busy_seconds: float  # of all slots
    patches: Mapping[str, Sequence[str]]  # of the commits of the keeps
    change: Sequence[str]  # the branch against the baseline
    learned: Learned | None  # of the knobs
    steered: Steered  # by people

    @property
    def goal(self) -> Goal:
        return Goal(self.summary.goal)

    @property
    def proposers(self) -> Sequence[str]:
        """Who has proposed something; before anybody has, whom program.md names."""
        return [author.name for author in self.authors] or self.program.agent

    @property
    def made(self) -> str:
        """How numbers came about, where anything here has measured one."""
        return "" if self.level is Level.EXTERNAL else SEALED[self.sealed]

    @property
    def worths(self) -> Mapping[int, Worth]:
        return {worth.experiment: worth for worth in self.summary.worths}


def report_of(reader: Reader, repo: Repo, held: bool) -> Report:
    summary, program = views.summary(reader, held), program_now(reader)
    opened = reader.find("opened")
    assert opened is not None
    assert isinstance(opened.event, Opened)
    runs = list(runs_of(reader, summary.metric))
    records, noise, goal = _records(reader, runs), noise_of(runs), Goal(summary.goal)
    keeps = tuple(r for r in records if r.number > 0 and r.row.call is Call.KEEP and r.row.removes is None)
    fell = findings.fell(records, goal, noise.sigma)
    last = next(reader.query(ENDED_SQL))
    level, sealed = next(reader.query(LEVELS_SQL))
    return Report(
        summary=summary,
        program=program,
        baseline_commit=opened.event.baseline,
        calibration=next((record.row.why for record in records if record.number == 0), ""),
        began=opened.at,
        ended=last[0],
        level=Level(level or Level.PRINTED),
        sealed=bool(sealed),
        splits=splits_of(runs),
        noise=noise,
        claims=program.policy != "greedy" and not program.external,
        runs_per_keep=min((keep.row.runs for keep in keeps), default=0),
        records=records,
        keeps=keeps,
        fell=fell,
        taken_back=findings.taken_back(records),
        near=findings.near(records, goal, fell),
        worst=findings.worst(records, goal, noise.sigma),
        failures=findings.failures(records),
        tried=tuple(tried(repo, [record.row for record in records])),
        authors=tuple(authors(reader, summary, (record.row for record in records), runs, last[0])),
        spent=tuple(spent(runs)),
        busy_seconds=sum(run.seconds for run in runs),
        patches=dict(patches(repo, [keep.row.kept for keep in keeps if keep.row.kept])),
        change=difference(repo, opened.event.baseline, summary.tip),
        learned=lessons(reader, repo, program, summary, NEWEST),
        steered=steered(reader),
    )


def report_json(report: Report) -> dict[str, Any]:
    found: dict[str, Any] = views.to_json(report.summary)
    program = report.program
    asked = {"run": program.run, "edit": program.edit, "agent": ", ".join(program.agent), "policy": program.policy}
    return {
        **found,
        "counts": counted(report.summary),
        "asked": {**asked, "time_box_seconds": program.box.seconds, "cpu_box": program.box.cpu, "slots": program.slots},
        "baseline_commit": report.baseline_commit,
        "began": report.began,
        "ended": report.ended,
        "level": report.level,
        "sealed": report.sealed,
        "splits": list(report.splits),
        "calibration": report.calibration,
        "noise": {"of_a_run": report.noise.sigma, "repeated_runs": report.noise.df, "seen_in_one_run": seen(report)},
        "keeps": [_record_json(record, report) for record in report.keeps],
        "fewest_runs_per_keep": report.runs_per_keep,
        "fell": [_record_json(record, report) for record in report.fell],
        "taken_back": [_record_json(record, report) for _, record in report.taken_back],
        "near": [_record_json(record, report) for record in report.near],
        "worst": [_record_json(record, report) for record in report.worst],
        "failures": views.to_json(list(report.failures)),
        "most_tried": views.to_json(list(report.tried)),
        "authors": [author_json(author) for author in report.authors],
        "cost": cost_json(report.summary),
        "knobs": learned_json(report.learned),
        **steered_json(report.steered),
        "runs_by_purpose": views.to_json(list(report.spent)),
        "slot_seconds_used": report.busy_seconds,
        "slot_share_used": busy_share(report),
    }


def busy_share(report: Report) -> float:
    room = report.summary.elapsed * report.program.slots
    return min(1.0, report.busy_seconds / room) if room else 0.0


def seen(report: Report, runs: int = 1) -> float:
    """The smallest difference that so many runs show, against one more of the incumbent."""
    return SEEN * report.noise.sigma * math.sqrt(1 / runs + 1 / (runs + 1))


def _record_json(record: Record, report: Report) -> dict[str, Any]:
    row, found = record.row, report.worths.get(record.number)
    return {
        **views.to_json(record.line),
        "first_score": record.first,
        "origin": row.origin,
        "commit": row.kept or row.commit,
        "worth": views.to_json(found) if found else None,
    }


def _records(reader: Reader, runs: Iterable[Ran]) -> tuple[Record, ...]:
    first = findings.first_scores(runs)
    return tuple(Record(row, line_from(reader, row), first.get(row.number)) for row in views.rows(reader))
