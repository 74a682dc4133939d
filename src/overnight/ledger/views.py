"""What people and proposers see of a night, read from the ledger.

Promises: what is asked of the last experiments, or of the night as a whole, costs the same after 100,000 experiments as
after 100. What an agent sees is a type of its own, with no field for a hidden number. Whether a night runs at this
moment is not in its ledger: the lock knows (`lock.holder`), and the caller says.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from overnight.errors import LedgerError
from overnight.ledger.acceptance import Acceptance, Accepted
from overnight.ledger.events import (
    Admitted,
    Claimed,
    Event,
    Judged,
    Opened,
    Proposed,
    Recorded,
    RunDone,
    RunStarted,
    Session,
    Turned,
    Weighed,
)
from overnight.ledger.ledger import FILE, Reader
from overnight.ledger.spending import Spending, spendings, together
from overnight.model import Call, Claim, Phase, Run, Split, Status, Trial, Verdict, Worth

NOTES = "SELECT json_extract(body, '$.text') FROM event WHERE kind = 'noted' ORDER BY seq DESC LIMIT 10"
CLOSED = """
    SELECT json_extract(body, '$.finished'), json_extract(body, '$.why') FROM event
    WHERE kind = 'closed' AND seq > (SELECT coalesce(max(seq), 0) FROM event WHERE kind = 'session')"""
FLIGHTS = "SELECT key FROM event JOIN in_flight USING (seq) ORDER BY seq"
TIP = """
    SELECT coalesce(json_extract(recorded.body, '$.kept'), json_extract(judged.body, '$.branch_tip'))
    FROM event AS judged LEFT JOIN event AS recorded ON recorded.key = judged.experiment || '/recorded'
    WHERE judged.call = 'keep' ORDER BY judged.seq DESC"""
TIP_SCORE = "SELECT score FROM event WHERE call = 'keep' AND score IS NOT NULL ORDER BY seq DESC"

RowState: TypeAlias = Literal["proposed", "admitted", "running", "measured", "judged"]
NightState: TypeAlias = Literal["running", "stopped", "finished", "interrupted"]


@dataclass(frozen=True, slots=True)
class Row:
    """An experiment in one line: the columns of the view `experiment` in `schema.sql`, where they are explained."""

    number: int
    at: float
    elapsed: float
    origin: str
    hypothesis: str
    commit: str | None
    kept: str | None  # the commit on the branch
    state: RowState
    call: Call | None
    why: str
    score: float | None
    best: float | None
    runs: int
    seconds: float
    peak_mb: float
    gpu_mb: float | None
    usd: float | None
    tokens: int | None
    removes: int | None


@dataclass(frozen=True, slots=True)
class Detail:
    """Everything about one experiment."""

    row: Row
    proposed: Proposed
    runs: tuple[RunDone, ...]
    verdict: Verdict | None


@dataclass(frozen=True, slots=True)
class AgentRow:
    """An experiment as a proposer may see it."""

    number: int
    origin: str
    hypothesis: str
    call: Call | None
    score: float | None  # as the judge releases it
    why: str  # it was turned away, or a run on the visible split failed; a verdict's own sentence names hidden scores


@dataclass(frozen=True, slots=True)
class Flight:
    """A run under way."""

    run: Run
    started_at: float
    slot: str


@dataclass(frozen=True, slots=True)
class Summary:
    """A night at a glance. The counts are explained at the table `tally` in `schema.sql`."""

    night: str
    branch: str
    metric: str
    goal: str
    state: NightState  # "interrupted": its coordinator was killed; the same command goes on
    why: str
    baseline: float | None
    best: float | None
    best_experiment: int | None
    tip: str  # commit: where the branch stands
    tip_score: float | None  # in its own runs, when it was kept
    counts: Mapping[Call, int]
    experiments: int
    runs: int
    elapsed: float
    usd: float | None
    tokens: int | None
    since_keep: int
    removed: int  # keeps that were taken back
    phase: Phase
    worths: tuple[Worth, ...]  # of every keep, as it is believed now
    claim: Claim | None  # the newest, and
    claimed: str  # the commit that it is about
    in_flight: tuple[Flight, ...]
    notes: tuple[str, ...]  # the newest
    accepted: tuple[Acceptance, ...] = ()  # the newest last
    spendings: tuple[Spending, ...] = ()  # of each proposer, who proposed most first

    @property
    def spent(self) -> Spending:
        return together(self.spendings)


def nights(common_dir: Path) -> list[Path]:
    """The folders of the nights of a repository, the one that ran last at the end."""
    locks = sorted((common_dir / "overnight").glob("*/lock"), key=lambda lock: (lock.stat().st_mtime, lock))
    return [lock.parent for lock in locks if (lock.parent / FILE).exists()]


def rows(reader: Reader, *, last: int | None = None, calls: Collection[Call] | None = None) -> Iterator[Row]:
    """The newest `last` experiments (None: all), newest last; with `calls`, of those that were judged so."""
    for number in _numbers(reader, last, calls):
        if (found := row(reader, number)) is not None:
            yield found


def row(reader: Reader, number: int) -> Row | None:
    values = _first(reader, "SELECT * FROM experiment WHERE number = ?", number)
    return msgspec.convert(dict(zip(Row.__match_args__, values, strict=True)), Row) if values else None


def detail(reader: Reader, number: int) -> Detail | None:
    if (found := row(reader, number)) is None:
        return None
    events = [entry.event for entry in reader.of(number)]
    proposed = next(event for event in events if isinstance(event, Proposed))
    verdict = next((event.verdict for event in events if isinstance(event, Judged)), None)
    return Detail(found, proposed, tuple(event for event in events if isinstance(event, RunDone)), verdict)


def agent_rows(reader: Reader, last: int) -> Iterator[AgentRow]:
    """The newest `last` experiments, newest last, for whoever must not know what is hidden."""
    for number in _numbers(reader, last, None):
        if events := [entry.event for entry in reader.of(number)]:
            yield _agent_row(events)


def summary(reader: Reader, held: bool) -> Summary:
    """`held`: somebody holds the night's lock now."""
    opened, tally = _opened(reader), dict(reader.query("SELECT name, value FROM tally"))
    state, why = _state(reader, held)
    weighed, claimed = reader.last(Weighed.kind), reader.last(Claimed.kind)
    best_experiment, best = _first(reader, "SELECT experiment, score FROM best ORDER BY seq DESC") or (None, None)
    return Summary(
        night=opened.night,
        branch=opened.branch,
        metric=opened.metric,
        goal=opened.goal,
        state=state,
        why=why,
        baseline=_value(reader, "SELECT score FROM event WHERE key = '0/judged'"),
        best=best,
        best_experiment=best_experiment,
        tip=_value(reader, TIP) or opened.baseline,
        tip_score=_value(reader, TIP_SCORE),
        counts={Call(name.removeprefix("call/")): count for name, count in tally.items() if name.startswith("call/")},
        experiments=tally.get("experiments", 0),
        runs=tally.get("kind/run_done", 0),
        elapsed=_value(reader, "SELECT elapsed FROM event ORDER BY seq DESC"),
        usd=tally.get("usd", 0.0),
        tokens=tally.get("tokens", 0),
        since_keep=tally.get("since_keep", 0),
        removed=tally.get("removed", 0),
        phase=_phase(reader),
        worths=weighed.event.worths if weighed and isinstance(weighed.event, Weighed) else (),
        claim=claimed.event.claim if claimed and isinstance(claimed.event, Claimed) else None,
        claimed=claimed.event.commit if claimed and isinstance(claimed.event, Claimed) else "",
        in_flight=tuple(_in_flight(reader)) if held else (),
        notes=tuple(text for (text,) in reader.query(NOTES))[::-1],
        accepted=tuple(_acceptances(reader)),
        spendings=spendings(reader),
    )


