from __future__ import annotations

import struct
from pathlib import Path

import pytest

from overnight.ledger.ledger import Reader
from overnight.show import svg
from overnight.show.png import FONT, png
from overnight.show.series import series_of
from overnight.show.staircase import HEIGHT, WIDTH, staircase
from tests.show.long_night import LongNight, filled


def test_a_picture_is_a_png_of_twice_its_size() -> None:
    drawn = png(svg.picture(60, 20, [], ""))
    assert drawn.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", drawn[16:24]) == (120, 40)


@pytest.mark.parametrize("text", ["val_bpb 2.72 → 2.42", "−11.6 %", "ReLU²", "ускорить", "θ ≤ ½ × λ"])
def test_text_leaves_ink_on_a_machine_without_fonts(text: str) -> None:
    ink = [svg.words((2, 15), char) for char in text if char != " "]
    blank = png(svg.picture(60, 20, [], ""))
    assert all(png(svg.picture(60, 20, [each], "")) != blank for each in ink)


def test_no_letter_is_drawn_as_another() -> None:
    pictures = {png(svg.picture(30, 20, [svg.words((2, 15), char)], "")) for char in "→−×²±%µéя"}
    assert len(pictures) == 9


def test_the_font_is_small_and_bears_its_own_name() -> None:
    data = FONT.read_bytes()
    assert len(data) < 100_000
    assert "Overnight Sans".encode("utf-16-be") in data
    assert FONT.with_name("LICENSE").exists()


def test_the_font_is_the_one_that_its_page_describes() -> None:
    import hashlib

    assert hashlib.sha256(FONT.read_bytes()).hexdigest() in FONT.with_name("README.md").read_text()


@pytest.mark.slow
def test_the_picture_of_a_thousand_experiments_is_small(tmp_path: Path) -> None:
    with Reader.open(filled(tmp_path / "night", LongNight(1000))) as reader:
        drawn = png(staircase(series_of(reader)))
    assert struct.unpack(">II", drawn[16:24]) == (2 * WIDTH, 2 * HEIGHT)
    assert 50_000 < len(drawn) < 300_000
