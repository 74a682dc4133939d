"""A night driven from Python: ask, change something, tell, in this process and with everything real."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import pytest

import overnight
from overnight import wiring
from overnight.doors.answer import Answer, State
from overnight.doors.open import OpenNight
from overnight.errors import OvernightError, UsageError
from overnight.ledger.events import Proposed, RunDone
from overnight.ledger.ledger import Reader
from overnight.model import Call, Level
from overnight.named import named
from overnight.night.verify import verify
from overnight.night.watcher import Nobody
from overnight.repo.repo import Repo
from overnight.show.report import report_of
from overnight.testing import FakeClock
from tests.doors.by_hand import widen
from tests.nights import PROGRAM, git, make_repo, noisy_repo, toy_repo

ELSEWHERE = PROGRAM.replace("run: python train.py", "run: elsewhere")
DAY = 86_400.0


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return toy_repo(tmp_path / "a toy")


def night_of(root: Path, clock: FakeClock | None = None) -> OpenNight:
    return OpenNight(wiring.load(root / "program.md", {}), "t", clock)


def turn(workspace: Path, old: str, new: str) -> None:
    train = workspace / "train.py"
    train.write_text(train.read_text().replace(old, new))


def problems(root: Path) -> list[str]:
    with Reader.open(root / ".git/overnight/t") as reader, closing(Repo.discover(root)) as repo:
        return verify(reader, repo, lambda name: named(name, wiring.POLICIES, "policy")())


@pytest.mark.slow
def test_a_better_change_is_kept_and_in_the_next_workspace(root: Path) -> None:
    with overnight.open(root, "t") as night:
        asked = night.ask(by="claude")
        widen(asked.workspace)
        answer = night.tell(asked, hypothesis="wider")
        assert answer == Answer(
            1, State.JUDGED, "loss", 1.68, 1, Call.KEEP, "better than the branch was", 1.68, external=False
        )
        assert "WIDTH = 8 " in (night.ask().workspace / "train.py").read_text()
        assert (night.best, night.status.counts[Call.KEEP]) == (1.68, 2)
    assert git(root, "log", "-1", "--format=%s", "autoresearch/t") == "wider"
    assert problems(root) == []


def test_nothing_is_measured_by_an_ask_and_the_working_tree_stays(root: Path) -> None:
    with night_of(root) as night:
        night.ask()
        assert (night.status.runs, night.status.state) == (0, "stopped")
    assert git(root, "status", "--porcelain") == ""
    assert git(root, "branch", "--list", "autoresearch/*") == ""


@pytest.mark.slow
def test_a_workspace_holds_no_history_and_nothing_hidden(tmp_path: Path) -> None:
    with night_of(noisy_repo(tmp_path / "noisy")) as night:
        workspace = night.ask().workspace
    assert sorted(path.name for path in workspace.iterdir()) == [".git", "program.md", "score.py", "train.py"]
    assert git(workspace, "rev-list", "--count", "HEAD") == "1"


@pytest.mark.slow
def test_the_brief_tells_the_task_and_what_was_tried(root: Path) -> None:
    with night_of(root) as night:
        first = night.ask()
        widen(first.workspace)
        night.tell(first, hypothesis="a wider one")
        brief = night.ask().brief
    assert "Make the loss smaller." in brief
    assert "`overnight tell`, with one line" in brief
    assert "a wider one" in brief


@pytest.mark.slow
@pytest.mark.smoke
def test_results_come_days_later_in_any_order(root: Path) -> None:
    clock = FakeClock()
    with night_of(root, clock) as night:
        one, two, three = night.ask(), night.ask(), night.ask()
        widen(one.workspace)
        turn(three.workspace, "RATE = 0.1 ", "RATE = 0.3 ")
        clock.advance(2 * DAY)
        assert night.tell(three).call is Call.KEEP
        clock.advance(DAY)
        late = night.tell(one)
        assert (late.call, late.experiment, late.best) == (Call.KEEP, 2, 1.64)
        assert night.answer(two.number).state is State.OPEN
    train = git(root, "show", "autoresearch/t:train.py")
    assert "WIDTH = 8 " in train
    assert "RATE = 0.3 " in train
    assert problems(root) == []


@pytest.mark.slow
def test_what_is_told_twice_counts_once(root: Path) -> None:
    with night_of(root) as night:
        asked = night.ask()
        widen(asked.workspace)
        first = night.tell(asked)
        widen(asked.workspace, 16)
        assert night.tell(asked) == first
        assert night.status.experiments == 1


@pytest.mark.slow
def test_the_same_change_again_is_a_duplicate(root: Path) -> None:
    with night_of(root) as night:
        one, two = night.ask(), night.ask()
        for asked in (one, two):
            widen(asked.workspace)
        night.tell(one)
        assert night.tell(two).call is Call.DUPLICATE


@pytest.mark.slow
def test_a_crash_says_what_went_wrong(root: Path) -> None:
    with night_of(root) as night:
        asked = night.ask()
        widen(asked.workspace, 60)
        answer = night.tell(asked)
    assert (answer.call, answer.why) == (Call.CRASH, "exit code 1: MemoryError: WIDTH is too large")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder: None, "nothing has changed yet: edit train.py in"),
        (lambda folder: (folder / "program.md").write_text("mine"), "program.md may not be changed, only train.py"),
        (lambda folder: (folder / "train.py").unlink(), "train.py is no plain text file any more"),
        (shutil.rmtree, "is gone"),
    ],
)
def test_what_cannot_be_measured_is_refused_and_the_ask_stays_open(root: Path, spoil: object, said: str) -> None:
    with night_of(root) as night:
        asked = night.ask()
        spoil(asked.workspace)  # type: ignore[operator]
        with pytest.raises(UsageError, match=said):
            night.tell(asked)
        assert night.answer(1).state is State.OPEN


def test_an_ask_that_nobody_has_is_refused(root: Path) -> None:
    with night_of(root) as night:
        with pytest.raises(UsageError, match="nobody has asked for a workspace here yet"):
            night.tell(1)
        night.ask()
        with pytest.raises(UsageError, match="no ask 7: there is 1"):
            night.tell(7)
        with pytest.raises(UsageError, match="ask 0 is the untouched baseline"):
            night.tell(0)


@pytest.mark.slow
def test_hooks_that_are_planted_in_a_workspace_run_nowhere(root: Path, tmp_path: Path) -> None:
    with night_of(root) as night:
        asked = night.ask()
        widen(asked.workspace)
        hook = asked.workspace / ".git/hooks/post-index-change"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
        hook.chmod(0o755)
        (asked.workspace / ".git/config").write_text(f"[core]\n\tfsmonitor = touch {tmp_path}/ran\n")
        night.tell(asked)
    assert not (tmp_path / "ran").exists()


@pytest.mark.slow
def test_a_baseline_that_does_not_run_is_said(tmp_path: Path) -> None:
    root = toy_repo(tmp_path / "toy", train="raise ValueError('no data')\nWIDTH = 4 \n")
    with night_of(root) as night:
        asked = night.ask()
        widen(asked.workspace)
        with pytest.raises(OvernightError, match="gave no score: exit code 1: ValueError: no data"):
            night.tell(asked)


@pytest.mark.slow
def test_stop_rules_end_it_and_what_was_given_out_may_still_be_told(tmp_path: Path) -> None:
    root = toy_repo(tmp_path / "toy", PROGRAM.replace("experiments: 5", "experiments: 1"))
    with night_of(root) as night:
        one, two = night.ask(), night.ask()
        widen(one.workspace)
        turn(two.workspace, "RATE = 0.1 ", "RATE = 0.3 ")
        night.tell(one)
        with pytest.raises(UsageError, match=r"at its end \(1 of 1 experiments\)"):
            night.ask()
        assert night.tell(two).call is Call.KEEP


def test_uncommitted_edits_are_refused_before_a_night_is_made(root: Path) -> None:
    (root / "train.py").write_text("print('mine')\n")
    with night_of(root) as night, pytest.raises(UsageError, match="not committed"):
        night.ask()
    assert not (root / ".git/overnight/t").exists()


@pytest.mark.slow
def test_workspaces_of_what_is_judged_go_and_the_others_stay(root: Path) -> None:
    with night_of(root) as night:
        one, two = night.ask(), night.ask()
        widen(one.workspace)
        night.tell(one)
        night.ask()
    assert (one.workspace.exists(), two.workspace.exists()) == (False, True)


def test_a_workspace_is_made_where_it_is_wanted_but_over_nothing(root: Path, tmp_path: Path) -> None:
    (tmp_path / "mine/2").mkdir(parents=True)
    (tmp_path / "mine/2/notes").write_text("mine")
    with night_of(root) as night:
        assert night.ask(into=tmp_path / "mine").workspace == tmp_path / "mine/1"
        with pytest.raises(UsageError, match="is not empty"):
            night.ask(into=tmp_path / "mine")


@pytest.mark.slow
def test_a_number_is_only_a_claim_where_things_are_measured(root: Path) -> None:
    with night_of(root) as night:
        asked = night.ask()
        turn(asked.workspace, "RATE = 0.1 ", "RATE = 0.9 ")
        answer = night.tell(asked, metric=0.01, hypothesis="faster")
        assert (answer.call, answer.score, answer.external) == (Call.DISCARD, 2.8, False)
        assert night.best == 2.48
    with Reader.open(root / ".git/overnight/t") as reader:
        proposed = reader.find("1/proposed")
    assert proposed is not None
    assert isinstance(proposed.event, Proposed)
    assert proposed.event.hypothesis == "faster (0.01 measured elsewhere)"


# ---- where nothing is measured


def test_a_night_of_numbers_from_elsewhere_says_so_everywhere(tmp_path: Path) -> None:
    root = make_repo(tmp_path / "lab", {"program.md": ELSEWHERE, "train.py": "WIDTH = 4 \n"})
    with night_of(root) as night:
        night.tell(0, metric=2.0)
        asked = night.ask()
        widen(asked.workspace)
        with pytest.raises(UsageError, match="overnight tell 1 --metric NUMBER"):
            night.tell(asked)
        answer = night.tell(asked, metric=1.5, hypothesis="wider")
        assert (answer.call, answer.best, answer.external) == (Call.KEEP, 1.5, True)
    with Reader.open(root / ".git/overnight/t") as reader, closing(Repo.discover(root)) as repo:
        done = [entry.event for entry in reader.since() if isinstance(entry.event, RunDone)]
        assert report_of(reader, repo, held=False).level is Level.EXTERNAL
    assert [(each.trial.level, each.trial.hardware) for each in done] == [(Level.EXTERNAL, "elsewhere")] * 2
    assert git(root, "log", "-1", "--format=%s", "autoresearch/t") == "wider (measured elsewhere)"
    assert problems(root) == []


@pytest.mark.slow
def test_the_judge_asks_for_as_many_numbers_as_it_would_run(tmp_path: Path) -> None:
    believed = ELSEWHERE.replace("policy: greedy\n", "")
    root = make_repo(tmp_path / "lab", {"program.md": believed, "train.py": "WIDTH = 4 \n"})
    with night_of(root) as night:
        assert night.tell(0, metric=2.0).wanted == (0, 0, 0)
        assert night.tell(0, metric=[2.01, 1.99, 2.0]).call is Call.KEEP
        asked = night.ask()
        widen(asked.workspace)
        first = night.tell(asked, metric=1.5)
        assert (first.state, first.wanted) == (State.MEASURING, (1,))
        assert night.tell(asked, metric=1.51).call is Call.KEEP


@pytest.mark.slow
def test_a_number_of_an_older_branch_is_not_taken_for_one_of_the_new(tmp_path: Path) -> None:
    root = make_repo(tmp_path / "lab", {"program.md": ELSEWHERE, "train.py": "WIDTH = 4 \nRATE = 0.1 \n"})
    with night_of(root) as night:
        night.tell(0, metric=2.0)
        one, two = night.ask(), night.ask()
        widen(one.workspace)
        turn(two.workspace, "RATE = 0.1 ", "RATE = 0.3 ")
        night.tell(one, metric=1.5)
        late = night.tell(two, metric=1.4)
    assert (late.call, late.why) == (Call.DISCARD, "made for an older incumbent, and its numbers are not the new one's")


def test_nobody_runs_a_night_whose_numbers_come_from_elsewhere(tmp_path: Path) -> None:
    root = make_repo(tmp_path / "lab", {"program.md": ELSEWHERE, "train.py": "WIDTH = 4 \n"})
    with pytest.raises(UsageError, match="nothing is measured here"):
        wiring.work(wiring.load(root / "program.md", {}), "t", Nobody())
    assert not (root / ".git/overnight").exists()
