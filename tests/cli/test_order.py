from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from overnight.ledger.ledger import Ledger
from tests.cli.conftest import AGENT, typed
from tests.nights import TRAIN, git, toy_repo


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = toy_repo(tmp_path_factory.mktemp("once") / "toy")
    done = typed(root, "run", "--agent", AGENT, "--experiments", "1", "--tag", "mar5", "--seed", "7", "--json")
    assert done.exit_code == 0, done.output
    return root


@pytest.fixture
def finished(once: Path, tmp_path: Path) -> Path:
    """A copy that may be changed."""
    return shutil.copytree(once, tmp_path / "toy", symlinks=True)


def folder_of(root: Path) -> Path:
    return root / ".git" / "overnight" / "mar5"


def test_a_sound_night_is_verified(night: Path) -> None:
    done = typed(night, "verify")
    assert done.exit_code == 0, done.output
    assert "in an unbroken chain" in done.output


def test_verify_ends_with_1_where_the_branch_is_not_what_the_ledger_says(finished: Path) -> None:
    git(finished, "update-ref", "refs/heads/autoresearch/mar5", "HEAD")
    done = typed(finished, "verify", "--json")
    assert done.exit_code == 1
    assert "refs/heads/autoresearch/mar5" in json.loads(done.output)["problems"][0]


def test_stop_says_so_where_nothing_runs(finished: Path) -> None:
    done = typed(finished, "stop")
    assert (done.exit_code, done.output) == (0, "No night runs here.\n")


@pytest.mark.slow
def test_stop_ends_a_running_night_and_says_that_it_was_heard(tmp_path: Path) -> None:
    root = toy_repo(tmp_path / "toy", train="import time\ntime.sleep(1.5)\n" + TRAIN)
    command = [sys.executable, "-m", "overnight", "run", "--agent", AGENT, "--tag", "mar5"]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, cwd=root, env=env, stdout=subprocess.PIPE, text=True) as running:
        while running.poll() is None and not (folder_of(root) / "runs").exists():
            time.sleep(0.05)
        done = typed(root, "stop", "--now")
        said = running.communicate()[0]
    assert "Night mar5 has heard it" in done.output
    assert "stopped by" in said
    assert json.loads(typed(root, "status", "--json").output)["state"] == "stopped"


def test_clean_lists_and_asks_first(finished: Path) -> None:
    done = typed(finished, "clean", stdin="n\n")
    assert done.exit_code == 1
    assert "mar5   finished" in done.output
    assert (folder_of(finished) / "runs").is_dir()


def test_clean_removes_logs_and_nothing_else(finished: Path) -> None:
    done = typed(finished, "clean", "--yes")
    assert done.exit_code == 0
    assert "Removed " in done.output
    assert not (folder_of(finished) / "runs").exists()
    assert typed(finished, "verify").exit_code == 0
    assert "no logs" in typed(finished, "clean").output


def test_cleans_json_removes_nothing(finished: Path) -> None:
    found = json.loads(typed(finished, "clean", "--json", "--yes").output)
    assert [(stored["night"], stored["state"]) for stored in found] == [("mar5", "finished")]
    assert (folder_of(finished) / "runs").is_dir()


def test_a_whole_night_goes_only_by_name_and_its_branch_stays(finished: Path) -> None:
    done = typed(finished, "clean", "--all", "mar5", "--yes")
    assert done.exit_code == 0, done.output
    assert not folder_of(finished).exists()
    assert git(finished, "branch", "--list", "autoresearch/mar5")


def test_refs_go_only_when_that_is_said_too(finished: Path) -> None:
    assert typed(finished, "clean", "--all", "mar5", "--refs", "--yes").exit_code == 0
    assert git(finished, "for-each-ref", "refs/overnight", "refs/heads/autoresearch") == ""
    assert typed(finished, "clean", "--refs").exit_code == 2


def test_a_branch_that_is_checked_out_keeps_its_night(finished: Path) -> None:
    git(finished, "switch", "-q", "autoresearch/mar5")
    assert typed(finished, "clean", "--all", "mar5", "--refs", "--yes").exit_code == 1
    assert folder_of(finished).is_dir()


def test_a_night_that_runs_is_not_removed(finished: Path) -> None:
    with Ledger.create_or_open(folder_of(finished), holder="overnight run"):
        assert typed(finished, "clean", "--all", "mar5", "--yes").exit_code == 3
        assert "no logs of finished nights" in typed(finished, "clean", "--yes").output
    assert (folder_of(finished) / "runs").is_dir()


def test_a_damaged_night_is_listed_and_can_go(finished: Path) -> None:
    (folder_of(finished) / "ledger.db").write_bytes(b"not a database" * 100)
    assert "damaged" in typed(finished, "clean").output
    assert typed(finished, "clean", "--all", "mar5", "--yes").exit_code == 0


def test_doctor_says_what_it_sees_and_ends_with_0_where_nothing_is_broken(finished: Path) -> None:
    done = typed(finished, "doctor", "--json")
    assert done.exit_code == 0, done.output
    found = {finding["what"]: finding for finding in json.loads(done.output)}
    assert found["git"]["state"] == found["python"]["state"] == "ok"
    assert "0 of 1 nights running" in found["here"]["seen"]


def test_doctor_works_outside_a_repository(tmp_path: Path) -> None:
    done = typed(tmp_path, "doctor")
    assert done.exit_code == 0, done.output
    assert "is not in a git repository" in done.output
