"""`overnight doctor --attack`, typed on a clone in the style of karpathy/autoresearch."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from overnight.measure.sandbox.choose import examine
from overnight.model import Level
from tests.cli.conftest import typed
from tests.nights import git
from tests.redteam.tasks import printed
from tests.test_stock_clone import clone as clone

HOLES = {
    *("print a fake score", "print it as the process ends", "patch the evaluator in memory"),
    *("edit the evaluator's file", "shadow what the evaluator imports", "be equal to everything"),
    *("take the number from its memory", "print the best of a thousand", "score an easy part"),
    *("read what it is scored on", "train on it by another road", "behave when it is audited"),
}
"""What remains where a run prints its own number and may read what that is made from, behind the best walls."""


@pytest.mark.slow
def test_a_stock_clone_is_told_its_holes_and_no_others(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not examine(Level.NAMESPACE).holds:
        pytest.skip("needs level 3")
    monkeypatch.setenv("PATH", os.pathsep.join(["/usr/bin", "/bin"]))
    before = [git(clone, "status", "--porcelain"), git(clone, "for-each-ref"), sorted((clone / ".git").iterdir())]
    done = typed(clone, "doctor", "--attack", "--json")
    found = json.loads(done.output)
    assert {each["cheat"] for each in found["cheats"] if each["outcome"] == "got through"} == HOLES
    assert (found["level"], found["sealed"], found["through"], done.exit_code) == ("3", False, len(HOLES), 1)
    assert all(
        "`artefact:` and `score:`" in e["change"] or "`hidden:`" in e["change"] for e in found["cheats"] if e["change"]
    )
    assert [
        git(clone, "status", "--porcelain"),
        git(clone, "for-each-ref"),
        sorted((clone / ".git").iterdir()),
    ] == before
    cache = Path(os.environ["HOME"], ".cache/overnight")
    assert list(cache.glob("*")) == [], "something was left where runs happen"


def test_where_nothing_can_be_tried_nothing_is_said_to_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = printed(tmp_path / "task", "1")
    text = (root / "program.md").read_text()
    (root / "program.md").write_text(text.replace("run: python train.py", "run: no-such-command train.py"))
    done = typed(root, "doctor", "--attack")
    assert done.exit_code == 2
    assert "no payload in train.py gets to run: exit code 127" in done.output
    assert "held" not in done.output
