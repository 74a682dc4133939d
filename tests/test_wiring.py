"""Whole nights, in this process: real git, real processes, a toy script."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from overnight import wiring
from overnight.clock import Now
from overnight.compute.local import LocalSlots
from overnight.errors import Busy, LedgerError, OvernightError, RefMoved, RepoError, UsageError
from overnight.ledger import inbox, views
from overnight.ledger.events import Admitted, Closed, Entry, RunStarted
from overnight.ledger.ledger import Ledger, Reader
from overnight.model import Call, Heartbeat, Slot
from overnight.named import named
from overnight.night.keep import Keeper
from overnight.night.night import Night
from overnight.night.open import Open
from overnight.night.shift import Shift
from overnight.night.verify import verify
from overnight.night.watcher import Nobody
from overnight.repo.repo import Repo
from overnight.testing import Scripted
from tests.nights import PROGRAM, TRAIN, git, make_repo, replacing, toy_repo

BETTER = replacing("WIDTH = 4 ", "WIDTH = 8 ")
BEST = replacing("RATE = 0.1 ", "RATE = 0.3 ")
WORSE = replacing("RATE = 0.1 ", "RATE = 0.9 ")
SLOW = {"train.py": "import time\nprint('started', flush=True)\ntime.sleep(60)\n"}


class Better(Scripted):
    def __init__(self) -> None:
        super().__init__([BETTER, BEST])


class Many(Scripted):
    """Two that are better, each on the incumbent it is shown. Lines of their own, so that all merge in any order."""

    def __init__(self) -> None:
        harder, crash = replacing("** 2 + 1\n", "** 2 + 2\n"), replacing('print("---")', "raise SystemExit(3)")
        super().__init__([BETTER, BEST, harder, replacing("SEED", "SEED"), crash])


class Slow(Scripted):
    def __init__(self) -> None:
        super().__init__([SLOW, SLOW])


class Stranger(Scripted):
    def __init__(self) -> None:
        super().__init__([{"train.py": "x = '\udc80\x00'\n"}], name="bad\x1b[2Jname")


class Broken:
    def ask(self, view: object, n: int) -> Iterator[object]:
        raise RuntimeError("no idea")

    def observe(self, experiment: object) -> None: ...
    def close(self) -> None: ...


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return toy_repo(tmp_path / "a toy")


def night(root: Path, agent: str = "Better", tag: str = "t", watcher: Nobody | None = None, **flags: str) -> Closed:
    name = agent if ":" in agent else f"tests.test_wiring:{agent}"
    task = wiring.load(root / "program.md", {"agent": name, **flags})
    with closing(task.repo):
        return wiring.work(task, tag, watcher or Nobody())


def rows(root: Path, tag: str = "t") -> list[views.Row]:
    with Reader.open(root / ".git/overnight" / tag) as reader:
        return list(views.rows(reader))


def problems(root: Path, tag: str = "t") -> list[str]:
    with Reader.open(root / ".git/overnight" / tag) as reader, closing(Repo.discover(root)) as repo:
        return verify(reader, repo, lambda name: named(name, wiring.POLICIES, "policy")())


@pytest.mark.smoke
def test_a_night_ends_on_a_branch_of_keeps(root: Path) -> None:
    closed = night(root)
    assert (closed.why, closed.finished) == ("the proposer has no more ideas", True)
    assert [row.call for row in rows(root)] == [Call.KEEP, Call.KEEP, Call.KEEP]
    assert git(root, "log", "--format=%s", "autoresearch/t").splitlines() == ["line 2", "line 1", "start"]
    assert problems(root) == []


@pytest.mark.smoke
def test_a_keep_carries_its_evidence(root: Path) -> None:
    night(root)
    trailers = git(root, "log", "-1", "--format=%(trailers)", "autoresearch/t").splitlines()
    assert [line.split(":")[0] for line in trailers] == [
        "Overnight-Experiment",
        "Overnight-Metric",
        "Overnight-Evidence",
        "Overnight-Agent",
    ]


@pytest.mark.smoke
def test_the_working_tree_the_index_and_head_are_not_touched(root: Path) -> None:
    (root / "notes.txt").write_text("mine\n")
    seen = {path: path.stat().st_mtime_ns for path in [root / ".git/index", root / ".git/HEAD", root / "train.py"]}
    night(root)
    assert {path: path.stat().st_mtime_ns for path in seen} == seen
    assert git(root, "status", "--porcelain") == "?? notes.txt"
    assert git(root, "branch", "--show-current") == "main"


def test_while_a_night_waits_all_that_was_measured_is_on_the_disk(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results, owed = list[int](), list[bool]()
    look = Shift._take_inbox

    def waits(shift: Shift) -> None:
        results.append(shift.night.state.runs)
        owed.append(shift.ledger._owing)
        look(shift)

    monkeypatch.setattr(Shift, "_take_inbox", waits)
    night(root, policy="proof", experiments="1")
    assert max(results) > 1  # more than one before the first verdict
    assert not any(owed)


class Ahead(Scripted):
    """Both on the baseline."""

    def __init__(self) -> None:
        super().__init__([BETTER, WORSE])


def test_what_left_a_slot_is_heard_before_the_slot_is_filled(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free, admit = LocalSlots.free, Keeper.admit
    admitted: list[int] = []

    def noted(self: Keeper, experiment: Open, at: float) -> Admitted:
        admitted.append(experiment.number)
        return admit(self, experiment, at)

    def late(self: LocalSlots) -> Sequence[Slot]:
        """As on a machine with much else to do: the run before has ended by then, and its result is in the queue."""
        while not (found := free(self)) and admitted == [0, 1, 2]:
            time.sleep(0.001)
        return found

    monkeypatch.setattr(Keeper, "admit", noted)
    monkeypatch.setattr(LocalSlots, "free", late)
    night(root, "Ahead", slots="1")
    assert [row.score for row in rows(root)] == [2.48, 1.68, 2.0]
    with Reader.open(root / ".git/overnight/t") as reader:
        runs = [entry.event.run.id for entry in reader.since() if isinstance(entry.event, RunStarted)]
    assert len(runs) == 3  # the last only on top of the one before, never on what that was about to replace


def test_every_experiment_is_reachable_from_the_log(root: Path) -> None:
    night(root, "Many")
    ref = git(root, "for-each-ref", "--format=%(refname)", "refs/overnight")
    reachable = git(root, "rev-list", ref).split()
    assert {row.commit for row in rows(root)} <= set(reachable)


def test_the_same_rules_hold_with_several_slots(root: Path) -> None:
    night(root, "Many", slots="4", experiments="20")
    assert problems(root) == []
    assert sorted(row.call or "" for row in rows(root)) == ["crash", "discard", "duplicate", "keep", "keep", "keep"]
    with Reader.open(root / ".git/overnight/t") as reader:
        assert views.summary(reader, held=False).best == 1.64


@pytest.mark.slow
def test_a_finished_night_goes_on_when_it_is_given_more(root: Path) -> None:
    assert night(root, experiments="1").why == "1 of 1 experiments"
    assert night(root, "tests.test_wiring:Better", experiments="1").why == "1 of 1 experiments"
    night(root, "Many", experiments="3")
    assert problems(root) == []
    assert len(rows(root)) >= 4


@pytest.mark.slow
def test_a_resumed_night_does_not_become_another_question(root: Path) -> None:
    night(root)
    (root / "program.md").write_text(PROGRAM.replace("metric: loss", "metric: seed_seen"))
    with pytest.raises(UsageError, match="was opened with metric = loss"):
        night(root)


def test_uncommitted_edits_are_refused_and_nothing_is_made(root: Path) -> None:
    (root / "train.py").write_text(TRAIN + "# more\n")
    with pytest.raises(RepoError, match=r"not committed: train\.py.*git stash"):
        night(root)
    assert not (root / ".git/overnight/t").exists()


def test_a_byte_order_mark_or_a_link_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    marked = toy_repo(tmp_path / "marked", train="\ufeff" + TRAIN)
    with pytest.raises(RepoError, match="byte order mark"):
        night(marked)
    linked = make_repo(tmp_path / "linked", {"program.md": PROGRAM, "real.py": TRAIN})
    (linked / "train.py").symlink_to("real.py")
    git(linked, "add", "-A")
    git(linked, "commit", "-qm", "link")
    with pytest.raises(RepoError, match=r"train\.py is a link"):
        night(linked)


def test_a_branch_called_autoresearch_is_in_the_way(root: Path) -> None:
    git(root, "branch", "autoresearch")
    with pytest.raises(RepoError, match="is in the way"):
        night(root)


def test_another_time_box_is_another_question(root: Path) -> None:
    night(root, experiments="1")
    with pytest.raises(UsageError, match="was opened with box"):
        night(root, experiments="2", time_box="9s")


def test_a_secret_that_was_swapped_is_not_used(root: Path) -> None:
    night(root, experiments="1")
    (root / ".git/overnight/t/secret").write_text("mine")
    with pytest.raises(LedgerError, match="is not the secret"):
        night(root, experiments="2")


def test_program_md_may_be_a_link_to_elsewhere(root: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.md").write_text(PROGRAM)
    (root / "program.md").unlink()
    (root / "program.md").symlink_to(tmp_path / "elsewhere.md")
    assert night(root).finished


def test_program_md_itself_may_be_uncommitted(root: Path) -> None:
    (root / "program.md").write_text(PROGRAM + "\nMore words.\n")
    assert night(root).finished


def test_a_branch_of_somebody_else_is_refused(root: Path) -> None:
    git(root, "branch", "autoresearch/t")
    with pytest.raises(RepoError, match="choose another name with --tag"):
        night(root)


def test_a_branch_that_is_checked_out_is_not_moved(root: Path) -> None:
    night(root, experiments="1")
    git(root, "switch", "-q", "autoresearch/t")
    with pytest.raises(RepoError, match=r"is checked out in .*a toy"):
        night(root, experiments="2")


def test_a_branch_that_somebody_moved_stops_the_night(root: Path) -> None:
    night(root, experiments="1")
    git(root, "update-ref", "refs/heads/autoresearch/t", "main")
    with pytest.raises(RefMoved, match="git update-ref refs/heads/autoresearch/t"):
        night(root, experiments="2")


@pytest.mark.slow
def test_refs_that_are_gone_are_put_back(root: Path) -> None:
    night(root, experiments="1")
    for ref in git(root, "for-each-ref", "--format=%(refname)", "refs/overnight", "refs/heads/autoresearch").split():
        git(root, "update-ref", "-d", ref)
    night(root, experiments="2")
    assert problems(root) == []


def test_two_nights_on_one_tag_are_refused_with_who_holds_it(root: Path) -> None:
    holder = Ledger.create_or_open(root / ".git/overnight/t", holder="overnight run --tag t")
    with closing(holder), pytest.raises(Busy, match=f"process {os.getpid()} .*overnight run --tag t"):
        night(root)


@pytest.mark.slow
@pytest.mark.smoke
def test_a_stop_from_another_terminal_is_heard_and_the_same_command_goes_on(root: Path) -> None:
    class AsksToStop(Nobody):
        def saw(self, entry: Entry, night: Night) -> None:
            if entry.event.key == "1/proposed":
                inbox.post(root / ".git/overnight/t", {"kind": "stop", "who": "me@here"})

    closed = night(root, watcher=AsksToStop())
    assert (closed.why, closed.finished) == ("stopped by me@here", False)
    assert night(root).finished
    assert len(rows(root)) == 3
    assert problems(root) == []


@pytest.mark.parametrize(("number", "who"), [(signal.SIGINT, "Ctrl-C"), (signal.SIGTERM, "SIGTERM")])
def test_a_signal_ends_it_cleanly_and_nothing_is_lost(root: Path, number: signal.Signals, who: str) -> None:
    class Presses(Nobody):
        def __init__(self) -> None:
            self.pressed = 0

        def tick(self, night: Night, now: Now, beats: dict[str, Heartbeat]) -> None:
            if "1-screen-0" in night.state.under_way and self.pressed < 2:
                self.pressed += 1
                signal.raise_signal(number)

    before = signal.getsignal(number)
    closed = night(root, "Slow", watcher=Presses())
    assert (closed.why, closed.finished) == (f"stopped by {who}", False)
    assert signal.getsignal(number) == before
    assert [(row.number, row.state) for row in rows(root)][1] == (1, "admitted")


@pytest.mark.slow
def test_a_run_past_its_time_is_a_timeout(tmp_path: Path) -> None:
    root = toy_repo(tmp_path / "toy", PROGRAM.replace("kill_after: 10s", "kill_after: 2s"))
    night(root, "Slow", experiments="1")
    assert rows(root)[1].call is Call.TIMEOUT


def test_a_baseline_that_does_not_run_ends_the_night_with_its_reason(tmp_path: Path) -> None:
    root = toy_repo(tmp_path / "toy", train="raise ValueError('no data')\n")
    closed = night(root)
    assert closed.finished
    assert closed.why == "the untouched baseline gave no score: exit code 1: ValueError: no data"
    assert not git(root, "branch", "--list", "autoresearch/*")


def test_what_a_stranger_writes_cannot_break_the_ledger_or_a_terminal(root: Path) -> None:
    night(root, "Stranger")
    row = rows(root)[1]
    assert row.call is Call.INVALID
    assert "\x1b" not in row.origin + row.hypothesis + row.why
    assert row.origin == "badname"


def test_a_proposer_that_breaks_ends_the_session_with_its_name(root: Path) -> None:
    with pytest.raises(OvernightError, match=r"the proposer .*Broken.* failed: RuntimeError: no idea"):
        night(root, "Broken")
    assert threading.active_count() < 10
    with Reader.open(root / ".git/overnight/t") as reader:
        summary = views.summary(reader, held=False)
    assert (summary.state, "no idea" in summary.why) == ("stopped", True)
    assert not list((root.parent / "cache/overnight").iterdir())


def test_the_agent_and_policy_are_found_by_name_or_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean search"):
        named("serach", wiring.PROPOSERS, "agent")
    with pytest.raises(UsageError, match="cannot be loaded"):
        named("no.such:Thing", wiring.PROPOSERS, "agent")


@pytest.mark.parametrize("tag", ["", "a/b", "..", "-x", "a b", "x.lock", "a..b", "\x1b", "é" * 100])
def test_a_name_that_cannot_be_a_branch_is_refused(root: Path, tag: str) -> None:
    with closing(Repo.discover(root)) as repo, pytest.raises(UsageError, match="cannot be a night's name"):
        wiring.night_folder(repo, tag)


@pytest.mark.slow
def test_without_a_tag_the_unfinished_night_goes_on_and_then_today_gets_a_new_one(root: Path) -> None:
    class Clock:
        def now(self) -> Now:
            return Now(1_772_700_000.0, 0.0)  # 2026-03-05

    task = wiring.load(root / "program.md", {})
    with closing(task.repo):
        assert wiring.pick_tag(task, Clock()) == "mar5"
        night(root, tag="mar5")
        assert wiring.pick_tag(task, Clock()) == "mar5-2"
        closed = night(root, "Slow", tag="mar5-2", watcher=_StopsAtOnce())
        assert not closed.finished
        assert wiring.pick_tag(task, Clock()) == "mar5-2"


class _StopsAtOnce(Nobody):
    def saw(self, entry: Entry, night: Night) -> None:
        if isinstance(entry.event, RunStarted):
            os.kill(os.getpid(), signal.SIGTERM)
