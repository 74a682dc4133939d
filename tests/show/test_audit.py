from __future__ import annotations

from overnight.judge.audit import audit
from overnight.judge.results import Results, Tried
from overnight.model import Call, Goal
from overnight.show.audit import audit_text, sentence
from overnight.show.paint import Screen, columns_of
from overnight.show.plot import audit_svg, plot
from tests.judge.simulated_night import simulated

NIGHT = audit(simulated(2, 0.2, 50).results)
FEW = audit(Results("loss", Goal.MINIMIZE, "", (Tried(0, Call.KEEP, 2.0, ""), Tried(1, Call.KEEP, 1.0, "a"))))


def test_every_line_fits_a_narrow_screen() -> None:
    for width in (60, 80, 132):
        screen = Screen(width=width, height=24, unicode=True)
        assert max(columns_of(line) for line in audit_text(NIGHT, "results.tsv", screen)) <= max(width, 75)


def test_where_colour_is_not_wanted_there_is_none() -> None:
    assert "\x1b" not in "".join(audit_text(NIGHT, "x", Screen()))
    assert "\x1b" in "".join(audit_text(NIGHT, "x", Screen(colour=True)))


def test_the_sentence_says_claim_estimate_and_interval() -> None:
    said = sentence(NIGHT)
    assert "two runs of the same code differ by" in said
    assert "claimed" in said
    assert " to " in said


def test_what_cannot_be_known_is_said_and_not_guessed() -> None:
    text = "\n".join(audit_text(FEW, "x", Screen()))
    assert "cannot be known from this table" in text
    assert "no gain" not in text
    assert "−50.00 % claimed" in text


def test_the_plot_has_a_mark_for_every_keep_and_a_legend() -> None:
    *rows, legend = plot(FEW, Screen(width=80))
    assert sum(row.count("o") + row.count("?") for row in rows) == 2
    assert "not kept" in legend


def test_a_single_score_can_be_drawn() -> None:
    one = audit(Results("loss", Goal.MINIMIZE, "", (Tried(0, Call.KEEP, 0.0, "baseline"),)))
    assert "Nothing was kept" in "\n".join(audit_text(one, "x", Screen()))
    assert audit_svg(one, "x").startswith("<svg")


def test_nothing_in_the_picture_is_a_strangers_markup() -> None:
    tried = (Tried(0, Call.KEEP, 2.0, "<a>"), Tried(1, Call.KEEP, 1.0, "\x1b<b onload='x'>\x07"))
    drawn = audit_svg(audit(Results("<m>", Goal.MINIMIZE, "", tried)), "<t>")
    assert not any(each in drawn for each in ("<a>", "<b", "<m>", "<t>", "\x1b", "\x07"))
