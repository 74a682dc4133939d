"""What a candidate, a proposer or bad luck may do to a night, and what must not come of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from overnight.errors import OvernightError, RepoError
from overnight.ledger.events import Entry
from overnight.model import Call, Cost, Proposal, Wait
from overnight.night.night import Night
from overnight.night.watcher import Nobody
from overnight.propose.desk import sound
from overnight.propose.proposer import View
from overnight.testing import Scripted
from tests.night.test_kill import HERE, needs_namespaces, private
from tests.nights import PROGRAM, git, toy_repo
from tests.test_wiring import night, problems, rows

SAVES = PROGRAM.replace("metric: loss", "metric: loss\nsave: '**/*.pt'")


class Candidate(Scripted):
    """The text of $CANDIDATE as the only idea."""

    def __init__(self) -> None:
        super().__init__([{"train.py": os.environ["CANDIDATE"]}])


class Offers:
    """What $OFFER names, made by hand."""

    def ask(self, view: View, n: int) -> Iterator[Proposal | Wait]:
        good: dict[str, object] = {
            "files": {"train.py": "x = 1\n"},
            "parent": view.incumbent,
            "origin": "o",
            "hypothesis": "h",
        }
        changes: dict[str, dict[str, object]] = {
            "head": {"parent": "HEAD"},
            "tree": {"parent": f"{view.incumbent}^{{tree}}"},
            "lines": {"parent": f"{view.incumbent}\nHEAD"},
            "bytes": {"files": {"train.py": b"x"}},
            "nan": {"cost": Cost(usd=float("nan"))},
        }
        yield Proposal(**{**good, **changes[os.environ["OFFER"]]})  # type: ignore[arg-type]

    def observe(self, experiment: object) -> None: ...
    def close(self) -> None: ...


class Exits(Offers):
    def ask(self, view: View, n: int) -> Iterator[Proposal | Wait]:
        raise SystemExit(3)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


SLOW = [pytest.param(offer, marks=pytest.mark.slow) for offer in ("tree", "lines", "bytes", "nan")]


@pytest.mark.parametrize("offer", ["head", *SLOW])
def test_a_proposal_that_is_none_is_refused_and_the_night_can_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, offer: str
) -> None:
    root = toy_repo(tmp_path / "toy")
    monkeypatch.setenv("OFFER", offer)
    with pytest.raises(OvernightError):
        night(root, "tests.test_hostile:Offers")
    assert night(root).finished
    assert problems(root) == []


def test_a_proposer_that_exits_does_not_hang_the_night(tmp_path: Path) -> None:
    with pytest.raises(OvernightError, match="SystemExit"):
        night(toy_repo(tmp_path / "toy"), "tests.test_hostile:Exits")


def test_a_proposal_of_too_many_characters_is_refused() -> None:
    with pytest.raises(ValueError, match="more than 10,000,000 characters"):
        sound(Proposal({"train.py": "x" * 10_000_001}, "c", "o", "h"))


@pytest.mark.slow
@pytest.mark.smoke
def test_gc_in_the_middle_of_a_run_loses_no_candidate(tmp_path: Path) -> None:
    root = toy_repo(tmp_path / "toy")

    class Collects(Nobody):
        def saw(self, entry: Entry, night: Night) -> None:
            if entry.event.kind == "run_started":
                git(root, "gc", "-q", "--prune=now")

    night(root, watcher=Collects())
    assert git(root, "fsck", "--strict") == ""
    assert problems(root) == []
    assert len(git(root, "for-each-ref", "refs/overnight").splitlines()) == 1


def test_a_branch_that_is_checked_out_meanwhile_is_left_there(tmp_path: Path) -> None:
    root = toy_repo(tmp_path / "toy")

    class Looks(Nobody):
        def saw(self, entry: Entry, night: Night) -> None:
            if entry.event.key == "1/proposed":
                git(root, "switch", "-q", "autoresearch/t")

    with pytest.raises(RepoError, match="is checked out in"):
        night(root, watcher=Looks())
    assert git(root, "status", "--porcelain") == ""
    git(root, "switch", "-q", "main")
    assert night(root).finished
    assert problems(root) == []


def test_what_a_run_puts_in_the_place_of_its_folder_is_not_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "model.pt").write_text("mine")
    swap = "import os\nhere = os.getcwd()\nos.rename(here, here + 'x')\n"
    swap += f"os.symlink({str(victim)!r}, here)\nprint('loss: 0')\n"
    monkeypatch.setenv("CANDIDATE", swap)
    root = toy_repo(tmp_path / "toy", SAVES)
    night(root, "tests.test_hostile:Candidate")
    assert rows(root)[1].call is Call.KEEP
    assert (victim / "model.pt").read_text() == "mine"


@pytest.mark.slow
def test_a_thousand_levels_of_folders_do_not_end_the_night(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = "import os\nfor _ in range(1200):\n    os.mkdir('d')\n    os.chdir('d')\nprint('loss: 0')\n"
    monkeypatch.setenv("CANDIDATE", deep)
    root = toy_repo(tmp_path / "toy", SAVES)
    assert night(root, "tests.test_hostile:Candidate").finished
    assert rows(root)[1].call is Call.KEEP


ATTACK = """
import os, signal
def parent(pid):
    return int(open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[1])
os.kill(parent(os.getppid()), signal.NAME)
import time
time.sleep(60)
"""


@pytest.mark.kill
@needs_namespaces
@pytest.mark.parametrize("name", ["SIGKILL", "SIGSTOP"])
def test_a_run_that_stops_or_kills_its_watcher_is_a_crash_and_the_night_goes_on(tmp_path: Path, name: str) -> None:
    root = toy_repo(tmp_path / "toy", PROGRAM.replace("kill_after: 10s", "kill_after: 3s"))
    environment = {**os.environ, "CANDIDATE": ATTACK.replace("NAME", name), "PYTHONPATH": f"{HERE}/src:{HERE}"}
    run = ("overnight", "run", "--tag", "t", "--agent", "tests.test_hostile:Candidate", "--sandbox", "1")
    command = private(sys.executable, "-m", *run)  # behind walls it cannot
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    row = rows(root)[1]
    assert (row.call, row.why) == (
        Call.CRASH,
        "nothing was measured, twice: the process that watched the run was killed",
    )


@pytest.mark.slow
def test_a_night_under_nohup_does_not_hear_the_terminal_close(tmp_path: Path) -> None:
    class HangsUp(Nobody):
        def saw(self, entry: Entry, night: Night) -> None:
            if entry.event.key == "1/proposed":
                signal.raise_signal(signal.SIGHUP)

    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert night(toy_repo(tmp_path / "toy"), watcher=HangsUp()).finished
    finally:
        signal.signal(signal.SIGHUP, before)
