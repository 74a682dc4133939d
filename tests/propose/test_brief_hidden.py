"""No hidden number is ever in a brief, and a night that is told again is told as it was."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from overnight.ledger.events import Admitted, Event, Judged, Proposed, Recorded, RunDone
from overnight.ledger.ledger import Reader
from overnight.model import Call, Experiment, Proposal, Purpose, Run, Score, Split, Status, Trial, Usage, Verdict
from overnight.night.retold import retold
from overnight.propose.brief import Notebook, Wanted
from overnight.propose.proposer import View
from overnight.repo.repo import Repo
from tests.cli.conftest import typed
from tests.ledger.sample_night import opened, session, written
from tests.nights import make_repo, noisy_repo
from tests.propose.told import view


def spelled(value: float) -> Iterator[str]:
    """A number in the roundings in which it could be told; short ones can be there by chance."""
    for digits in range(4, 10):
        yield f"{value:.{digits}g}"
        yield f"{value:.{digits}f}"


def found(values: list[float], text: str) -> list[float]:
    numbers = set(re.findall(r"\d+\.\d+", text))
    return [value for value in values if any(spelling in numbers for spelling in spelled(value))]


def invented(folder: Path) -> Path:
    """Every verdict in words and numbers that hidden scores went into."""
    events: list[Event] = [opened(), session()]
    for number, call in enumerate([Call.KEEP, Call.DISCARD, Call.KEEP, Call.CRASH, Call.DISCARD]):
        commit, hidden = f"{number:040x}", 3.7654321 + number
        run = Run(f"r{number}", number, commit, Purpose.SCREEN, Split.VISIBLE, 1, 5.0, 9.0)
        status = Status.CRASH if call is Call.CRASH else Status.OK
        scores, unseen = {"val_bpb": Score(2.1234567)}, {"val_bpb": Score(hidden, 0.1, 9, (hidden - 0.0071, hidden))}
        trial = Trial(run.id, 1, status, scores, Usage(), 0, None, "", f"loss {hidden}" * (status is Status.OK))
        why = f"better: {hidden:.4f} on the hidden set" if status is Status.OK else "exit code 1"
        verdict = Verdict(number, call, why, 2.5, 2.6, gain=hidden / 7, doubt=hidden / 70)
        kept = commit if call is Call.KEEP else None
        events += [
            Proposed(experiment=number, parent="b" * 40, edits=(), origin="x", hypothesis=f"idea {number}"),
            Admitted(experiment=number, commit=commit, fingerprint=str(number), size=9, parent_size=9),
            RunDone(run=run, trial=replace(trial, hidden=unseen)),
            Judged(verdict=verdict, commit=commit, log_tip="1" * 40, branch_tip="b" * 40),
            Recorded(experiment=number, entry="e" * 40, kept=kept, released=2.4),
        ]
    return written(folder, *events)


@pytest.mark.parametrize("exact", [False, True])
def test_what_is_told_again_holds_no_hidden_number(tmp_path: Path, exact: bool) -> None:
    make_repo(tmp_path / "repo", {"train.py": ""})
    notebook = Notebook()
    with Reader.open(invented(tmp_path / "night")) as reader, closing(Repo.discover(tmp_path / "repo")) as repo:
        told = list(retold(reader, repo, exact))
    for experiment in told:
        notebook.observe(experiment)
    hidden = [part for n in range(5) for h in [3.7654321 + n] for part in (h, h - 0.0071, h / 7, h / 70)]
    assert [experiment.number for experiment in told] == [1, 2, 3, 4]
    assert found(hidden, notebook.brief(view(), Wanted.WHOLE)) == []
    assert exact or found(hidden, repr(told)) == []  # our optimiser sees what a run printed


def test_exact_scores_are_only_for_the_optimiser(tmp_path: Path) -> None:
    make_repo(tmp_path / "repo", {"train.py": ""})
    with Reader.open(invented(tmp_path / "night")) as reader, closing(Repo.discover(tmp_path / "repo")) as repo:
        told, exact = list(retold(reader, repo)), list(retold(reader, repo, exact=True))
    assert [experiment.verdict.score for experiment in told[:2]] == [2.4, 2.4]
    assert [experiment.verdict.score for experiment in exact[:2]] == [2.5, 2.5]
    assert told[0].trials[0].scores == {}


class Reads:
    """Turns one knob after the other, and keeps what it was told and the last brief that it could have had."""

    trusted = False
    told: ClassVar[list[Experiment]] = []
    brief: ClassVar[str] = ""

    def __init__(self) -> None:
        self._notebook = Notebook()
        Reads.told.clear()

    def ask(self, view: View, n: int) -> Iterator[Proposal]:
        Reads.brief = self._notebook.brief(view, Wanted.BLOCKS)
        text = re.sub(r"(WIDTH|RATE) = \S+", lambda found: f"{found[1]} = {view.number}", view.files["train.py"])
        yield Proposal({"train.py": text}, view.incumbent, "reads", f"all to {view.number}")

    def observe(self, experiment: Experiment) -> None:
        Reads.told.append(experiment)
        self._notebook.observe(experiment)

    def close(self) -> None: ...


@pytest.mark.slow
def test_a_real_night_with_hidden_splits(tmp_path: Path) -> None:
    root = noisy_repo(tmp_path / "noisy")
    agent = f"{__name__}:Reads"
    done = typed(root, "run", "--agent", agent, "--tag", "a", "--seed", "5", "--experiments", "4", "--json")
    assert done.exit_code == 0, done.output
    command = typed(root, "brief", "--tag", "a").stdout
    with Reader.open(root / ".git/overnight/a") as reader, closing(Repo.discover(root)) as repo:
        trials = [entry.event.trial for entry in reader.since() if isinstance(entry.event, RunDone)]
        assert list(retold(reader, repo)) == Reads.told
    hidden = [score.value for trial in trials for score in trial.hidden.values()]
    assert len(hidden) > 4
    assert "all to 2" in Reads.brief
    assert "all to 4" in command
    assert found(hidden, Reads.brief + command) == []
