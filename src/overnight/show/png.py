"""A picture as PNG bytes, from the SVG that is shown elsewhere: each picture is drawn once.

Promises: text appears on a machine that has no fonts, and the same picture gives the same pixels everywhere, as long as
its text is in Latin, Greek or Cyrillic letters. For other scripts it asks the machine's own fonts.
"""

from __future__ import annotations

import unicodedata
from pathlib import Path

FONT = Path(__file__).parent / "font" / "OvernightSans.ttf"
FAMILY = "Overnight Sans"
OURS = ("LATIN", "GREEK", "CYRILLIC")
SHARP = 2.0  # pixels for each unit of the SVG: sharp on today's screens


def png(svg: str) -> bytes:
    import resvg_py  # costs a start-up that only pictures need

    return resvg_py.svg_to_bytes(
        svg_string=svg,
        zoom=SHARP,
        font_files=[str(FONT)],
        skip_system_fonts=not any(map(_foreign, set(svg))),
        font_family=FAMILY,
        sans_serif_family=FAMILY,
    )


def _foreign(char: str) -> bool:
    """A letter that our font does not have."""
    return char.isalpha() and not unicodedata.name(char, "").startswith(OURS)
