"""A night with an agent that everything goes wrong with: it is told apart, the search stands in, and the night goes on.

The agent is a program of ours that is called claude, so that it is heard as one. The night's clock runs fast: what is
waited out for minutes takes a moment.
"""

from __future__ import annotations

import os
import time
from contextlib import closing
from pathlib import Path

import pytest

from overnight import wiring
from overnight.clock import Now
from overnight.ledger.idling import Idled
from overnight.ledger.ledger import Reader
from overnight.ledger.views import rows
from overnight.model import Call
from overnight.named import named
from overnight.night.verify import verify
from overnight.night.watcher import Nobody
from overnight.repo.repo import Repo
from tests.nights import PROGRAM, TRAIN, git, make_repo

FAST = 3000.0

EVENT = '{"type":"assistant","message":{"content":[]}}\\n{"type":"user"}\\n'
GIT = "git -c user.name=a -c user.email=a@b"
TURNS = {
    "login": "echo '401 Unauthorized'; exit 1",
    "quota": "echo 'your credit balance is too low'; exit 1",
    "rate": "echo '429 Too Many Requests'; exit 1",
    "down": "echo 'connection refused'; exit 1",
    "version": "echo \"error: unknown option '--bare'\"; exit 1",
    "missing": "exit 127",
    "bad-reply": "rm train.py; ln -s /etc/passwd train.py",
    "no-edit": "echo 'I would rather not.'",
    "outside": "echo 2 > other.py",
    "loop": f"while :; do printf '{EVENT}'; sleep 0.01; done",
    "silent": "sleep 600",
    "late": "while :; do echo still here; sleep 0.2; done",
    "killed": "kill -9 $$",
    "refused": "echo 'this violates our usage policy'; exit 1",
    "crashed": "exit 1",
    "commits": f"sed -i 's/+ 1$/+ 2/' train.py; {GIT} commit -qam mine",
    "proposes": "sed -i 's/+ 1$/- 9/' train.py",
}
"""By the trouble that it is: one turn of the agent. The last two are changes."""


class Fast:
    """Real durations, and a time of the day that flies."""

    def __init__(self) -> None:
        self.began = time.monotonic()

    def now(self) -> Now:
        mono = time.monotonic()
        return Now(1_795_000_000.0 + (mono - self.began) * FAST, mono)


@pytest.mark.slow
def test_whatever_goes_wrong_with_an_agent_the_night_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{_agent(tmp_path)}:{os.environ['PATH']}")
    rules = "policy: greedy\nsandbox: 1\nagent: claude base_url=http://localhost:9 seconds=15 idle=8 turns=5"
    text = PROGRAM.replace("policy: greedy", rules).replace("experiments: 5", "target: 0.5")
    root = make_repo(tmp_path / "toy", {"train.py": TRAIN, "other.py": "fixed = 1\n", "program.md": text})

    closed = wiring.work(wiring.load(root, {}), "t", Nobody(), Fast())

    assert closed.finished, closed
    folder = root / ".git/overnight/t"
    with Reader.open(folder) as reader:
        idled = [entry.event for entry in reader.since() if isinstance(entry.event, Idled)]
        found = list(rows(reader))
        with closing(Repo.discover(root)) as repo:
            assert verify(reader, repo, lambda name: named(name, wiring.POLICIES, "policy")()) == []
    assert [event.trouble for event in idled] == list(TURNS)[:-2]
    assert {event.origin for event in idled} == {"claude"}
    assert all(event.why for event in idled)
    assert [row.call for row in found if row.origin == "claude"] == [Call.DISCARD, Call.KEEP]  # no trouble is a score
    assert any(row.origin == "search" for row in found)
    assert git(root, "status", "--porcelain") == ""
    assert git(root, "show", "HEAD:other.py") == git(root, "show", "autoresearch/t:other.py")


def _agent(tmp_path: Path) -> Path:
    """A folder with a program called claude, which does one after the other. What it is asked after that it does not
    end before the night does."""
    programs = tmp_path / "programs"
    programs.mkdir()
    cases = "\n".join(f"{number}) {script} ;;" for number, script in enumerate(TURNS.values(), 1))
    count = f"N=$(($(cat {tmp_path}/turns 2>/dev/null || echo 0) + 1)); echo $N > {tmp_path}/turns"
    (programs / "claude").write_text(f"#!/bin/sh\n{count}\ncase $N in\n{cases}\n*) sleep 600 ;;\nesac\n")
    (programs / "claude").chmod(0o755)
    return programs
