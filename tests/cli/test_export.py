from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.cli.conftest import typed
from tests.nights import git


def test_export_writes_into_a_folder_that_git_does_not_see(night: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(night, tmp_path / "a toy"))
    done = typed(root, "export")
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[0] == "wrote overnight-mar5/results.tsv"
    assert git(root, "status", "--porcelain") == ""
    assert (root / "overnight-mar5/results.tsv").read_text() == typed(root, "log", "--tsv").output


def test_exports_json_names_the_files(night: Path, tmp_path: Path) -> None:
    found = json.loads(typed(night, "export", "--into", str(tmp_path / "out"), "--json").output)
    assert found["night"] == "mar5"
    assert all(Path(file).exists() for file in found["files"])


def test_a_folder_that_cannot_be_written_is_a_message(night: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = typed(night, "export", "--into", str(tmp_path / "file" / "out"))
    assert done.exit_code == 2
    assert "cannot be written" in done.output
