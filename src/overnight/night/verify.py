"""Is the night what its ledger says? Re-walks the chain, makes every decision again, and holds git against it.

A decision is a pure function of the ledger, so it can be made again by anybody, on any machine. What this cannot
show is that the machine's owner was honest when the scores were measured: somebody else's re-run can.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from typing import Any

import msgspec

from overnight.judge.policy import AnyPolicy
from overnight.judge.seeds import secret_hash, seed_for
from overnight.ledger.events import Claimed, Closed, Entry, Event, Judged, Opened, Recorded, RunStarted, Weighed
from overnight.ledger.ledger import Reader
from overnight.ledger.verify import verify_chain
from overnight.model import Claim, Verdict, Worth
from overnight.night.keep import log_ref
from overnight.night.state import NightState
from overnight.program.program import Program
from overnight.repo.repo import Repo

NINE_DIGITS = 1e-9


def verify(reader: Reader, repo: Repo, policies: Callable[[str], AnyPolicy]) -> list[str]:
    """What does not hold, one sentence each; empty when everything does."""
    problems = [f"entry {p.seq}: {p.what}" if p.seq else p.what for p in verify_chain(reader)]
    opened = reader.find("opened")
    if opened is None or not isinstance(opened.event, Opened):
        return [*problems, "the ledger has no first entry"]
    entries = list(reader.since())
    problems += _decisions(entries, opened.event, policies)
    problems += _seeds(entries, opened.event)
    problems += _log(reader, entries, opened.event, repo)
    problems += _branch(entries, opened.event, repo)
    return problems


def program_of(settings: Mapping[str, Any]) -> Program:
    """The program as a session had understood it."""
    whole = {"text": "", "prose": "", **settings}
    if isinstance(whole.get("agent"), str):  # as nights had it that could have one only
        whole["agent"] = [whole["agent"]]
    return msgspec.convert(whole, Program, dec_hook=lambda kind, value: Path(value) if kind is Path else value)


def _decisions(entries: Sequence[Entry], opened: Opened, policies: Callable[[str], AnyPolicy]) -> Iterator[str]:
    program = program_of(opened.settings)
    state = NightState(program, policies(program.policy))
    for entry in entries:
        for what, said, again in _decided(entry.event, state):
            if not same(said, again):
                yield f"{what}: the ledger says {said}, judged again it is {again}"
        state.fold(entry)


def _decided(event: Event, state: NightState) -> Iterator[tuple[str, object, object]]:
    """What the judge had decided by then: what of, as it was written down, as it is found again."""
    match event:
        case Judged(verdict=verdict):
            again = state.open[verdict.experiment].verdict if verdict.experiment in state.open else None
            yield f"experiment {verdict.experiment}", verdict, again
        case Recorded():
            judged = state.open[event.experiment].judged if event.experiment in state.open else None
            released = state.to_release(judged.verdict) if judged else None
            yield f"the score that agents were told of experiment {event.experiment}", event.released, released
        case Weighed():
            yield "what the keeps are worth", event.worths, state.unweighed
        case Claimed():
            yield "the claim", event.claim, state.unclaimed


def same(a: object, b: object) -> bool:
    """Equal, and numbers to nine digits: another machine may round the last ones otherwise."""
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=NINE_DIGITS, abs_tol=1e-300) or a == b
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, Worth) and isinstance(b, Worth) and a.low is None:  # said before there were intervals
        b = replace(b, low=None, high=None)
    if isinstance(a, (Verdict, Worth, Claim)) and type(a) is type(b):
        return all(same(getattr(a, name), getattr(b, name)) for name in a.__match_args__)
    return a == b


def _seeds(entries: Sequence[Entry], opened: Opened) -> Iterator[str]:
    secrets = {e.event.secret for e in entries if isinstance(e.event, Closed) and e.event.secret}
    for secret in secrets:
        if secret_hash(secret) != opened.secret_hash:
            yield "the secret that was revealed is not the one the night was opened with"
        for run in (e.event.run for e in entries if isinstance(e.event, RunStarted)):
            if run.seed != seed_for(secret, opened.night, run.id):
                yield f"run {run.id}: its seed does not come from the night's secret"


def _log(reader: Reader, entries: Sequence[Entry], opened: Opened, repo: Repo) -> Iterator[str]:
    ref = log_ref(opened)
    recorded = [e.event for e in entries if isinstance(e.event, Recorded)]
    if repo.branch_tip(ref) is None:
        yield f"the log ref {ref} is gone; `overnight run` puts it back"
        return
    chain = repo.git.run("rev-list", "--reverse", "--first-parent", ref).decode().split()[1:]
    if chain != [event.entry for event in recorded]:
        yield f"the log ref {ref} holds {len(chain)} entries, not the {len(recorded)} of the ledger, or other ones"
    for event in recorded:
        bodies = [e.body for e in _until_recorded(reader.of(event.experiment))]
        if repo.read(event.entry, "record.json") != "\n".join(bodies).encode():
            yield f"experiment {event.experiment}: its record in git is not what the ledger holds"


def _until_recorded(entries: Sequence[Entry]) -> Iterator[Entry]:
    """A keep is measured again later, as the incumbent."""
    return takewhile(lambda entry: not isinstance(entry.event, Recorded), entries)


def _branch(entries: Sequence[Entry], opened: Opened, repo: Repo) -> Iterator[str]:
    tip, judged = "", {e.event.experiment: e.event for e in entries if isinstance(e.event, Judged)}
    for event in (e.event for e in entries if isinstance(e.event, Recorded)):
        if event.kept is None:
            continue
        if event.experiment > 0:
            yield from _keep(judged[event.experiment], event.kept, tip, repo)
        tip = event.kept
    at = repo.branch_tip(opened.branch)
    if tip and at != tip:
        yield f"{opened.branch} is at {at}, and the ledger's last keep is {tip}"


def _keep(judged: Judged, kept: str, tip: str, repo: Repo) -> Iterator[str]:
    trees = [repo.git.get(f"{commit}^{{tree}}").oid for commit in (judged.commit, kept)]
    parents = repo.git.run("rev-list", "--parents", "-n1", kept).decode().split()[1:]
    if trees[0] != trees[1]:
        yield f"experiment {judged.experiment}: the kept commit is not the tree that was measured"
    if parents != [tip]:
        yield f"experiment {judged.experiment}: the kept commit does not stand on the keep before it"
