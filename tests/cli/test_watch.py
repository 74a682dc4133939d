from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from overnight.cli import watch


def test_what_is_to_be_typed_is_one_word_for_a_shell_wherever_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = tmp_path / "a place" / "overnight"
    beside.parent.mkdir()
    monkeypatch.setattr(sys, "executable", str(beside.with_name("python")))
    nowhere = {"PATH": str(tmp_path)}
    assert shlex.split(watch._program(nowhere)) == [str(beside.with_name("python")), "-m", "overnight"]
    beside.touch()
    assert shlex.split(watch._program(nowhere)) == [str(beside)]
