"""Everything about one experiment: what was said, what was changed, what was measured, and what was made of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from overnight.ledger.events import RunDone
from overnight.ledger.spending import spending_of
from overnight.ledger.views import Detail, Summary
from overnight.model import Status, Trial
from overnight.show.believed import TONES as STANDINGS
from overnight.show.believed import doubt_text, interval_text, share_text
from overnight.show.paint import Cell, Screen, Tone, fit, printable, spread
from overnight.show.spending import money_text, tokens_text
from overnight.show.table import table
from overnight.show.words import TONES, change_text, moment, plural, score_text, span

LABEL = 10
DIFF_TONES = {"+": Tone.GOOD, "-": Tone.BAD, "@": Tone.SAID}


def experiment_text(detail: Detail, summary: Summary, diff: str, logs: Path, screen: Screen) -> Iterator[str]:
    for cells in (*_head(detail, summary.metric), *_worth(detail, summary)):
        yield spread(cells, None, screen)
    yield ""
    yield from _runs(detail, summary.metric, screen)
    yield ""
    yield from diff_text(diff, screen)
    for done in detail.runs[-1:]:
        yield from _tail(done.trial, logs / done.run.id / "run.log", screen)


def diff_text(diff: str, screen: Screen) -> Iterator[str]:
    """A stranger's lines: shown, not obeyed."""
    for line in diff.removesuffix("\n").split("\n"):
        tone = Tone.STRONG if line.startswith(("+++", "---")) else DIFF_TONES.get(line[:1], Tone.PLAIN)
        yield screen.paint(printable(line.replace("\t", "    ")), tone)


def _head(detail: Detail, metric: str) -> Iterator[list[Cell]]:
    row, verdict = detail.row, detail.verdict
    call = verdict.call if verdict else row.state
    tone = TONES[verdict.call] if verdict else Tone.PLAIN
    score = f"  {metric} {score_text(row.score)}" if row.score is not None else ""
    change = f"  {change_text(row.score, verdict.against)}" if verdict and verdict.against is not None else ""
    yield [(f"#{row.number} ", Tone.STRONG), (str(call), tone), score, change]
    if row.why:
        yield [fit("verdict", LABEL), printable(row.why)]
    yield [fit("says", LABEL), (printable(row.hypothesis), Tone.SAID)]
    yield [fit("by", LABEL), f"{printable(row.origin)}, {moment(row.at)}{_price(detail)}"]
    if row.commit:
        kept = f", kept as {row.kept[:12]}" if row.kept and row.kept != row.commit else ""
        yield [fit("commit", LABEL), f"{row.commit[:12]}{kept}"]


def _worth(detail: Detail, summary: Summary) -> Iterator[list[Cell]]:
    """What is believed of a keep by now."""
    for worth in (worth for worth in summary.worths if worth.experiment == detail.row.number):
        between = f" (95 %: {interval_text(summary, worth)})" if worth.low is not None else ""
        believed = f"{share_text(worth.gain, summary)}{between}, {doubt_text(worth.doubt)} chance of nothing, "
        yield [fit("worth now", LABEL), believed, (str(worth.standing), STANDINGS[worth.standing])]


def _price(detail: Detail) -> str:
    cost = detail.proposed.cost
    parts = [f"thought for {span(cost.seconds)}"] if cost.seconds >= 0.05 else []
    spent = spending_of(cost)
    parts += [] if spent.nothing else [tokens_text(spent), money_text(spent)]
    return "".join(f", {part}" for part in parts)


def _runs(detail: Detail, metric: str, screen: Screen) -> Iterator[str]:
    head = ("run", "split", "seed", "status", metric, "took", "cpu", "memory", "")
    rows = [_run(done, metric) for done in detail.runs]
    yield from table(rows, screen, head, right=(2, 4, 5, 6, 7))


def _run(done: RunDone, metric: str) -> list[Cell]:
    trial, usage = done.trial, done.trial.usage
    score = trial.scores.get(metric)
    memory = f"{max(usage.peak_mb, usage.gpu_mb or 0.0):.0f} MB"
    return [
        str(done.run.purpose),
        str(done.run.split),
        str(done.run.seed),
        (str(trial.status), Tone.PLAIN if trial.status is Status.OK else Tone.BAD),
        score_text(score.value) if score else "",
        span(usage.wall_seconds),
        span(usage.cpu_seconds),
        memory,
        (_remarks(trial), Tone.WARN),
    ]


def _remarks(trial: Trial) -> str:
    usage = trial.usage
    remarks = [] if trial.status is Status.OK else [printable(trial.why)]
    if trial.contended:
        remarks.append(f"waited for a core {usage.waited_share or 0:.0%} of the time")
    if usage.left_behind:
        remarks.append(f"left {plural(usage.left_behind, 'process')} behind")
    return "; ".join(remarks)


def _tail(trial: Trial, log: Path, screen: Screen) -> Iterator[str]:
    yield ""
    yield screen.paint(f"the last lines it printed ({log if log.exists() else 'the whole log is gone'})", Tone.STRONG)
    for line in trial.tail.splitlines():
        yield printable(line)
