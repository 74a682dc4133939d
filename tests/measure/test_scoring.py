"""A number that is made apart from the candidate: what each side finds, and what becomes of every way to fail."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from overnight.measure.execute import Place, execute
from overnight.measure.process import Running, Warden
from overnight.measure.trial import MEASURED
from overnight.model import Purpose, Slot, Split, Status, Trial
from overnight.program.program import Program
from tests.measure.conftest import LINUX, PROGRAM, RUN

Measure = Callable[..., Trial]

SEALED = replace(
    PROGRAM,
    python="auto",
    artefact=("answer.txt",),
    score="python score.py",
    hidden=("labels/{split}.txt",),
    protect=("score.py",),
)
ASKED = replace(SEALED, artefact=(), answer="python train.py --answer", hidden=("labels/visible.txt",))
SCORE = """
import os
from overnight import sealed
label = float(open(f"labels/{os.environ['OVERNIGHT_SPLIT']}.txt").read())
said = float(sealed.artefact("answer.txt").read_text())
print("val_bpb:", abs(label - said))
"""
LEAVE = "open('answer.txt', 'w').write('1')\n"
LABELS = {"labels/visible.txt": "3", "labels/hidden.txt": "5", "labels/sealed.txt": "8"}
PRINT = "import sys; print(*{}, file=sys.stderr)"


class Follower:
    """Stops the run when the process with this number has started."""

    def __init__(self, stop_at: int = 0) -> None:
        self.left = stop_at

    def started(self, running: Running) -> None:
        self.left -= 1
        if self.left == 0:
            running.stop()

    def beat(self, wall_seconds: float, cpu_seconds: float, curve: Sequence[float] = ()) -> None: ...


@pytest.fixture
def place(tmp_path: Path) -> Place:
    for name in ("root", "commit", "user"):
        (tmp_path / name).mkdir()

    def checkout(commit: str, into: Path) -> None:
        shutil.copytree(tmp_path / "commit", into, symlinks=True)

    path = os.pathsep.join([str(Path(sys.executable).parent), os.defpath])
    environ = {"PATH": path, "HOME": str(tmp_path / "user")}
    return Place(tmp_path / "root", tmp_path / "s", tmp_path / "runs", "n-t", checkout, environ, "", secret="hush")


@pytest.fixture
def measure(place: Place, warden: Warden, tmp_path: Path) -> Measure:
    def measure(
        train: str = LEAVE,
        score: str = SCORE,
        program: Program = SEALED,
        split: Split = Split.VISIBLE,
        watch: Follower | None = None,
        files: Mapping[str, str] = LABELS,
    ) -> Trial:
        for name, text in {**files, "train.py": train, "score.py": score}.items():
            (tmp_path / "commit" / name).parent.mkdir(exist_ok=True)
            (tmp_path / "commit" / name).write_text(text)
        run = replace(RUN, split=split, purpose=Purpose.SCREEN if split is Split.VISIBLE else Purpose.CLAIM)
        return execute(run, 1, Slot("slot-1"), watch or Follower(), program, place, warden)

    return measure


def values(trial: Trial) -> dict[str, float]:
    """Without what is measured of every run."""
    return {name: score.value for name, score in trial.scores.items() if name not in MEASURED}


# Whose number counts.


def test_the_scorer_makes_the_number_on_both_splits(measure: Measure) -> None:
    trial = measure()
    assert (trial.status, trial.why, trial.sealed) == (Status.OK, "val_bpb 2", True)
    assert (trial.scores["val_bpb"].value, trial.hidden["val_bpb"].value) == (2.0, 4.0)


def test_a_claim_is_scored_on_the_sealed_split_only(measure: Measure) -> None:
    trial = measure(split=Split.SEALED)
    assert (values(trial), trial.hidden) == ({"val_bpb": 7.0}, {})


def test_one_set_is_scored_once(measure: Measure) -> None:
    score = SCORE.replace("{os.environ['OVERNIGHT_SPLIT']}", "visible")
    trial = measure(score=score, program=replace(SEALED, hidden=("labels/visible.txt",)))
    assert (values(trial), trial.hidden) == ({"val_bpb": 2.0}, {})


def test_what_the_run_prints_is_never_the_metric(measure: Measure) -> None:
    trial = measure(LEAVE + "print('val_bpb: -1e9\\ntrain_loss: 7\\n-1e9')")
    assert values(trial) == {"val_bpb": 2.0, "train_loss": 7.0}


def test_what_the_run_prints_does_not_override_the_scorer(measure: Measure) -> None:
    trial = measure(LEAVE + "print('accuracy: 1')", SCORE + "print('accuracy: 0.5')")
    assert values(trial)["accuracy"] == 0.5


def test_a_printed_number_is_no_number_of_the_scorers(measure: Measure) -> None:
    trial = measure(LEAVE + "print('val_bpb: 0')", "pass")
    assert (trial.status, trial.why) == (Status.UNSCORED, "visible: val_bpb is in no line of the scorer's")
    assert "val_bpb" not in trial.scores


def test_scores_of_single_examples_are_kept_as_folds(measure: Measure) -> None:
    trial = measure(score="from overnight import sealed; sealed.report(val_bpb=[1, 2, 6])")
    found = trial.scores["val_bpb"]
    assert (found.value, found.n, found.folds) == (3.0, 3, (1.0, 2.0, 6.0))


# What each side finds.


def test_no_run_finds_what_is_hidden(measure: Measure, place: Place) -> None:
    look = "import os; print(sorted(os.listdir()), os.listdir('labels'))"
    for split in (Split.VISIBLE, Split.SEALED):
        measure(LEAVE + look, split=split)
        assert (place.runs / RUN.id / "run.log").read_text() == "['answer.txt', 'labels', 'score.py', 'train.py'] []\n"


def test_no_run_finds_what_is_hidden_in_a_shared_folder(measure: Measure, place: Place) -> None:
    (place.root / "data").mkdir()
    for name in ("rows", "visible", "hidden", "sealed"):
        (place.root / "data" / name).write_text(name)
    program = replace(SEALED, share=("data",), hidden=("data/{split}",))
    look = "import os; print(sorted(os.listdir('data')))"
    scorer = f"{look}; print('val_bpb:', len(open('data/' + os.environ['OVERNIGHT_SPLIT']).read()))"
    trial = measure(LEAVE + look, scorer, program, files={})
    assert (place.runs / RUN.id / "run.log").read_text() == "['rows']\n"
    assert (place.runs / RUN.id / "score-hidden.log").read_text().startswith("['hidden', 'rows']\n")
    assert (trial.scores["val_bpb"].value, trial.hidden["val_bpb"].value) == (7.0, 6.0)


def test_a_scorer_finds_its_own_split_and_nothing_that_a_candidate_may_change(measure: Measure, place: Place) -> None:
    measure(score="import os; print(sorted(os.listdir()), os.listdir('labels'))\nprint('val_bpb: 1')")
    for split in ("visible", "hidden"):
        found = (place.runs / RUN.id / f"score-{split}.log").read_text().splitlines()[0]
        assert found == f"['labels', 'score.py'] ['{split}.txt']"


def test_only_the_scorer_knows_its_secret_and_its_split(measure: Measure, place: Place) -> None:
    show = "import os; print(os.environ.get('OVERNIGHT_SECRET'), os.environ['OVERNIGHT_SPLIT'])\nprint('val_bpb: 1')"
    measure(LEAVE + show, show, split=Split.SEALED)
    assert (place.runs / RUN.id / "run.log").read_text().startswith("None visible\n")
    said = (place.runs / RUN.id / "score-sealed.log").read_text().split()[0]
    assert said == place.secret_for(RUN.id, "sealed") != place.secret_for(RUN.id, "visible")


def test_what_save_names_is_kept_also_of_an_artefact(measure: Measure, place: Place) -> None:
    measure(LEAVE + "open('log.txt', 'w').write('2')", program=replace(SEALED, save=("*.txt",)))
    assert (place.runs / RUN.id / "saved/answer.txt").read_text() == "1"
    assert (place.runs / RUN.id / "saved/log.txt").read_text() == "2"


def test_nothing_is_left_of_any_stage(measure: Measure, place: Place) -> None:
    measure()
    place.broom.wait()
    assert os.listdir(place.scratch) == []


# What a run leaves.


@pytest.mark.parametrize(
    ("leave", "why"),
    [
        ("pass", "the run left no answer.txt"),
        ("import os; os.symlink('/etc/passwd', 'answer.txt')", "answer.txt cannot be taken, as it is a link"),
        ("import os; os.mkfifo('answer.txt')", "answer.txt is no plain file with one name"),
        ("import os; open('a', 'w'); os.link('a', 'answer.txt')", "answer.txt is no plain file with one name"),
        ("import os; os.mkdir('answer.txt')", "the run left no answer.txt"),
        (
            "import os; os.rename('../tree', '../t'); os.mkdir('../tree'); open('../tree/answer.txt', 'w')",
            "its folder is not the one it was given",
        ),
    ],
    ids=["nothing", "link", "pipe", "second name", "folder", "other folder"],
)
def test_what_is_no_plain_file_is_not_scored(measure: Measure, leave: str, why: str) -> None:
    trial = measure(leave)
    assert (trial.status, trial.why[: len(why)], values(trial)) == (Status.UNSCORED, why, {})


def test_artefacts_are_together_no_more_than_a_run_may_write(measure: Measure) -> None:
    leave = "[open(f'{n}.bin', 'wb').truncate(600_000) for n in '12']"  # holes, so that nothing is written at all
    trial = measure(leave, program=replace(SEALED, artefact=("*.bin",), writes_mb=1))
    assert (trial.status, trial.why) == (Status.UNSCORED, "what the run left is larger than it may write, with 2.bin")


def test_a_link_on_the_way_is_not_followed(measure: Measure, place: Place) -> None:
    (place.root / "answer.txt").write_text("3")
    leave = f"import os; os.symlink({str(place.root)!r}, 'out')"
    trial = measure(leave, program=replace(SEALED, artefact=("out/answer.txt",)))
    assert (trial.status, (place.root / "answer.txt").exists()) == (Status.UNSCORED, True)


def test_artefacts_keep_their_paths(measure: Measure) -> None:
    leave = "import os; os.makedirs('a/b'); [open(f'a/b/{n}', 'w').write(n) for n in '123']"
    score = "from overnight.sealed import artefact\n"
    score += "print('val_bpb:', sum(float(artefact(f'a/b/{n}').read_text()) for n in '123'))"
    assert measure(leave, score, replace(SEALED, artefact=("a/**/*",))).scores["val_bpb"].value == 6.0


def test_a_run_that_crashes_is_not_scored(measure: Measure, place: Place) -> None:
    trial = measure(LEAVE + "exit(3)")
    assert (trial.status, trial.sealed) == (Status.CRASH, False)
    assert not (place.runs / RUN.id / "score-visible.log").exists()


# How a scorer ends.


@pytest.mark.parametrize(
    ("score", "status", "why"),
    [
        ("exit('the rows do not fit')", Status.UNSCORED, "visible: the rows do not fit"),
        ("1 / 0", Status.UNSCORED, "visible: ZeroDivisionError: division by zero"),
        ("print('val_bpb: nan')", Status.UNSCORED, "visible: val_bpb was nan"),
        ("from overnight.sealed import refuse; refuse('it looked')", Status.REFUSED, "visible: it looked"),
        ("exit(4)", Status.UNSCORED, "visible: the scorer ended with 4"),
    ],
)
def test_a_scorer_that_fails_says_why(measure: Measure, score: str, status: Status, why: str) -> None:
    trial = measure(score=score)
    assert (trial.status, trial.why) == (status, why)


def test_a_failure_on_the_hidden_split_counts(measure: Measure) -> None:
    trial = measure(score="import os\nassert os.environ['OVERNIGHT_SPLIT'] == 'visible'\nprint('val_bpb: 1')")
    assert (trial.status, trial.why) == (Status.UNSCORED, "hidden: AssertionError")


def test_a_run_can_be_stopped_while_it_is_scored(measure: Measure) -> None:
    trial = measure(score="import time; time.sleep(60)", watch=Follower(stop_at=2))
    assert (trial.status, trial.why) == (Status.STOPPED, "stopped while it was scored")


# Answers.

ANSWER = """
import sys
from overnight.sealed import answer
if sys.argv[1:]:
    answer(lambda rows: rows * 2)
