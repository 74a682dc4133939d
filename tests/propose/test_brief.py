"""What a brief says, to whom, and how much of it."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from overnight.model import Call, Idea
from overnight.program.program import Box, Guard
from overnight.propose.brief import DIGEST_TOKENS, FILES_TOKENS, PROSE_TOKENS, Notebook, Wanted
from overnight.propose.fence import tokens
from overnight.testing import a_program
from tests.propose.told import TRAIN, brief, experiment, section, view

CALLS = (Call.DISCARD, Call.CRASH, Call.KEEP, Call.DUPLICATE, Call.INVALID, Call.DISCARD, Call.TIMEOUT)


def long_night(experiments: int) -> Notebook:
    """With the longest of everything."""
    notebook = Notebook()
    for number in range(1, experiments + 1):
        said = f"🌙 NAME_{number} 0.1 → 0.2 " + "words " * 30
        why = f"experiment {number - 1} {number} " + "because " * 40
        told = experiment(number, CALLS[number % 7], said, 2 - number * 1e-5, "x" * 999 + "\n" * 9, why=why, runs=3)
        notebook.observe(told)
    return notebook


# ---- its size


@pytest.mark.parametrize("experiments", [10, 1_500, pytest.param(10_000, marks=pytest.mark.slow)])
def test_the_night_so_far_stays_under_its_cap(experiments: int) -> None:
    told = long_night(experiments)
    flights, words = ["is tried " * 99] * 200, ["it believes " * 99] * 50
    text = told.brief(view(in_flight=flights, believed=words), Wanted.BLOCKS)
    bare = Notebook().brief(view(), Wanted.BLOCKS)
    assert tokens(text) - tokens(bare) <= DIGEST_TOKENS
    assert len(pickle.dumps(told)) < 1_000_000


def test_what_does_not_fit_is_said() -> None:
    text = long_night(500).brief(view(), Wanted.BLOCKS)
    assert "more lines are left out." in text


def test_a_huge_file_is_cut_and_the_brief_says_where() -> None:
    text = brief(files={"train.py": "A = 1\n" * 300_000, "small.py": "B = 2\n"})
    assert "bytes are left out here (lines " in text
    assert "of 300001)" in text
    assert "B = 2" in text
    assert tokens(text) < FILES_TOKENS + 2_000


def test_a_huge_line_is_cut_too() -> None:
    text = brief(files={"data.json": "[" + "1," * 900_000 + "1]"})
    assert "bytes are left out here" in text
    assert tokens(text) < FILES_TOKENS + 2_000


def test_many_files_share_the_room() -> None:
    text = brief(files={f"{name}.py": "x = 1\n" * 60_000 for name in "abcdefgh"})
    assert text.count("bytes are left out here") == 8
    assert tokens(text) < FILES_TOKENS + 3_000


def test_thousands_of_files_are_not_all_shown() -> None:
    text = brief(files={f"{number}.py": "x = 1\n" for number in range(5_000)})
    assert "4960 more files may change, and are not shown." in text
    assert tokens(text) < 4_000


def test_huge_prose_is_cut_and_the_brief_says_so() -> None:
    text = brief(program=a_program(prose="Try this. " * 9_000 + "The end."))
    assert "bytes are left out here" in text
    assert "The end." in text
    assert tokens(text) < PROSE_TOKENS + 2_000


def test_what_people_say_is_bounded_and_the_newest_stays() -> None:
    text = brief(said=[f"remark {number} " + "x" * 5_000 for number in range(99)])
    assert "remark 98" in text
    assert "79 earlier remarks are left out" in text
    assert tokens(text) < 6_000


# ---- what it says


def test_the_task_the_program_and_what_counts_are_in_it() -> None:
    text = brief()
    assert "Make the loss smaller." in text
    assert TRAIN in text
    assert "`loss`: lower is better. The untouched program has 2, the program below 1.5." in text
    assert "Nothing has been tried yet." in text


def test_what_is_enforced_is_said() -> None:
    guards = (Guard("peak_mb", "<", 900.0),)
    program = a_program(guards=guards, box=Box(8.0, cpu=True), price=0.001, score="python score.py", memory_mb=512.0)
    text = brief(program=program)
    assert "Only train.py may change" in text
    assert "peak_mb < 900" in text
    assert "8 s of CPU time" in text
    assert "must bring 0.1 % of the metric" in text
    assert "512 MB of memory" in text
    assert "no network" in text
    assert "a search over seeds is refused" in text


@pytest.mark.parametrize(
    ("noise", "words"),
    [
        (0.01, "a difference below 0.028 is chance"),
        (0.0, "the same number in each run"),
        (None, "is not known yet"),
    ],
)
def test_the_noise_is_said_in_words(noise: float | None, words: str) -> None:
    assert words in brief(noise=noise)


def test_each_form_of_answer_has_its_own_words() -> None:
    assert "Edit them there" in brief(wanted=Wanted.FOLDER)
    assert "<<<<<<< SEARCH" in brief(wanted=Wanted.BLOCKS)
    assert "complete new text" in brief(wanted=Wanted.WHOLE)


def test_people_are_heard() -> None:
    text = brief(said=["leave the depth alone"], idea=Idea("1", "use Muon"), direction="speed: faster")
    assert "leave the depth alone" in section(text, "What the person has said since")
    assert "use Muon" in section(text, "Try this")
    assert "Where to look" not in text  # the idea is what this one looks at


def test_a_direction_is_given() -> None:
    assert "speed: faster" in section(brief(direction="speed: faster"), "Where to look")


def test_what_others_do_now_is_in_it() -> None:
    assert "halve the batch" in section(brief(in_flight=["halve the batch"]), "Being measured now")


def test_what_the_optimiser_believes_is_in_it() -> None:
    assert "RATE matters" in section(brief(believed=["RATE matters"]), "What the optimiser believes")


def test_keeps_come_with_what_each_brought() -> None:
    told = [experiment(1, Call.KEEP, "one", 1.75), experiment(2, Call.KEEP, "two", 1.5)]
    kept = section(brief(told), "Kept, newest last")
    assert "#1 1.75, better by 0.25: one" in kept
    assert "#2 1.5, better by 0.25: two" in kept


def test_a_crash_is_told_with_its_last_lines_and_each_cause_once() -> None:
    tail = "step 1\nstep 2\nTraceback\nValueError: width\n"
    told = [experiment(n, Call.CRASH, f"no {n}", None, tail, why=f"exit code 1: {n} MB") for n in (1, 2)]
    failed = section(brief(told), "Failed when they ran")
    assert "#1" not in failed
    assert "#2 crashed: no 2 (exit code 1: 2 MB)\n    | step 1" in failed
    assert "    | ValueError: width\n" in failed


def test_what_was_repeated_and_given_up_is_a_near_miss() -> None:
    told = [experiment(1, runs=4, said="often"), experiment(2, said="single")]
    near = section(brief(told), "Near misses")
    assert "#1 no better, in 4 runs: often" in near
    assert "single" not in near


def test_what_was_released_as_better_and_not_kept_is_a_near_miss() -> None:
    told = [experiment(1, Call.KEEP, "kept", 1.8), experiment(2, said="luck", score=1.7)]
    assert "#2 no better 1.7: luck" in section(brief(told), "Near misses")


def test_a_score_that_is_only_the_last_one_again_is_no_news() -> None:
    """Whoever may not know exact scores is told the best one again."""
    told = [experiment(1, score=2.0), experiment(2, Call.KEEP, "kept", 1.8), experiment(3, score=1.8)]
    text = brief(told)
    assert section(text, "Near misses") == ""
    assert "#3 no better: RATE" in section(text, "The last experiments")
    assert "#1 no better: RATE" in section(text, "The last experiments")


def test_scores_far_off_are_dead_ends() -> None:
    told = [experiment(1, score=9.0, against=2.0), *(experiment(n, said=f"no {n}") for n in range(2, 12))]
    ends = section(brief(told), "Dead ends")
    assert "#1 no better 9: RATE" in ends
    assert "#11" not in ends  # it is among the last ones


def test_a_duplicate_is_shown_with_what_became_of_the_first() -> None:
    why = "the same program as experiment 1, seeds aside"
    told = [experiment(1, Call.CRASH, "first", why="exit code 1"), experiment(2, Call.DUPLICATE, "again", why=why)]
    assert f"#2: again ({why}; #1 crashed: first (exit code 1))" in section(brief(told), "Tried before")


def test_removals_are_told_as_what_they_are() -> None:
    told = [
        experiment(1, Call.KEEP, "one", 1.9),
        experiment(2, Call.KEEP, "without #1", None, removes=1),
        experiment(3, Call.DISCARD, "without #2", None, removes=2),
    ]
    text = brief(told)
    assert "#1 is taken back" in section(text, "Taken back or examined")
    assert "#2 stays" in section(text, "Taken back or examined")
    assert "without" not in section(text, "Kept, newest last")


def test_kinds_and_constants_are_counted() -> None:
    told = [
        experiment(1, Call.KEEP, "MOMENTUM 0.9 → 0.95", 1.9, notes={"MOMENTUM": "0.9 -> 0.95"}),
        experiment(2, Call.CRASH, "MOMENTUM 0.9 → 1.5", notes={"MOMENTUM": "0.9 -> 1.5"}),
        experiment(3, Call.DISCARD, "remove the second head", lines=""),
    ]
    text = brief(told)
    assert "optimiser: 2 tried, 1 kept, 1 failed, better by 0.1 together" in text
    assert "simplify: 1 tried, 0 kept, 0 failed" in text
    assert "MOMENTUM: 2 times, 1 kept, 1 failed" in text


def test_the_docs_say_the_caps() -> None:
    page = (Path(__file__).parents[2] / "docs" / "brief.md").read_text()
    for most in (PROSE_TOKENS, FILES_TOKENS, DIGEST_TOKENS):
        assert f"{most:,} tokens" in page
