"""What a real coding client proposes becomes an experiment of a night."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from overnight.night.watcher import Nobody
from overnight.testing.model_server import edits, model_server
from overnight.wiring import load, work
from tests.nights import PROGRAM, TRAIN, git, toy_repo

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300)]


@pytest.mark.parametrize(("client", "place"), [("claude", ""), ("codex", "/v1"), ("pi", "/v1")])
def test_its_edit_is_measured_and_kept(
    client: str, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which(client) is None:
        pytest.skip(f"{client} is not on PATH")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with model_server(edits("train.py", TRAIN.replace("WIDTH = 4", "WIDTH = 8"), "wider")) as server:
        line = f"agent: {client} base_url={server.url}{place} model=scripted"
        program = PROGRAM.replace("experiments: 5", "experiments: 1").replace(
            "policy: greedy", f"policy: greedy\n{line}"
        )
        root = toy_repo(tmp_path / "toy", program)
        work(load(root, {}), "t", Nobody())
    assert "WIDTH = 8" in git(root, "show", "autoresearch/t:train.py")
    assert git(root, "status", "--porcelain") == ""
    assert "Done: wider." in git(root, "log", "-1", "--format=%B", "autoresearch/t")
