from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overnight.errors import UsageError
from overnight.judge.results import Results, number_in, read_results
from overnight.model import Call, Goal

FIELD = """commit\tval_bpb\tmemory_gb\tstatus\tdescription
baseline\t0.997900\t44.0\tkeep\tbaseline
b2c3d4e\t0.993200\t44.2\tKEEP\thalve the batch
c3d4e5f\t1.005000\t44.0\tDiscard\tGeLU
d4e5f6a\t0.000000\t0.0\tCRASH\tdouble width (OOM)
"""


def read(text: str, **options: object) -> Results:
    return read_results(text, "results.tsv", **options)  # type: ignore[arg-type]


def test_the_fields_file_is_read() -> None:
    found = read(FIELD)
    assert (found.metric, found.goal) == ("val_bpb", Goal.MINIMIZE)
    assert [each.call for each in found.tried] == [Call.KEEP, Call.KEEP, Call.DISCARD, Call.CRASH]
    assert [each.score for each in found.tried] == [0.9979, 0.9932, 1.005, None]
    assert found.tried[0].commit == "baseline"


def test_windows_line_ends_and_a_mark_in_front_change_nothing() -> None:
    assert read("\ufeff" + FIELD.replace("\n", "\r\n")) == read(FIELD)


def test_columns_may_stand_in_any_order_with_others_among_them() -> None:
    text = "iteration\tcommit\tmetric\tdelta\tguard\tstatus\tdescription\n"
    text += "0\t-\t85.2\t0.0\tpass\tbaseline\tstart\n1\ta\t87.1\t+1.9\tpass\tkeep\ttests\n2\t-\t0.0\t0\t-\tno-op\tx\n"
    found = read("# metric_direction: higher_is_better\n" + text)
    assert [each.score for each in found.tried] == [85.2, 87.1, None]
    assert (found.goal, found.goal_from) == (Goal.MAXIMIZE, "as the file says")


def test_commas_separate_too_and_quotes_hold_them() -> None:
    found = read('commit,accuracy,status,description\na,0.8,keep,"one, two"\nb,0.9,keep,three\n')
    assert [each.description for each in found.tried] == ["one, two", "three"]


def test_json_lines_are_read_from_the_last_session_on() -> None:
    config = '{"type":"config","metricName":"total_ms","bestDirection":"lower"}\n'
    line = '{"run":1,"commit":"a","metric":%s,"metrics":{"x":1},"status":"%s","description":"d"}\n'
    text = (
        config + line % (9, "keep") + config + line % (100, "keep") + line % (90, "keep") + line % (0, "checks_failed")
    )
    found = read(text)
    assert (found.metric, found.goal) == ("total_ms", Goal.MINIMIZE)
    assert [each.score for each in found.tried] == [100.0, 90.0, None]


def test_without_titles_the_columns_are_found_by_what_they_hold() -> None:
    found = read("\n".join(FIELD.splitlines()[1:]), goal=Goal.MINIMIZE)
    assert [each.score for each in found.tried] == [0.9979, 0.9932, 1.005, None]
    assert found.tried[1].description == "halve the batch"


def test_without_a_status_each_new_best_is_a_keep() -> None:
    found = read("loss\n3\n2.5\n2.7\n2\n")
    assert [each.call for each in found.tried] == [Call.KEEP, Call.KEEP, Call.DISCARD, Call.KEEP]
    assert "each new best counts" in found.notes[0]


@pytest.mark.parametrize(
    ("metric", "goal"),
    [
        ("val_loss", "minimize"),
        ("top1_accuracy", "maximize"),
        ("tokens_per_sec", "maximize"),
        ("latencyMs", "minimize"),
    ],
)
def test_a_known_name_says_what_is_better(metric: str, goal: str) -> None:
    assert read(f"commit\t{metric}\tstatus\na\t1\tkeep\nb\t1\tdiscard\n").goal == goal


def test_keeps_that_agree_say_more_than_a_name() -> None:
    rows = "".join(f"a\t{score}\tkeep\n" for score in (1, 2, 3, 4))
    assert read("commit\tloss\tstatus\n" + rows).goal is Goal.MAXIMIZE


def test_a_direction_that_nothing_tells_is_asked_for() -> None:
    with pytest.raises(UsageError, match="--goal min or --goal max"):
        read("commit\tfoo\tstatus\na\t1\tkeep\nb\t2\tdiscard\n")


def test_what_is_said_is_not_looked_for() -> None:
    found = read(FIELD, metric="memory_gb", goal=Goal.MAXIMIZE)
    assert (found.metric, found.goal) == ("memory_gb", Goal.MAXIMIZE)


def test_an_unknown_status_is_a_discard_and_is_told() -> None:
    found = read("commit\tloss\tstatus\na\t1\tkeep\nb\t2\tpondering\n")
    assert found.tried[1].call is Call.DISCARD
    assert found.notes == ("1 x status 'pondering': read as discard",)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("Dear diary\n", "no table"),
        ("commit\tloss\tstatus\n", "no experiment below"),
        ("a\tb\nx\ty\n", "no column of scores: it has a, b"),
        ("{broken\n", "none holds an experiment"),
        ('a,loss\n"' + "x" * 200_000, "cannot be read as comma-separated"),
    ],
)
def test_what_is_no_table_is_told_in_one_sentence(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        read(text)


def test_a_column_that_is_not_there_is_answered_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="it has commit, val_bpb"):
        read(FIELD, metric="loss")


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        *(("0.9979", 0.9979), (" -1e-3 ", -0.001), ("98.1 %", 98.1), ("41ms", 41.0)),
        *((odd, None) for odd in ("nan", "inf", "1e308", "", "12 of 40", "9" * 400)),
    ],
)
def test_a_score_is_a_finite_number_with_at_most_a_unit(cell: str, value: float | None) -> None:
    assert number_in(cell) == value


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    for whole in (text, FIELD + text, "commit\tloss\tstatus\n" + text):
        with suppress(UsageError):
            assert read(whole).tried
