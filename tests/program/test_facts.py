from __future__ import annotations

from pathlib import Path

from overnight.program.facts import MAX_TEXT, Facts, facts_of


def real(tmp_path: Path, contents: dict[str, bytes]) -> Facts:
    (tmp_path / "home" / ".cache" / "x").mkdir(parents=True)
    (tmp_path / "repo" / "data").mkdir(parents=True)
    tool = tmp_path / "bin" / "uv"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    return facts_of(
        tmp_path / "repo", contents, contents.get, lambda path: path == "data", tmp_path / "home", str(tool.parent)
    )


def test_paths_are_looked_up_in_the_tree_at_home_and_from_the_root(tmp_path: Path) -> None:
    exists = real(tmp_path, {}).exists
    found = [path for path in ("data", "~/.cache/x", str(tmp_path), "no", "~/no", "/no/where") if exists(path)]
    assert found == ["data", "~/.cache/x", str(tmp_path)]


def test_what_is_no_script_has_no_text(tmp_path: Path) -> None:
    contents = {"a.py": "é".encode(), "b.bin": b"\0", "c.py": b"\xff", "d.py": b"x" * (MAX_TEXT + 1)}
    text = real(tmp_path, contents).text
    assert [text(path) for path in (*contents, "none")] == ["é", None, "\ufffd", None, None]


def test_programs_are_looked_up_on_the_path_that_is_given(tmp_path: Path) -> None:
    has_program = real(tmp_path, {}).has_program
    assert (has_program("uv"), has_program("sh")) == (True, False)
