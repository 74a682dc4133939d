"""say, idea, pause, resume, approve: to a night that does not run, and to one that does."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from overnight.ledger.ledger import Reader
from overnight.night.steering import steering_of
from tests.cli.conftest import AGENT, typed
from tests.night.coordinator import Script
from tests.nights import PROGRAM, TRAIN, git, toy_repo

ASKING = PROGRAM.replace("policy: greedy\n", "policy: greedy\napprove: keeps\n") + "\n# Ideas\n\n- a wider one\n"


class Thinker(Script):
    """Reads briefs, and so is given ideas."""

    thinks = True


THINKER = "tests.cli.test_steer:Thinker"


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished night of which two keeps wait for a person."""
    root = toy_repo(tmp_path_factory.mktemp("once") / "toy", ASKING)
    done = typed(root, "run", "--agent", THINKER, "--tag", "mar5", "--seed", "7")
    assert done.exit_code == 0, done.output
    return root


@pytest.fixture
def finished(once: Path, tmp_path: Path) -> Path:
    """A copy that may be changed."""
    return shutil.copytree(once, tmp_path / "toy", symlinks=True)


def folder_of(root: Path) -> Path:
    return root / ".git" / "overnight" / "mar5"


def waiting(root: Path) -> list[int]:
    return [each["experiment"] for each in json.loads(typed(root, "approve", "--json").output)]


def test_a_word_to_a_night_that_does_not_run_is_written_down(finished: Path) -> None:
    done = typed(finished, "say", "leave", "the width", "alone")
    assert done.exit_code == 0, done.output
    assert "overnight run --tag mar5" in done.output
    with Reader.open(folder_of(finished)) as reader:
        assert steering_of(reader).said == ["leave the width alone"]
    assert typed(finished, "verify").exit_code == 0


@pytest.mark.parametrize("word", ["", "\x07", "x" * 1001])
def test_no_words_and_too_many_are_refused(finished: Path, word: str) -> None:
    assert typed(finished, "say", word).exit_code == 2


def test_say_needs_a_night(tmp_path: Path) -> None:
    done = typed(toy_repo(tmp_path / "toy"), "say", "hello")
    assert done.exit_code == 2
    assert "there is no night here yet" in done.output


def test_an_idea_waits_with_those_of_program_md(finished: Path) -> None:
    typed(finished, "idea", "a deeper one")
    found = json.loads(typed(finished, "idea", "--json").output)
    assert [(each["number"], each["text"]) for each in found] == [(1, "a wider one"), (2, "a deeper one")]
    assert found[0]["experiments"] == [1]
    assert found[1]["came_of_it"] == "not tried yet"
    assert "a deeper one" in typed(finished, "idea").output


def test_the_report_answers_ideas_and_asks_for_approval_first(finished: Path) -> None:
    typed(finished, "idea", "a deeper one")
    text = typed(finished, "report").output
    assert text.index("overnight approve 1") < text.index("Asked")
    assert "a deeper one" in text
    assert "not tried yet" in text
    page = typed(finished, "report", "--markdown").output
    assert page.index("## Waits for you") < page.index("## Ideas from people")


def test_status_says_what_waits(finished: Path) -> None:
    assert "2 keeps to approve: #1, #5; overnight approve" in typed(finished, "status").output
    assert [each["experiment"] for each in json.loads(typed(finished, "status", "--json").output)["waiting"]] == [1, 5]


def test_what_nobody_approved_has_not_landed(finished: Path) -> None:
    assert waiting(finished) == [1, 5]
    assert git(finished, "rev-parse", "autoresearch/mar5") == git(finished, "rev-parse", "HEAD")


def test_what_is_approved_lands_when_the_night_goes_on(finished: Path) -> None:
    done = typed(finished, "approve", "1", "--why", "good")
    assert "#1 lands when the night goes on" in done.output
    assert waiting(finished) == [5]
    assert typed(finished, "run", "--tag", "mar5", "--agent", THINKER).exit_code == 0
    assert "Overnight-Approved-by" in git(finished, "log", "-1", "--format=%B", "autoresearch/mar5")
    assert waiting(finished) == [5]
    assert typed(finished, "verify").exit_code == 0


