from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from overnight.judge.results import Results
from tests.cli.conftest import typed
from tests.judge.simulated_night import simulated


def table(results: Results) -> str:
    lines = [f"commit\t{results.metric}\tmemory_gb\tstatus\tdescription"]
    lines += [f"abc{t.number:04}\t{t.score:.6f}\t44.0\t{t.call}\t{t.description}" for t in results.tried]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """No repository, no program.md: a file from somewhere."""
    root = tmp_path_factory.mktemp("somewhere")
    (root / "results.tsv").write_text(table(simulated(3, 0.1, 60).results))
    return root


@pytest.fixture(scope="module")
def audited(folder: Path) -> str:
    done = typed(folder, "audit", "results.tsv", "--svg", "night.svg")
    assert done.exit_code == 0, done.output
    return done.output


def test_a_file_needs_no_repository(audited: str) -> None:
    assert audited.startswith("Audit of results.tsv  60 experiments, score, higher is better")
    for heading in ("Claimed", "Noise", "Expected", "Limit", "To know, run again"):
        assert f"\n{heading}" in audited


def test_in_a_pipe_there_is_no_colour(audited: str) -> None:
    assert "\x1b" not in audited


def test_the_picture_is_svg(folder: Path, audited: str) -> None:
    root = ElementTree.fromstring((folder / "night.svg").read_text())
    assert root.tag.endswith("svg")
    assert len(root.findall(".//{*}circle")) == 60


def test_the_json_is_one_document_with_the_sentence(folder: Path) -> None:
    found = json.loads(typed(folder, "audit", "--json").output)
    assert found["sentence"].startswith(("Every keep", "No keep", f"{sum(k['within'] for k in found['keeps'])} of "))
    assert found["low"] < found["expected"] < found["high"]
    assert found["noise"]["low"] < found["noise"]["value"] < found["noise"]["high"]
    assert found["counts"]["keep"] == len(found["keeps"]) + 1


def test_standard_input_is_read(folder: Path) -> None:
    done = typed(folder, "audit", "-", stdin="loss\n3\n2\n2.5\n")
    assert done.output.startswith("Audit of -  3 experiments, loss, lower is better")


@pytest.mark.slow
def test_a_night_of_ours_is_audited_by_its_tag(night: Path) -> None:
    text = typed(night, "audit", "mar5").output
    assert text.startswith("Audit of night mar5  5 experiments, loss, lower is better (as program.md says)")
    assert "the baseline, 2 keep · 1 crash · 1 discard" in text


def test_the_file_that_log_writes_is_read_back(night: Path, tmp_path: Path) -> None:
    (tmp_path / "results.tsv").write_text(typed(night, "log", "--tsv").output)
    ours, theirs = (
        json.loads(typed(*words, "--json").output) for words in ((night, "audit", "mar5"), (tmp_path, "audit"))
    )
    assert theirs["claimed"] == pytest.approx(ours["claimed"])
    assert theirs["counts"] == ours["counts"]


HOSTILE = (
    "commit\tloss\tmemory_gb\tstatus\tdescription\n"
    "a\t1.0\t1\tkeep\tbaseline\n"
    "b\t1e308\t1\tdiscard\t\x1b[31mred\x1b[2J\x07\r\n"
    "c\tnan\t1\tdiscard\t<script>alert(1)</script>\n"
    "d\t-1e308\t\tkeep\tminus\n"
    "e\t0.9\t1\tkeep\t\u202e<b>&\x00\x1b]0;title\x07" + "x" * 300_000 + "\n"
    "f\n\n\t\t\t\t\ng\t1e90\t\tdiscard\tz\n"
)


def test_a_hostile_file_moves_no_cursor(tmp_path: Path) -> None:
    (tmp_path / "h.tsv").write_text(HOSTILE.replace("\x00", ""))
    done = typed(tmp_path, "audit", "h.tsv", "--svg", "h.svg")
    assert done.exit_code == 0, done.output
    assert all(c.isprintable() or c == "\n" for c in done.output)
    assert len(done.output) < 10_000
    drawn = (tmp_path / "h.svg").read_text()
    ElementTree.fromstring(drawn)
    assert "<script" not in drawn


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "is empty"), (b"a\0b", "is not text"), (b"Dear diary\n", "no table"), (b"a\tb\nx\ty\n", "--metric COLUMN")],
)
def test_what_is_no_table_is_answered_in_a_sentence(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "odd").write_bytes(content)
    done = typed(tmp_path, "audit", "odd")
    assert done.exit_code == 2
    assert says in done.output


def test_a_file_of_a_hundred_megabytes_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "big.tsv").open("wb") as stream:
        stream.truncate(100_000_000)
    assert "larger than 50 MB" in typed(tmp_path, "audit", "big.tsv").output


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = typed(tmp_path, "audit", "nowhere.tsv")
    assert (done.exit_code, done.output) == (2, "overnight: there is no file nowhere.tsv\n")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert "there is no file" in typed(tmp_path, "audit", str(tmp_path)).output


def test_where_there_is_neither_file_nor_night_both_are_named(tmp_path: Path) -> None:
    done = typed(tmp_path, "audit")
    assert done.exit_code == 2
    assert "there is no file results.tsv here; and as for nights" in done.output


def test_titles_move_no_cursor_either(tmp_path: Path) -> None:
    (tmp_path / "odd.tsv").write_text("\x1b[2Ja\tb\x07\nx\ty\n")
    output = typed(tmp_path, "audit", "odd.tsv").output
    assert "it has [2Ja, b" in output
    assert "\x1b" not in output


@pytest.mark.slow
def test_ten_thousand_lines_take_a_moment(tmp_path: Path) -> None:
    (tmp_path / "long.tsv").write_text(table(simulated(1, 0.3, 10_000).results))
    command = [sys.executable, "-m", "overnight", "audit", "long.tsv", "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(done.stdout)["experiments"] == 10_000
