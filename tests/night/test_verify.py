"""verify finds what was changed afterwards, wherever it was changed."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from overnight.ledger.ledger import chained
from overnight.model import Standing, Worth
from overnight.night.verify import same
from tests.nights import git, toy_repo
from tests.test_wiring import night, problems


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = toy_repo(tmp_path_factory.mktemp("honest") / "toy")
    night(root)
    return root


@pytest.fixture
def root(tmp_path: Path, honest: Path) -> Path:
    """A copy that may be tampered with."""
    return shutil.copytree(honest, tmp_path / "toy", symlinks=True)


def forge(root: Path, key: str, old: str, new: str) -> None:
    """Rewrites one event and, as a careful forger would, the whole chain after it."""
    with sqlite3.connect(root / ".git/overnight/t/ledger.db") as db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        (body,) = db.execute("SELECT body FROM event WHERE key = ?", (key,)).fetchone()
        assert old in body
        db.execute("UPDATE event SET body = ? WHERE key = ?", (body.replace(old, new), key))
        prev = ""
        for seq, name, kind, at, elapsed, text in db.execute(
            "SELECT seq, key, kind, at, elapsed, body FROM event ORDER BY seq"
        ).fetchall():
            prev = chained(prev, name, kind, at, elapsed, text)
            db.execute("UPDATE event SET hash = ? WHERE seq = ?", (prev, seq))
    db.close()


def test_an_honest_night_has_no_problem(root: Path) -> None:
    assert problems(root) == []


def test_a_forged_score_does_not_give_the_recorded_decision(root: Path) -> None:
    forge(root, "run/1-screen-0/done", '"value":1.68', '"value":1.0')
    assert any("experiment 1: the ledger says" in problem for problem in problems(root))


def test_a_forged_decision_is_not_what_the_scores_give(root: Path) -> None:
    forge(root, "1/judged", "better: 1.680000", "better: 1.000000")
    found = problems(root)
    assert any("judged again" in problem for problem in found)
    assert any("its record in git is not what the ledger holds" in problem for problem in found)


def test_a_seed_that_was_chosen_is_found(root: Path) -> None:
    with sqlite3.connect(root / ".git/overnight/t/ledger.db") as db:
        (body,) = db.execute("SELECT body FROM event WHERE key = 'run/1-screen-0/started/1'").fetchone()
    db.close()
    seed = json.loads(body)["run"]["seed"]
    forge(root, "run/1-screen-0/started/1", f'"seed":{seed}', '"seed":42')
    assert "run 1-screen-0: its seed does not come from the night's secret" in problems(root)


def test_a_secret_that_was_swapped_is_found(root: Path) -> None:
    with sqlite3.connect(root / ".git/overnight/t/ledger.db") as db:
        (body,) = db.execute("SELECT body FROM event WHERE key = 'closed/1'").fetchone()
    db.close()
    forge(root, "closed/1", json.loads(body)["secret"], "0" * 32)
    assert "the secret that was revealed is not the one the night was opened with" in problems(root)


def test_a_branch_that_was_moved_is_found(root: Path) -> None:
    git(root, "update-ref", "refs/heads/autoresearch/t", "main")
    assert any("refs/heads/autoresearch/t is at" in problem for problem in problems(root))


def test_a_log_that_is_gone_is_found(root: Path) -> None:
    ref = git(root, "for-each-ref", "--format=%(refname)", "refs/overnight")
    git(root, "update-ref", "-d", ref)
    assert any("is gone" in problem for problem in problems(root))


def test_a_log_that_was_cut_is_found(root: Path) -> None:
    ref = git(root, "for-each-ref", "--format=%(refname)", "refs/overnight")
    git(root, "update-ref", ref, f"{ref}~1")
    assert any("holds 2 entries, not the 3 of the ledger" in problem for problem in problems(root))


def test_a_keep_that_was_weighed_before_there_were_intervals_is_as_it_was() -> None:
    now = Worth(1, 0.5, 0.02, 3, Standing.PROVEN, 0.2, 0.8)
    then = Worth(1, 0.5, 0.02, 3, Standing.PROVEN)
    assert same((then,), (now,))
    assert not same((Worth(1, 0.4, 0.02, 3, Standing.PROVEN),), (now,))


def test_an_interval_that_was_changed_is_not_what_the_scores_give() -> None:
    now = Worth(1, 0.5, 0.02, 3, Standing.PROVEN, 0.2, 0.8)
    assert not same(Worth(1, 0.5, 0.02, 3, Standing.PROVEN, 0.3, 0.8), now)
    assert not same(now, Worth(1, 0.5, 0.02, 3, Standing.PROVEN))
