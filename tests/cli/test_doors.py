"""ask, tell and skill, as they are typed: also from several processes, and beside a night that runs."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from overnight.doors.skill import PLACES, skill_text
from overnight.errors import LedgerError
from overnight.ledger.events import RunDone
from overnight.ledger.ledger import Reader
from overnight.model import Wait
from overnight.testing import Scripted
from tests.cli.conftest import typed
from tests.doors.by_hand import widen
from tests.night.test_kill import environment, needs_namespaces, private
from tests.nights import PROGRAM, TRAIN, git, toy_repo

PATIENCE_SECONDS = 120.0
TREE = Path(__file__).parents[2]


class Waiting(Scripted):
    """Has nothing to say for a thousand years."""

    def __init__(self) -> None:
        super().__init__([Wait(4e10, "a test wants it")])


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return toy_repo(tmp_path / "toy")


def answer(folder: Path, *words: str) -> Any:
    done = typed(folder, *words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def started(folder: Path, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "overnight", "-C", str(folder), *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def until(found: Callable[[], Any]) -> Any:
    end = time.monotonic() + PATIENCE_SECONDS
    while not (value := found()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return value


def runs(root: Path, tag: str) -> list[str]:
    with Reader.open(root / ".git/overnight" / tag) as reader:
        return [entry.event.run.id for entry in reader.since() if isinstance(entry.event, RunDone)]


@pytest.mark.slow
def test_ask_edit_tell(root: Path) -> None:
    given = answer(root, "ask", "--by", "claude")
    assert (given["ask"], given["edit"], given["goal"]) == (1, ["train.py"], "minimize")
    assert given["tell"] == f"overnight -C {root} tell 1 --tag {given['night']}"
    assert "Make the loss smaller." in given["brief"]
    widen(Path(given["workspace"]))
    done = typed(root, "tell", "1", "--says", "wider")
    assert done.exit_code == 0, done.output
    assert "#1 (ask 1) keep  loss 1.680000  better than the branch was" in done.output
    assert "wider" in typed(root, "log").output
    assert typed(root, "verify").exit_code == 0
    assert answer(root, "tell", "1")["kept"]


def test_tell_without_a_number_lists_the_workspaces(root: Path) -> None:
    given = answer(root, "ask")
    assert typed(root, "tell").output.split() == ["1", "open", given["workspace"]]
    assert answer(root, "tell")[0]["state"] == "open"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["tell", "1"], "nobody has asked for a workspace here yet"),
        (["tell", "1", "--metric", "nan"], "nobody has asked"),
        (["tell", "-1"], "-1"),
    ],
)
def test_what_is_wrong_with_a_tell_is_said(root: Path, words: list[str], said: str) -> None:
    done = typed(root, *words)
    assert done.exit_code == 2
    assert said in done.output


@pytest.mark.slow
def test_two_who_tell_at_once_both_get_their_answer(root: Path) -> None:
    asks = [answer(root, "ask") for _ in range(2)]
    for each, width in zip(asks, (8, 7), strict=True):
        widen(Path(each["workspace"]), width)
    both = [started(root, "tell", str(each["ask"]), "--json") for each in asks]
    told = [process.communicate(timeout=PATIENCE_SECONDS) for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    assert [json.loads(out)["state"] for out, _ in told] == ["judged", "judged"]
    assert len(set(runs(root, asks[0]["night"]))) == len(runs(root, asks[0]["night"]))
    assert typed(root, "verify").exit_code == 0


@pytest.mark.slow
def test_two_who_tell_the_same_have_one_experiment(root: Path) -> None:
    given = answer(root, "ask")
    widen(Path(given["workspace"]))
    both = [started(root, "tell", "1", "--json") for _ in range(2)]
    told = [json.loads(process.communicate(timeout=PATIENCE_SECONDS)[0]) for process in both]
    assert told[0] == told[1]
    assert answer(root, "status")["experiments"] == 1


@pytest.mark.slow
def test_who_does_not_wait_is_answered_later(root: Path) -> None:
    given = answer(root, "ask")
    widen(Path(given["workspace"]))
    assert answer(root, "tell", "1", "--no-wait")["state"] in ("told", "measuring")
    assert answer(root, "tell", "1", "--wait", str(PATIENCE_SECONDS))["call"] == "keep"


@pytest.fixture
def running(root: Path) -> Iterator[subprocess.Popen[str]]:
    night = started(root, "run", "--agent", "tests.cli.test_doors:Waiting", "--tag", "mar5")
    try:
        until(lambda: _has_a_baseline(root))
        yield night
    finally:
        night.terminate()
        night.communicate(timeout=PATIENCE_SECONDS)


def _has_a_baseline(root: Path) -> bool:
    with suppress(LedgerError), Reader.open(root / ".git/overnight/mar5") as reader:  # it may be half made
        return reader.find("0/recorded") is not None
    return False


@pytest.mark.slow
def test_a_night_that_runs_takes_what_is_told_and_goes_on(root: Path, running: subprocess.Popen[str]) -> None:
    given = answer(root, "ask")
    assert given["night"] == "mar5"
    widen(Path(given["workspace"]))
    assert answer(root, "tell", "1")["call"] == "keep"
    assert running.poll() is None
    assert answer(root, "status")["state"] == "running"


@pytest.mark.slow
def test_a_keep_that_waits_for_a_person_says_so(tmp_path: Path) -> None:
    root = toy_repo(tmp_path / "toy", PROGRAM.replace("policy: greedy\n", "policy: greedy\napprove: keeps\n"))
    given = answer(root, "ask")
    widen(Path(given["workspace"]))
    done = typed(root, "tell", "1")
    assert "would be kept, and waits for you: overnight approve 1" in done.output
    assert typed(root, "approve", "1").exit_code == 0
    assert answer(root, "tell", "1")["kept"]


@pytest.mark.slow
def test_clean_knows_the_workspaces(root: Path, tmp_path: Path) -> None:
    given = answer(root, "ask")
    assert Path(given["workspace"]).is_dir()
    assert typed(root, "clean", "--all", given["night"], "--refs", "--yes").exit_code == 0
    assert not Path(given["workspace"]).exists()


# ---- killed


KILLED = [
    *(("ledger.asked.inserted", 1), ("ledger.asked.committed", 1), ("ledger.told.before", 1)),
    *(("ledger.told.committed", 1), ("do.Write", 1), ("ledger.proposed.committed", 2), ("ledger.session.committed", 2)),
    *(("ledger.run_started.committed", 2), ("ledger.run_done.before", 2), ("ledger.judged.committed", 2)),
    *(("ledger.recorded.before", 2), ("ledger.closed.before", 1), ("ledger.closed.before", 2), ("do.Close", 1)),
]


@pytest.mark.kill
@needs_namespaces
@pytest.mark.parametrize(
    ("step", "count"),
    KILLED,
    ids=lambda value: str(value),
)
def test_a_tell_that_is_killed_is_told_again_and_counts_once(step: str, count: int, tmp_path: Path) -> None:
    root = toy_repo(tmp_path / "toy", train=TRAIN)
    script = f"python -m tests.doors.by_hand {root} {step} {count}; echo $?; python -m tests.doors.by_hand {root}"
    command = private("sh", "-c", script.replace("python", sys.executable))
    env = environment(tmp_path)
    done = subprocess.run(command, cwd=TREE, env=env, capture_output=True, text=True, check=False, timeout=200)
    assert done.stdout.splitlines() == ["137", '["keep", 1.68]'], done.stderr
    assert sorted(runs(root, "t")) == ["0-baseline-0", "1-screen-0"]
    assert git(root, "rev-list", "--count", "HEAD..autoresearch/t") == "1"
    assert typed(root, "verify").exit_code == 0


# ---- what agents read


def front(text: str) -> dict[str, str]:
    found = yaml.safe_load(text.split("---")[1])
    assert isinstance(found, dict)
    return found


def test_the_skill_is_one_that_clients_take() -> None:
    found = front(skill_text())
    assert list(found) == ["name", "description"]
    assert {Path(place).parent.name for place in PLACES} == {found["name"]}
    assert re.fullmatch(r"[a-z0-9-]{1,64}", found["name"])
    assert len(found["description"]) <= 1024
    assert len(skill_text().splitlines()) < 100


def test_the_skill_is_written_where_clients_look_and_never_over_somebody_elses(root: Path) -> None:
    assert typed(root, "skill").exit_code == 0
    paths = [root / place for place in PLACES]
    assert {path.read_text() for path in paths} == {skill_text()}
    assert "is up to date" in typed(root, "skill").output
    paths[0].write_text("mine")
    done = typed(root, "skill")
    assert (done.exit_code, "--force" in done.output, paths[0].read_text()) == (2, True, "mine")
    assert typed(root, "skill", "--force").exit_code == 0
    assert paths[0].read_text() == skill_text()


def test_the_skill_can_be_for_all_projects_or_only_printed(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert typed(root, "skill", "--print").output == skill_text()
    assert not (tmp_path / "home").exists()
    assert typed(root, "skill", "--user").exit_code == 0
    assert (tmp_path / "home" / PLACES[0]).read_text() == skill_text()
    assert git(root, "status", "--porcelain") == ""


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("sh"), reason="needs a shell")
def test_an_agent_that_follows_the_skill_to_the_letter_gets_a_keep(root: Path, tmp_path: Path) -> None:
    ask, tell = (block.strip() for block in re.findall(r"```sh\n(.*?)```", skill_text(), re.DOTALL))
    script = f"""
        set -e
        given=$({ask.replace("NAME", "script")})
        field() {{ "{sys.executable}" -c "import json, sys; print(json.loads(sys.argv[1])['$1'])" "$given"; }}
        cd_free=$(field workspace)
        sed 's/WIDTH = 4 /WIDTH = 8 /' "$cd_free/train.py" > "$cd_free/new" && mv "$cd_free/new" "$cd_free/train.py"
        {tell.replace("ASK", '"$(field ask)"').replace("HYPOTHESIS", "a wider one")}
    """
    shim = tmp_path / "bin/overnight"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m overnight "$@"\n')
    shim.chmod(0o755)
    env = {**os.environ, "PATH": f"{shim.parent}:{os.environ['PATH']}"}
    done = subprocess.run(["sh", "-c", script], cwd=root, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["state"], found["call"], found["best"]) == ("judged", "keep", 1.68)
    assert "script" in typed(root, "show", "1").output