def test_what_was_approved_after_another_is_measured_again_on_top_of_it(finished: Path) -> None:
    typed(finished, "approve", "1")
    typed(finished, "approve", "5")
    assert typed(finished, "run", "--tag", "mar5", "--agent", THINKER).exit_code == 0
    with Reader.open(folder_of(finished)) as reader:
        assert [entry.event.kind for entry in reader.of(5)].count("rebased") == 1
        assert list(reader.query("SELECT call FROM experiment WHERE number = 5")) == [("keep",)]
    assert git(finished, "rev-list", "--count", "HEAD..autoresearch/mar5") == "2"


def test_what_is_not_wanted_is_discarded(finished: Path) -> None:
    typed(finished, "approve", "5", "--no", "--why", "hard to read")
    assert typed(finished, "run", "--tag", "mar5", "--agent", THINKER).exit_code == 0
    shown = typed(finished, "show", "5").output
    assert "discard" in shown
    assert "does not want it: hard to read" in shown
    assert waiting(finished) == [1]
    assert typed(finished, "verify").exit_code == 0


@pytest.mark.parametrize("number", ["2", "99"])
def test_only_what_waits_can_be_approved(finished: Path, number: str) -> None:
    done = typed(finished, "approve", number)
    assert done.exit_code == 2
    assert "waits for no answer" in done.output


def test_an_answer_is_given_once(finished: Path) -> None:
    assert typed(finished, "approve", "1").exit_code == 0
    assert typed(finished, "approve", "1", "--no").exit_code == 2


def test_pause_needs_a_night_that_runs(finished: Path) -> None:
    assert typed(finished, "pause").output == "No night runs here.\n"


def test_resume_says_how_a_night_that_does_not_run_goes_on(finished: Path) -> None:
    assert "overnight run --tag mar5" in typed(finished, "resume").output


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[Path, subprocess.Popen[str]]]:
    """A night whose runs take a while, in a process of its own."""
    root = toy_repo(tmp_path / "toy", train="import time\ntime.sleep(0.4)\n" + TRAIN)
    command = [sys.executable, "-m", "overnight", "run", "--agent", AGENT, "--tag", "mar5"]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    with subprocess.Popen(command, cwd=root, env=env, stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None and not (folder_of(root) / "runs").exists():
            time.sleep(0.05)
        yield root, process
        process.terminate()


@pytest.mark.slow
def test_a_night_is_paused_told_something_and_goes_on(running: tuple[Path, subprocess.Popen[str]]) -> None:
    root, process = running
    assert "has heard it" in typed(root, "pause", "--why", "lunch").output
    assert "has heard it" in typed(root, "say", "hello").output
    assert "paused by" in typed(root, "status").output
    assert json.loads(typed(root, "status", "--json").output)["paused"]["why"] == "lunch"
    assert "has heard it" in typed(root, "resume").output
    said = process.communicate()[0]
    assert process.returncode == 0
    assert "paused by" in said
    with Reader.open(folder_of(root)) as reader:
        seqs = dict(reader.query("SELECT kind, seq FROM event WHERE kind LIKE '%paused'"))
        between = reader.query(
            "SELECT count(*) FROM event WHERE kind = 'run_started' AND seq > ? AND seq < ?",
            seqs["paused"],
            seqs["unpaused"],
        )
        assert list(between) == [(0,)]
        assert steering_of(reader).said == ["hello"]
        assert list(reader.query("SELECT value FROM tally WHERE name = 'experiments'")) == [(4,)]


@pytest.mark.slow
def test_a_paused_night_can_be_stopped(running: tuple[Path, subprocess.Popen[str]]) -> None:
    root, process = running
    typed(root, "pause")
    assert "has heard it" in typed(root, "stop").output
    process.communicate()
    assert json.loads(typed(root, "status", "--json").output)["state"] == "stopped"
    assert "is not paused" in typed(root, "resume").output


@pytest.mark.slow
def test_an_edit_of_program_md_holds_while_the_night_works(running: tuple[Path, subprocess.Popen[str]]) -> None:
    root, process = running
    typed(root, "pause")
    program = root / "program.md"
    program.write_text(program.read_text().replace("experiments: 5", "experiments: 1") + "\n# Ideas\n\n- a wider one\n")
    with Reader.open(folder_of(root)) as reader:
        while process.poll() is None and reader.last("reread") is None:
            time.sleep(0.05)
        typed(root, "resume")
        process.communicate()
        closed = reader.last("closed")
    assert closed is not None
    assert "of 1 experiments" in closed.body
    assert "stop.experiments 1, was 5" in typed(root, "report", "--markdown").output
    assert typed(root, "verify").exit_code == 0