def to_json(value: object) -> Any:
    """Any of these, or a list of them, as what `json.dumps` takes."""
    return msgspec.to_builtins(value)


def _numbers(reader: Reader, last: int | None, calls: Collection[Call] | None) -> Sequence[int]:
    if calls is None:
        end = (_value(reader, "SELECT max(experiment) FROM event") or 0) + 1
        return range(0 if last is None else max(0, end - last), end)
    sql = "SELECT seq, experiment FROM event WHERE call = ? ORDER BY seq DESC LIMIT ?"
    limit = -1 if last is None else last
    judged = sorted((found for call in calls for found in reader.query(sql, call, limit)), reverse=True)
    return sorted(number for _, number in judged[:last])


def _agent_row(events: Sequence[Event]) -> AgentRow:
    proposed = next(event for event in events if isinstance(event, Proposed))
    trials: list[Trial] = []
    call, why, score = None, "", None
    for event in events:
        match event:
            case Admitted():
                why = event.problem
            case RunDone() if event.run.split is Split.VISIBLE:
                trials.append(event.trial)
            case Judged():
                call = event.verdict.call
                why = event.verdict.why if call is Call.DUPLICATE else why
            case Recorded():
                score = event.released
    failures = [trial.why for trial in trials if trial.status is not Status.OK]
    return AgentRow(proposed.experiment, proposed.origin, proposed.hypothesis, call, score, why or "; ".join(failures))


def _state(reader: Reader, held: bool) -> tuple[NightState, str]:
    if held:
        return "running", ""
    if (closed := _first(reader, CLOSED)) is None:
        return "interrupted", "its coordinator was killed; the same command goes on"
    finished, why = closed
    return ("finished" if finished else "stopped"), why


def _phase(reader: Reader) -> Phase:
    """A new session searches first."""
    turned, session = reader.last(Turned.kind), reader.last(Session.kind)
    if turned is None or (session and session.seq > turned.seq):
        return Phase.SEARCH
    assert isinstance(turned.event, Turned)
    return turned.event.phase


def _in_flight(reader: Reader) -> Iterator[Flight]:
    for (key,) in reader.query(FLIGHTS):
        if (entry := reader.find(key)) and isinstance(entry.event, RunStarted):
            yield Flight(entry.event.run, entry.at, entry.event.slot)


def _acceptances(reader: Reader) -> Iterator[Acceptance]:
    for (key,) in reader.query("SELECT key FROM event WHERE kind = 'accepted' ORDER BY seq"):
        if (entry := reader.find(key)) and isinstance(said := entry.event, Accepted):
            yield Acceptance(entry.at, said.by, said.how, said.tip, said.commits, said.claim)


def _opened(reader: Reader) -> Opened:
    if (entry := reader.find("opened")) and isinstance(entry.event, Opened):
        return entry.event
    raise LedgerError(f"{reader.path}: the night was killed before its first entry; give the same command again")


def _first(reader: Reader, sql: str, *values: object) -> tuple[Any, ...] | None:
    return next(reader.query(sql, *values), None)


def _value(reader: Reader, sql: str) -> Any:
    found = _first(reader, sql)
    return found[0] if found else None
