"""A whole night under the default policy, as a person sees it: noise, keeps, dawn, the claim, and asking again."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from overnight import wiring
from overnight.ledger import views
from overnight.ledger.ledger import Reader
from overnight.model import Call, Phase, Split, Standing
from overnight.testing import Scripted
from tests.cli.conftest import typed
from tests.nights import noisy_repo, replacing
from tests.test_wiring import problems

pytestmark = pytest.mark.slow

LINES = (
    replacing("WIDTH = 4 ", "WIDTH = 16 "),  # worth 6 %
    replacing("RATE = 0.1 ", "RATE = 0.9 "),  # harm
    replacing("RATE = 0.1 ", "RATE = 0.3 "),  # worth 1 %
    replacing("rng = ", "rng  = "),  # nothing
)


class Ideas(Scripted):
    def __init__(self) -> None:
        super().__init__(LINES)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Read-only by agreement."""
    return a_night(tmp_path_factory.mktemp("believed"))


def a_night(folder: Path) -> Path:
    root = noisy_repo(folder / "toy")
    done = typed(root, "run", "--agent", "tests.test_believed:Ideas", "--tag", "t", "--seed", "5", "--json")
    assert done.exit_code == 0, done.output
    return root


def summary(root: Path) -> views.Summary:
    with Reader.open(root / ".git/overnight/t") as reader:
        return views.summary(reader, held=False)


def test_what_helps_is_kept_and_proven(root: Path) -> None:
    found = {worth.experiment: worth.standing for worth in summary(root).worths}
    assert found == {1: Standing.PROVEN, 3: Standing.PROVEN}


def test_the_claim_is_made_on_the_sealed_set(root: Path) -> None:
    night = summary(root)
    assert night.claim is not None
    assert (night.claim.split, night.claimed) == (Split.SEALED, night.tip)
    assert night.claim.low < 0.14 < night.claim.high  # 0.12 and 0.02, as the script says


def test_the_night_says_what_it_can_see(root: Path) -> None:
    why = typed(root, "show", "0").output
    assert "noise 0.1" in why or "noise 0.2" in why
    assert "in one run" in why


def test_the_report_calls_the_claim_the_gain_and_nothing_else(root: Path) -> None:
    text = typed(root, "report").output
    assert text.count("Gain ") == 1
    assert "on the sealed set, read for this once" in text
    assert "is proven (2 of them)" in text
    assert "a gain" not in text.replace("a gain of", "")  # what it says of the noise


def test_status_has_both_lines(root: Path) -> None:
    text = typed(root, "status").output
    assert "are believed to bring" in text
    assert "of it is proven" in text


def test_every_decision_is_the_same_when_it_is_made_again(root: Path) -> None:
    assert problems(root) == []


def test_a_claim_that_is_there_is_only_shown(root: Path) -> None:
    before = summary(root).runs
    assert "on the sealed set" in typed(root, "claim").output
    assert summary(root).runs == before


@pytest.mark.slow
def test_keeps_are_measured_again_for_whoever_doubts_them(root: Path) -> None:
    task = wiring.load(root / "program.md", {})
    again = list(wiring.measure_again(task, "t", 2, random.Random(1)))
    assert [each.experiment for each in again] == [1, 3]
    assert all(each.holds for each in again)


@pytest.mark.slow
def test_the_command_draws_its_own_and_says_what_it_found(root: Path) -> None:
    done = typed(root, "verify", "--rerun", "1", "--json")
    (again,) = json.loads(done.stdout)["again"]
    assert again["experiment"] in (1, 3)
    assert again["now"] is not None
    assert done.exit_code == (0 if again["holds"] else 1)


@pytest.mark.slow
def test_the_worth_of_each_keep_is_asked_on_demand(tmp_path: Path) -> None:
    root = a_night(tmp_path)
    done = typed(root, "ablate", "--json")
    assert done.exit_code == 0, done.output
    examined = [row for row in rows_of(root) if row.removes is not None]
    assert {row.removes for row in examined} == {1, 3}
    assert all(row.call is Call.DISCARD for row in examined)
    assert problems(root) == []


def rows_of(root: Path) -> list[views.Row]:
    with Reader.open(root / ".git/overnight/t") as reader:
        return list(views.rows(reader))


@pytest.mark.slow
def test_a_night_that_is_killed_in_its_claim_makes_the_same_claim(tmp_path: Path, root: Path) -> None:
    killed = noisy_repo(tmp_path / "toy")
    code = "import sys; from tests.test_believed import die_in_the_claim; die_in_the_claim(sys.argv[1])"
    done = subprocess.run([sys.executable, "-c", code, str(killed)], cwd=Path(__file__).parents[1], check=False)
    assert done.returncode == -signal.SIGKILL
    assert summary(killed).phase is Phase.CLAIM
    again = typed(killed, "run", "--agent", "tests.test_believed:Ideas", "--tag", "t", "--seed", "5", "--json")
    assert again.exit_code == 0, again.output
    assert summary(killed).claim == summary(root).claim
    assert problems(killed) == []


def die_in_the_claim(root: str) -> None:
    """In a process of its own: SIGKILL at the third run of the claim."""
    from overnight.ledger.events import Entry, RunStarted
    from overnight.model import Purpose
    from overnight.night.night import Night
    from overnight.night.watcher import Nobody

    class Executioner(Nobody):
        left = 3

        def saw(self, entry: Entry, night: Night) -> None:
            if isinstance(entry.event, RunStarted) and entry.event.run.purpose is Purpose.CLAIM:
                self.left -= 1
                if not self.left:
                    os.kill(os.getpid(), signal.SIGKILL)

    task = wiring.load(Path(root) / "program.md", {"agent": "tests.test_believed:Ideas", "seed": "5"})
    with closing(task.repo):
        wiring.work(task, "t", Executioner())