"""
ASK = """
import numpy as np
from overnight import sealed
print("val_bpb:", float(sealed.Candidate().ask(np.array([21]), shape=(1,), dtype="int64")[0]))
"""


@pytest.mark.smoke
def test_a_candidate_answers_apart_from_the_data(measure: Measure, place: Place) -> None:
    looks = ANSWER.replace("    answer(", "    import os; print(os.listdir('labels'), flush=True)\n    answer(")
    trial = measure(looks, ASK, replace(ASKED, hidden=SEALED.hidden))
    assert (trial.scores["val_bpb"].value, trial.hidden["val_bpb"].value) == (42.0, 42.0)
    assert (place.runs / RUN.id / "answer.log").read_text() == "[]\n"


@pytest.mark.slow
def test_a_candidate_finds_what_its_run_left_where_it_left_it(measure: Measure) -> None:
    leave = "\nelse:\n    import os; os.mkdir('out'); open('out/n', 'w').write('7')"
    answers = ANSWER.replace("rows * 2", "rows * int(open('out/n').read())") + leave
    assert measure(answers, ASK, replace(ASKED, artefact=("out/n",))).scores["val_bpb"].value == 147.0


@pytest.mark.slow
def test_only_we_say_what_answering_took(measure: Measure) -> None:
    trial = measure(ANSWER + "print('answer_seconds: -1')", ASK, ASKED)
    assert trial.scores["answer_seconds"].value > 0


@pytest.mark.slow
def test_each_candidate_of_a_scorer_is_another_process(measure: Measure) -> None:
    answers = ANSWER.replace("rows * 2", "rows * 0 + os.getpid()").replace("import sys", "import os, sys")
    ask = ASK + "ask = lambda: sealed.Candidate().ask(np.array([0]), shape=(1,), dtype='int64')[0]\n"
    ask += "print('val_bpb:', len({int(ask()) for _ in range(3)}))"
    assert measure(answers, ask, ASKED).scores["val_bpb"].value == 3.0


@pytest.mark.slow
def test_who_answers_stays_for_the_other_split(measure: Measure) -> None:
    answers = ANSWER.replace("rows * 2", "rows * 0 + os.getppid() * 10**6 + os.getpid() % 10**6")
    trial = measure(answers.replace("import sys", "import os, sys"), ASK, replace(ASKED, hidden=SEALED.hidden))
    assert trial.scores["val_bpb"].value == trial.hidden["val_bpb"].value > 0


@pytest.mark.slow
def test_a_scorer_that_asks_for_too_many_candidates_ends(measure: Measure) -> None:
    trial = measure(ANSWER, "from overnight.sealed import Candidate\nwhile True: Candidate()", ASKED)
    assert (trial.status, trial.why) == (Status.UNSCORED, "visible: the harness gives no more candidates")


@pytest.mark.slow
def test_what_a_candidate_died_of_is_said_for_the_visible_split_only(measure: Measure) -> None:
    answers = ANSWER.replace("rows * 2", "1 / 0")
    assert measure(answers, ASK, ASKED).why == (
        "visible: the candidate ended without an answer; the candidate's last line: ZeroDivisionError: division by zero"
    )
    only_hidden = "import os\nif os.environ['OVERNIGHT_SPLIT'] == 'visible': print('val_bpb: 1'); exit()\n" + ASK
    program = replace(ASKED, hidden=SEALED.hidden)
    assert measure(answers, only_hidden, program).why == "hidden: the candidate ended without an answer"


def test_a_candidate_that_hangs_ends_with_its_scorer(measure: Measure, place: Place) -> None:
    ask = ASK.replace("Candidate()", "Candidate(seconds=0.4)")
    trial = measure("import sys, time\nif sys.argv[1:]: time.sleep(600)", ask, ASKED)
    assert (trial.status, trial.why[:60]) == (
        Status.UNSCORED,
        "visible: the candidate had not answered after 0.4 s",
    )
    place.broom.wait()
    assert os.listdir(place.scratch) == []


# The clock, and repeats.


def test_a_fake_clock_gains_nothing(measure: Measure, warden: Warden, place: Place, tmp_path: Path) -> None:
    still = "import time\ntime.time = time.monotonic = time.perf_counter = lambda: 0\nwhile time.time() < 1: pass"
    (tmp_path / "commit/train.py").write_text(still)
    run = replace(RUN, kill_after_seconds=0.3)
    trial = execute(run, 1, Slot("slot-1"), Follower(), PROGRAM, place, warden)
    assert trial.status is Status.TIMEOUT


@LINUX
def test_a_program_that_is_timed_runs_so_often_and_the_median_counts(measure: Measure, tmp_path: Path) -> None:
    count = f"import os; p = {str(tmp_path / 'n')!r}; open(p, 'a').write('.'); n = os.path.getsize(p)\n"
    trial = measure(count + "print('val_bpb:', [9, 1, 2][n - 1])", program=replace(PROGRAM, timing=3))
    assert (values(trial), trial.why) == ({"val_bpb": 2.0}, "val_bpb 2, the median of 3")


def test_of_a_scored_program_the_scoring_is_repeated(measure: Measure, tmp_path: Path) -> None:
    count = f"import os; p = {str(tmp_path / 'n')!r}; open(p, 'a').write('.'); n = os.path.getsize(p)\n"
    trial = measure(
        LEAVE + "print('runs: 1')",
        count + "print('val_bpb:', [9, 1, 2][n - 1])",
        replace(SEALED, timing=3, hidden=()),
    )
    assert (values(trial), trial.scores["val_bpb"].n) == ({"val_bpb": 2.0, "runs": 1.0}, 3)


def test_the_first_repeat_that_fails_is_the_result(measure: Measure, tmp_path: Path) -> None:
    count = f"import os; p = {str(tmp_path / 'n')!r}; open(p, 'a').write('.'); n = os.path.getsize(p)\n"
    trial = measure(count + "print('val_bpb:', 1 / (2 - n))", program=replace(PROGRAM, timing=3))
    assert (trial.status, (tmp_path / "n").read_text()) == (Status.CRASH, "..")
