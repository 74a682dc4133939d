from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from overnight.ledger.ledger import Reader
from tests.cli.conftest import typed
from tests.nights import git, toy_repo


def test_status_says_how_the_night_stands(night: Path) -> None:
    text = typed(night, "status").output
    assert text.startswith("mar5     finished: ")
    assert "\nbest     loss 1.640000  #5," in text
    assert "2 keep" in text


def test_statuss_json_is_one_document(night: Path) -> None:
    found = json.loads(typed(night, "status", "--json").output)
    assert (found["night"], found["state"], found["held_by"]) == ("mar5", "finished", None)
    assert found["counts"]["keep"] == 2


def test_log_has_a_line_for_each_experiment(night: Path) -> None:
    calls = [line.split()[1] for line in typed(night, "log").output.splitlines()[1:]]
    assert calls == ["keep", "keep", "discard", "crash", "duplicate", "keep"]


def test_log_can_be_short(night: Path) -> None:
    assert re.findall(r"#(\d)  ", typed(night, "log", "-n", "2").output) == ["4", "5"]


def test_logs_json_is_a_document_a_line(night: Path) -> None:
    rows = [json.loads(line) for line in typed(night, "log", "--json").output.splitlines()]
    assert [row["number"] for row in rows] == [0, 1, 2, 3, 4, 5]
    assert rows[5]["call"] == "keep"


def test_the_tsv_is_the_fields_format(night: Path) -> None:
    head, *lines = typed(night, "log", "--tsv").output.splitlines()
    assert head == "commit\tloss\tmemory_gb\tstatus\tdescription"
    assert all(re.fullmatch(r"[0-9a-f]{7}\t\d+\.\d{6}\t\d+\.\d\t(keep|discard|crash)\t[^\t]+", line) for line in lines)
    assert [line.split("\t")[3] for line in lines] == ["keep", "keep", "discard", "crash", "keep"]
    crash = lines[3].split("\t")
    assert crash[1:3] == ["0.000000", "0.0"]


def test_a_keep_in_the_tsv_is_a_commit_of_the_branch(night: Path) -> None:
    last = typed(night, "log", "--tsv").output.splitlines()[-1]
    assert git(night, "rev-parse", "autoresearch/mar5").startswith(last.split("\t")[0])


def test_show_has_the_verdict_the_runs_the_change_and_the_output(night: Path) -> None:
    text = typed(night, "show", "3").output
    assert text.startswith("#3 crash\n")
    assert "\n+WIDTH = 60" in text
    assert "MemoryError: WIDTH is too large" in text


def test_shows_json_has_every_trial(night: Path) -> None:
    found = json.loads(typed(night, "show", "1", "--json").output)
    assert found["verdict"]["call"] == "keep"
    assert found["runs"][0]["trial"]["scores"]["loss"]["value"] == found["row"]["score"]


def test_show_names_what_there_is_not(night: Path) -> None:
    done = typed(night, "show", "99")
    assert "has no experiment 99" in done.output
    assert done.exit_code == 2


def test_diff_applies_to_what_the_experiment_stood_on(night: Path, tmp_path: Path) -> None:
    other = toy_repo(tmp_path / "other")
    change = typed(night, "diff", "1").output
    subprocess.run(["git", "apply"], cwd=other, input=change, text=True, check=True)
    assert "WIDTH = 8 " in (other / "train.py").read_text()


def test_the_baseline_changed_nothing(night: Path) -> None:
    assert "untouched baseline" in typed(night, "diff", "0").output


def test_report_ends_with_how_to_go_on(night: Path) -> None:
    lines = typed(night, "report").output.splitlines()
    assert lines[0].startswith("Night mar5  finished")
    assert lines[-5].endswith("git merge autoresearch/mar5")
    assert [Path(line.split()[-1]).name for line in lines[-3:]] == ["report.html", "report.md", "progress.png"]


def test_reports_json_is_one_document(night: Path) -> None:
    assert [keep["number"] for keep in json.loads(typed(night, "report", "--json").output)["keeps"]] == [1, 5]


def test_report_counts_what_changed_and_ran_not_what_was_said(night: Path) -> None:
    found = json.loads(typed(night, "report", "--json").output)["most_tried"]
    assert sorted(found, key=lambda t: t["name"]) == [
        {"name": "RATE", "times": 2, "kept": 1},
        {"name": "WIDTH", "times": 2, "kept": 1},
    ]


def test_report_writes_its_files_where_it_is_told(night: Path, tmp_path: Path) -> None:
    done = typed(night, "report", "--json", "--into", str(tmp_path / "new"))
    assert json.loads(done.stdout)["night"] == "mar5"  # the paths are said beside it
    made = sorted(path.name for path in (tmp_path / "new").iterdir())
    assert made == ["knobs.png", "progress.png", "report.html", "report.md"]


def test_report_prints_the_markdown_that_it_writes(night: Path, tmp_path: Path) -> None:
    done = typed(night, "report", "--markdown", "--into", str(tmp_path))
    assert done.stdout == (tmp_path / "report.md").read_text()


def test_a_report_that_cannot_be_written_is_still_printed_and_says_why(night: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = typed(night, "report", "--into", str(tmp_path / "file" / "below"))
    assert done.exit_code == 0
    assert done.output.startswith("Night mar5")
    assert "no file was written" in done.output.splitlines()[-1]


def test_an_unknown_night_is_answered_with_those_there_are(night: Path) -> None:
    done = typed(night, "status", "--tag", "mar6")
    assert "there is mar5" in done.output
    assert done.exit_code == 2


def test_looking_needs_no_right_to_write(night: Path) -> None:
    folder = night / ".git" / "overnight" / "mar5"
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if "-wal" not in path.name}
    for words in (["status"], ["log"], ["show", "1"], ["report", "--markdown"], ["verify"]):
        assert typed(night, *words).exit_code == 0
    after = {path: path.stat().st_mtime_ns for path in before}
    assert {path.name for path in before if before[path] != after[path]} <= {folder.name, "ledger.db-shm"}
    with Reader.open(folder) as reader:
        assert reader.last("closed") is not None
