from __future__ import annotations

import csv
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from overnight.errors import UsageError
from overnight.ledger.events import Event
from overnight.ledger.ledger import Reader
from overnight.ledger.views import Row
from overnight.model import Call, Split
from overnight.show.export import MARK, export_night, results_tsv
from tests.ledger.sample_night import a_night, done, experiment, opened, proposed, session, written

FILES = ["results.tsv", "experiments.csv", "runs.csv", "progress.png"]


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Reader]:
    with Reader.open(written(tmp_path / "night", *a_night())) as reader:
        yield reader


def row(
    call: Call | None, score: float | None = None, runs: int = 1, gpu_mb: float | None = None, said: str = "idea"
) -> Row:
    return Row(
        number=3, at=0.0, elapsed=0.0, origin="a", hypothesis=said, commit="abcdef0123", kept=None,
        state="judged", call=call, why="", score=score, best=None, runs=runs, seconds=1.0, peak_mb=2048.0,
        gpu_mb=gpu_mb, usd=None, tokens=None, removes=None,
    )  # fmt: skip


def line(*facts: Row) -> list[str]:
    return list(results_tsv(facts, "val_bpb"))[1:]


@pytest.mark.parametrize(
    ("call", "score", "expected"),
    [
        (Call.KEEP, 1.25, "abcdef0\t1.250000\t2.0\tkeep\tidea"),
        (Call.DISCARD, 1.25, "abcdef0\t1.250000\t2.0\tdiscard\tidea"),
        (Call.CRASH, None, "abcdef0\t0.000000\t0.0\tcrash\tidea"),
        (Call.TIMEOUT, None, "abcdef0\t0.000000\t0.0\tcrash\tidea (timeout)"),
        (Call.PRUNED, None, "abcdef0\t0.000000\t0.0\tcrash\tidea (pruned)"),
        (Call.INVALID, None, "abcdef0\t0.000000\t0.0\tcrash\tidea (invalid)"),
        (Call.REFUSED, None, "abcdef0\t0.000000\t0.0\tcrash\tidea (refused)"),
    ],
)
def test_every_verdict_of_what_ran_is_one_of_the_fields_three_words(
    call: Call, score: float | None, expected: str
) -> None:
    assert line(row(call, score)) == [expected]


@pytest.mark.parametrize("call", [Call.DUPLICATE, Call.REFUSED, Call.DISCARD, None])
def test_what_never_gave_a_number_has_no_line(call: Call | None) -> None:
    assert line(row(call, runs=0)) == []


def test_memory_is_the_gpus_where_there_is_one() -> None:
    assert line(row(Call.KEEP, 1.0, gpu_mb=45056.0))[0].split("\t")[2] == "44.0"


def test_a_description_is_one_field_on_one_line() -> None:
    assert line(row(Call.KEEP, 1.0, said="a\tb\nc\x1b"))[0].split("\t")[4] == "a b c "


def test_an_export_is_four_files_in_a_folder_that_git_ignores(night: Reader, tmp_path: Path) -> None:
    folder = tmp_path / "a b" / "out"
    assert [path.name for path in export_night(night, folder, force=False)] == FILES
    assert sorted(path.name for path in folder.iterdir()) == sorted([*FILES, ".gitignore"])
    assert (folder / ".gitignore").read_text() == MARK
    assert (folder / "results.tsv").read_text().splitlines()[1].endswith("\t2.500000\t0.1\tkeep\tidea 0")
    head = (folder / "progress.png").read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", head[16:])[0] > 500


@pytest.mark.slow
def test_an_export_of_ours_is_replaced(night: Reader, tmp_path: Path) -> None:
    export_night(night, tmp_path / "out", force=False)
    (tmp_path / "out" / "runs.csv").write_text("old")
    export_night(night, tmp_path / "out", force=False)
    assert (tmp_path / "out" / "runs.csv").read_text() != "old"


def test_another_programs_files_are_not_replaced_unless_forced(night: Reader, tmp_path: Path) -> None:
    mine = tmp_path / "results.tsv"
    mine.write_text("mine")
    with pytest.raises(UsageError, match=r"there already in .*: results\.tsv\. Take another --into"):
        export_night(night, tmp_path, force=False)
    assert (mine.read_text(), (tmp_path / "runs.csv").exists()) == ("mine", False)
    export_night(night, tmp_path, force=True)
    assert mine.read_text() != "mine"
    assert not (tmp_path / ".gitignore").exists()


def table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_the_experiments_have_every_column_of_the_public_view(night: Reader, tmp_path: Path) -> None:
    export_night(night, tmp_path / "out", force=False)
    found = table(tmp_path / "out", "experiments.csv")
    assert list(found[0]) == list(Row.__match_args__)
    assert [each["call"] for each in found] == ["keep", "keep", "discard", "crash"]
    assert found[3]["score"] == ""


def test_every_run_has_a_row(tmp_path: Path) -> None:
    events: list[Event] = [opened(), session(), *experiment(0, Call.KEEP, 2.5), proposed(1)]
    with Reader.open(written(tmp_path / "night", *events, done(1, 2.0, Split.SEALED), done(1, None))) as reader:
        export_night(reader, tmp_path / "out", force=False)
    found = table(tmp_path / "out", "runs.csv")
    assert [(each["experiment"], each["split"], each["status"], each["score"]) for each in found] == [
        ("0", "visible", "ok", "2.5"),
        ("1", "sealed", "ok", "2.0"),
        ("1", "visible", "crash", ""),
    ]
    assert {"purpose", "seed", "hidden_score", "wall_seconds"} <= set(found[0])


def test_a_spreadsheet_finds_no_formula(tmp_path: Path) -> None:
    said = ["=HYPERLINK(1)", "+1", "-1", "@x", 'a, "b"\nc']
    proposals: list[Event] = [replace(proposed(i), hypothesis=text) for i, text in enumerate(said)]
    with Reader.open(written(tmp_path / "night", opened(), session(), *proposals)) as reader:
        export_night(reader, tmp_path / "out", force=False)
    found = [each["hypothesis"] for each in table(tmp_path / "out", "experiments.csv")]
    assert found == ["'=HYPERLINK(1)", "'+1", "'-1", "'@x", 'a, "b"\nc']
