"""Any program proposes what it has made of the editable files; what ails it is told apart, and never raised."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import pytest

from overnight.errors import UsageError
from overnight.measure.sandbox.choose import examine
from overnight.model import Level, Proposal, Wait
from overnight.propose.command import CommandAgent
from overnight.propose.proposer import View
from tests.nights import TRAIN
from tests.propose.command.desk import asked, proposed, seated, trouble

Seated: TypeAlias = tuple[Path, CommandAgent, View]
EDIT = "sed -i 's/WIDTH = 4/WIDTH = 8/' train.py"
EDITED = TRAIN.replace("WIDTH = 4", "WIDTH = 8")


@pytest.fixture(scope="module")
def always(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seated]:
    """One agent that is asked again and again, and its program."""
    folder = tmp_path_factory.mktemp("always")
    with seated(folder, "command {script}") as (agent, view):
        yield folder / "agent.sh", agent, view


@pytest.mark.smoke
def test_what_it_made_of_the_editable_files_is_the_proposal(tmp_path: Path) -> None:
    proposal = proposed(tmp_path, f"{EDIT}; echo 'Hypothesis: wider is better'")
    assert proposal.files == {"train.py": EDITED}
    assert (proposal.origin, proposal.hypothesis) == ("command", "wider is better")
    assert proposal.notes == {}
    assert proposal.cost.seconds > 0
    assert proposal.cost.tokens is None


@pytest.mark.parametrize("level", [Level.NAMESPACE, Level.LANDLOCK])
def test_it_works_behind_walls(tmp_path: Path, level: Level) -> None:
    if not examine(level).holds:
        pytest.skip(f"level {level} does not hold here")
    (tmp_path / "secret").write_text("a key")
    script = f"cat {tmp_path}/secret && exit 3; echo > {tmp_path}/escaped; {EDIT}"
    assert proposed(tmp_path, script, sandbox=str(level)).files == {"train.py": EDITED}
    assert not (tmp_path / "escaped").exists()


def test_it_is_told_in_a_file(tmp_path: Path) -> None:
    script = 'grep -q "Make the loss smaller" "$1" && ' + EDIT
    assert proposed(tmp_path, script, line="command {script} {prompt_file}").files


def test_a_hypothesis_that_is_not_said_is_read_off_the_change(tmp_path: Path) -> None:
    assert proposed(tmp_path, EDIT).hypothesis == "train.py: WIDTH = 4  # 1..64 → WIDTH = 8  # 1..64"


def test_its_exit_code_does_not_matter_where_there_is_a_change(tmp_path: Path) -> None:
    proposal = proposed(tmp_path, f"{EDIT}; exit 9")
    assert proposal.files
    assert proposal.notes["ended"].startswith("crashed")


def test_its_commits_count_for_nothing_and_are_told(tmp_path: Path) -> None:
    git = "git -c user.name=a -c user.email=a@b"
    proposal = proposed(tmp_path, f"{EDIT}; {git} commit -qam mine; {EDIT.replace('8', '9').replace('= 4', '= 8')}")
    assert proposal.files == {"train.py": TRAIN.replace("WIDTH = 4", "WIDTH = 9")}
    assert "commits" in proposal.notes


def test_a_file_beside_is_left_out_and_told(tmp_path: Path) -> None:
    proposal = proposed(tmp_path, f"{EDIT}; echo > notes.txt; mkdir .cache __pycache__; echo > .cache/x")
    assert list(proposal.files) == ["train.py"]
    assert proposal.notes["left out"] == "notes.txt"


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("echo nothing to do", "no-edit"),
        (f"{EDIT}; echo 2 > other.py", "outside"),
        ("rm other.py", "outside"),
        ("echo > new.py", "outside"),
        ("rm train.py; ln -s /etc/passwd train.py", "bad-reply"),
        ("head -c 5000000 /dev/zero | tr '\\0' x > train.py", "bad-reply"),
        ("printf 'import os\\n# ... rest of the file unchanged ...\\n' > train.py", "bad-reply"),
        ("echo 'litellm.AuthenticationError: OpenAIException - invalid key'; echo 'Bye.'", "login"),
        ("echo 'I fixed the error of rate 429: nothing to do'", "no-edit"),
        ("echo 'Error: 401 Unauthorized'; exit 1", "login"),
        ("echo 'HTTP 429: too many requests'; exit 1", "rate"),
        ("echo 'your credit balance is too low'; exit 1", "quota"),
        ("echo 'connection refused'; exit 1", "down"),
        ("echo \"error: unknown option '--bare'\"; exit 1", "version"),
        ("exit 127", "missing"),
        ("exit 1", "crashed"),
        ("head -c 300000 /dev/zero | tr '\\0' '\\377'; exit 1", "crashed"),
        ("kill -SEGV $$", "killed"),
    ],
)
def test_troubles_are_told_apart(always: Seated, script: str, expected: str) -> None:
    program, agent, view = always
    program.write_text(f"#!/bin/sh\n{script}\n")
    (answer,) = agent.ask(view, 1)
    assert isinstance(answer, Wait), answer
    assert answer.trouble == expected


def test_its_time_ends(tmp_path: Path) -> None:
    assert trouble(tmp_path, "sleep 60", line="command {script} seconds=0.3") == "late"


def test_silence_ends_it(tmp_path: Path) -> None:
    assert trouble(tmp_path, "echo hello; sleep 60", line="command {script} idle=0.3") == "silent"


def test_a_program_that_is_not_there_is_waited_for(tmp_path: Path) -> None:
    answer = asked(tmp_path, "command no-such-program {prompt_file}")
    assert isinstance(answer, Wait)
    assert answer.trouble == "missing"
    assert "no-such-program is not on PATH" in answer.why


def test_what_it_started_ends_with_it(tmp_path: Path) -> None:
    """The daemon holds its output open: nobody waits for it."""
    proposal = proposed(tmp_path, f"(while :; do sleep 0.1; date >> {tmp_path}/alive; done) & {EDIT}")
    assert proposal.files
    ended_at = sum(path.stat().st_size for path in tmp_path.glob("alive"))
    time.sleep(0.3)
    assert sum(path.stat().st_size for path in tmp_path.glob("alive")) == ended_at


def test_it_has_no_variable_that_is_not_named(tmp_path: Path) -> None:
    environ = {"PATH": "/usr/bin:/bin", "HOME": "/nobody", "MY_TOKEN": "t", "OTHER_TOKEN": "o"}
    script = f'[ "$MY_TOKEN$OTHER_TOKEN" = t ] && [ "$HOME" != /nobody ] && {EDIT}'
    with seated(tmp_path, "command {script} env=MY_TOKEN", script, environ=environ) as (agent, view):
        (answer,) = agent.ask(view, 1)
    assert isinstance(answer, Proposal), answer


def test_who_fails_again_and_again_is_asked_less_often(tmp_path: Path) -> None:
    with seated(tmp_path, "command no-such-program") as (agent, view):
        waits = [answer for _ in range(3) for answer in agent.ask(view, 1) if isinstance(answer, Wait)]
    gaps = [late.until - early.until for early, late in pairwise(waits)]
    assert gaps[1] > gaps[0] > 30


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("command", "does not say what to start"),
        ("command x secnds=3", "did you mean seconds="),
        ("claude modle=opus", "did you mean model="),
        ("claude opus", "'opus' is no option"),
        ("codex login=yes", "say on or off"),
        ("pi base_url=http://localhost:1/v1", "which model="),
        ("claude seconds=soon", "no positive number"),
        ("claude base_url=http://localhost:1 key_env=NO_SUCH", "has no NO_SUCH"),
    ],
)
def test_a_line_that_cannot_be_meant_says_what_to_change(tmp_path: Path, line: str, words: str) -> None:
    with pytest.raises(UsageError, match=words), seated(tmp_path, line):
        pass
