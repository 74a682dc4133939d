"""What is read from the output of a run, and what is not."""

from __future__ import annotations

import math
from pathlib import Path
from tempfile import NamedTemporaryFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overnight.measure.output import NAMES, chunks, last_error, scores, tail
from overnight.measure.progress import plain

SUMMARY = """\
step 00952 (100.0%) | loss: 2.996 | val_bpb: 1.5
---
val_bpb:          0.997900
training_seconds: 300.1
peak_vram_mb:     45060.2
total_tokens_M:   499.6
"""


def read(text: str, metric: str = "val_bpb") -> dict[str, float]:
    return {name: score.value for name, score in scores([plain(text.encode())], metric).scores.items()}


def test_the_summary_block_is_read() -> None:
    assert read(SUMMARY) == {
        "val_bpb": 0.9979,
        "training_seconds": 300.1,
        "peak_vram_mb": 45060.2,
        "total_tokens_M": 499.6,
    }


@pytest.mark.parametrize(
    "text",
    [
        "val_bpb: 1.25",
        "val_bpb : 1.25 (best so far)",
        "METRIC val_bpb=1.25",
        "METRIC val_bpb = +1.25e0",
        "step=10 val_bpb=1.25, lr=.001",
        'noise\n{"val_bpb": 1.25, "ok": true, "name": "x", "steps": 12}',
        "loss: 3\n1.25\n\n",
        "\x1b[32mval_bpb:\x1b[0m 1.25",
        "\x1b]0;title\x07val_bpb: 1.25",
        "step 1\rstep 2\rval_bpb: 1.25\r\n",
        "val_bpb: 3\nval_bpb: 1.25\nval_bpb: nan",
        "val_bpb: 1.25%",
    ],
)
def test_each_way_to_say_a_number_is_understood(text: str) -> None:
    assert read(text)["val_bpb"] == 1.25


@pytest.mark.parametrize(
    "text",
    [
        "",
        "step 10 loss: 3.2 val_bpb: 1.2",
        "  val_bpb: 1.2",
        "my_val_bpb: 1.2",
        "val_bpb_ema: 1.2",
        "val_bpb: 1.2.3",
        "val_bpb: 1,234",
        "val_bpb: one",
        "val_bpb: 0x10",
        "a=1 val_bpb: 2",
        "the best val_bpb=1.2",
        "1.5\nbye",
        '{"val_bpb": "1.2"}',
        '{"val_bpb": true}',
        '{"val_bpb": 1.2',
        "{" * 5000,
        '{"a":' * 5000,
        '["val_bpb", 1.2]',
    ],
)
def test_what_is_not_said_plainly_is_not_guessed(text: str) -> None:
    assert "val_bpb" not in read(text)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("val_bpb: nan", "nan"),
        ("METRIC val_bpb=-inf", "-inf"),
        ('{"val_bpb": NaN}', "nan"),
        ("val_bpb: 1e999", "1e999"),
    ],
)
def test_a_metric_that_is_never_finite_is_told_apart_from_a_missing_one(text: str, seen: str) -> None:
    found = scores([text], "val_bpb")
    assert "val_bpb" not in found.scores
    assert found.not_finite == seen


def test_a_lone_last_number_does_not_replace_what_was_named() -> None:
    assert read("val_bpb: 2\n7") == {"val_bpb": 2.0}
    assert scores(["val_bpb: nan\n7"], "val_bpb").scores == {}


def test_a_metric_may_have_any_name() -> None:
    assert read("p99 latency (ms): 12.5", "p99 latency (ms)") == {"p99 latency (ms)": 12.5}


def test_the_metric_is_found_behind_any_number_of_other_names() -> None:
    found = read("\n".join(f"m{i}: {i}" for i in range(1000)) + "\nval_bpb: 1")
    assert len(found) == NAMES + 1
    assert found["val_bpb"] == 1.0


@given(st.lists(st.floats(), min_size=1), st.text("ab \t:=,{}\r-", max_size=30))
def test_the_last_finite_value_wins(values: list[float], noise: str) -> None:
    text = "".join(f"{noise}\nval_bpb: {value!r}\n" for value in values)
    finite = [value for value in values if math.isfinite(value)]
    assert read(text).get("val_bpb") == (finite[-1] if finite else None)


@given(st.binary(max_size=3000))
def test_no_bytes_are_too_odd(raw: bytes) -> None:
    found = scores([plain(raw)], "val_bpb")
    assert all(math.isfinite(score.value) for score in found.scores.values())
    shown = tail(raw)
    assert all(
        character == "\n" or character.isprintable() or ord(character) > 159 for character in shown.replace("\t", "")
    )
    last_error(shown)


@given(st.lists(st.sampled_from([b"val_bpb: 1\n", b"x", b"\r", b"\n", "é".encode(), b"\x1b[1m"]), max_size=60))
def test_chunks_cover_the_file_once_and_in_order(pieces: list[bytes]) -> None:
    raw = b"".join(pieces)
    with NamedTemporaryFile() as file:
        file.write(raw)
        file.flush()
        found = list(chunks(Path(file.name)))
    assert "".join(found) == plain(raw)


def test_megabytes_and_endless_lines_are_read_in_pieces(tmp_path: Path) -> None:
    path = tmp_path / "run.log"
    path.write_bytes(b"x" * 3_000_000 + b"\n" + b"step 1\r" * 300_000 + b"\nval_bpb: 1.5\n")
    found = list(chunks(path))
    assert max(map(len, found)) < 700_000
    assert scores(found, "val_bpb").scores["val_bpb"].value == 1.5


def test_the_tail_is_what_a_terminal_would_show() -> None:
    assert tail(b"10%\r50%\r100%\r\n\x1b[1mbold\x1b[0m\x00\x08\nlast\n\n") == "100%\nbold\nlast"


def test_the_tail_cannot_hide_a_line_or_turn_text_around() -> None:
    assert tail("visible\x1b[2K\x1b[1A\u202egnp.exe".encode()) == "visiblegnp.exe"


def test_the_tail_is_short() -> None:
    shown = tail(b"".join(b"%d %s\n" % (i, b"y" * 1000) for i in range(100)))
    assert len(shown) <= 4000
    assert shown.endswith("y")


def test_the_error_of_a_traceback_is_its_sentence() -> None:
    shown = (
        'Traceback (most recent call last):\n  File "x", line 1\nRuntimeError: CUDA error\nFor debugging, consider\n'
    )
    assert last_error(shown) == "RuntimeError: CUDA error"
    assert (
        last_error("a\ntorch.OutOfMemoryError: CUDA out of memory.\n") == "torch.OutOfMemoryError: CUDA out of memory."
    )
    assert last_error("sh: 1: nope: not found\n") == "sh: 1: nope: not found"
    assert last_error("") == ""
