"""A run from the commit to the Trial."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from overnight.measure.execute import NotMeasured, Place, execute
from overnight.measure.process import Running, Warden
from overnight.model import Rung, Slot, Status, Trial
from overnight.program.program import Box, Program
from tests.measure.conftest import LINUX, PROGRAM, RUN

Measure = Callable[..., Trial]


class Follower:
    def started(self, running: Running) -> None: ...
    def beat(self, wall_seconds: float, cpu_seconds: float, curve: Sequence[float] = ()) -> None: ...


@pytest.fixture
def place(tmp_path: Path) -> Place:
    for name in ("root", "commit", "user"):
        (tmp_path / name).mkdir()

    def checkout(commit: str, into: Path) -> None:
        assert commit == RUN.commit
        shutil.copytree(tmp_path / "commit", into, symlinks=True)

    path = os.pathsep.join([str(Path(sys.executable).parent), os.defpath])
    environ = {"PATH": path, "HOME": str(tmp_path / "user"), "API_KEY": "hunter2"}
    return Place(tmp_path / "root", tmp_path / "scratch", tmp_path / "runs", "n-t", checkout, environ, "a machine")


@pytest.fixture
def measure(place: Place, warden: Warden, tmp_path: Path) -> Measure:
    def measure(script: str, program: Program = PROGRAM, place: Place = place) -> Trial:
        (tmp_path / "commit/train.py").write_text(script)
        return execute(RUN, 1, Slot("slot-1"), Follower(), program, place, warden)

    return measure


def test_a_run_gives_its_number(measure: Measure) -> None:
    trial = measure("import os; print('val_bpb:', os.environ['OVERNIGHT_SEED'])")
    assert (trial.status, trial.scores["val_bpb"].value, trial.exit_code) == (Status.OK, 12345.0, 0)
    assert trial.hardware == "a machine"


def test_the_log_stays_and_the_folder_of_the_run_goes(measure: Measure, place: Place) -> None:
    measure("print('hello')")
    assert (place.runs / RUN.id / "run.log").read_text() == "hello\n"
    place.broom.wait()
    assert os.listdir(place.scratch) == []


def test_what_an_earlier_attempt_left_is_not_seen(measure: Measure, place: Place) -> None:
    (place.scratch / RUN.id / "tree").mkdir(parents=True)
    (place.scratch / RUN.id / "tree/left").touch()
    measure("import os; print(sorted(os.listdir()))")
    assert (place.runs / RUN.id / "run.log").read_text() == "['train.py']\n"


def test_no_secret_of_ours_can_be_found_in_a_run_or_its_parents(measure: Measure, place: Place) -> None:
    look = """
import os
print(dict(os.environ))
if os.path.exists("/proc"):
    parent = os.getppid()
    while b"warden" not in open(f"/proc/{parent}/cmdline", "rb").read():
        parent = int(open(f"/proc/{parent}/stat").read().rpartition(")")[2].split()[1])
    print("warden:", open(f"/proc/{parent}/environ").read())
"""
    measure(look)
    seen = (place.runs / RUN.id / "run.log").read_text()
    assert "OVERNIGHT_SEED" in seen
    assert "hunter2" not in seen


def test_a_hard_coded_seed_becomes_the_runs(measure: Measure, place: Place) -> None:
    script = "import random\nSEED = 1337\nrandom.seed(42)\nprint('val_bpb:', SEED)"
    assert measure(script).scores["val_bpb"].value == 12345.0
    assert measure(script, replace(PROGRAM, seed_literals=False)).scores["val_bpb"].value == 1337.0


def test_only_editable_files_get_the_seed(measure: Measure, tmp_path: Path) -> None:
    (tmp_path / "commit/fixed.py").write_text("SEED = 1337")
    assert measure("import fixed; print('val_bpb:', fixed.SEED)").scores["val_bpb"].value == 1337.0


def test_a_program_in_a_folder_runs_there(measure: Measure, tmp_path: Path) -> None:
    (tmp_path / "commit/sub").mkdir()
    (tmp_path / "commit/sub/job.sh").write_text("echo val_bpb: 3")
    program = replace(PROGRAM, folder="sub", run="sh job.sh | cat")
    assert measure("", program).scores["val_bpb"].value == 3.0


def test_shared_data_and_caches_are_found_where_scripts_look(measure: Measure, place: Place, tmp_path: Path) -> None:
    (place.root / "data").mkdir()
    (place.root / "data/n").write_text("1")
    (tmp_path / "user/.cache/set").mkdir(parents=True)
    (tmp_path / "user/.cache/set/n").write_text("2")
    look = "n = lambda path: open(os.path.expanduser(path)).read()"
    script = f"import os; {look}; print('val_bpb:', n('data/n') + n('~/.cache/set/n'))"
    trial = measure(script, replace(PROGRAM, share=("data", "~/.cache/set")))
    assert trial.scores["val_bpb"].value == 12.0
    assert (tmp_path / "user/.cache/set/n").exists()


def test_what_save_names_is_kept(measure: Measure, place: Place) -> None:
    measure("open('model.bin', 'w').write('w'); print('val_bpb: 1')", replace(PROGRAM, save=("*.bin",)))
    assert (place.runs / RUN.id / "saved/model.bin").read_text() == "w"


def test_what_save_names_is_not_kept_of_a_crash(measure: Measure, place: Place) -> None:
    measure("open('model.bin', 'w').write('w'); exit(1)", replace(PROGRAM, save=("*.bin",)))
    assert not (place.runs / RUN.id / "saved").exists()


def test_a_command_that_does_not_exist_is_a_crash_that_says_so(measure: Measure) -> None:
    trial = measure("", replace(PROGRAM, run="no-such-command --fast"))
    assert (trial.status, trial.exit_code) == (Status.CRASH, 127)
    assert "no-such-command" in trial.why


def test_a_run_that_locks_its_own_folder_leaves_nothing(measure: Measure, place: Place) -> None:
    trial = measure(
        "import os; os.mkdir('a'); open('a/b', 'w'); os.chmod('a', 0); os.chmod('.', 0o500); print('val_bpb: 1')"
    )
    assert trial.status is Status.OK
    place.broom.wait()
    assert os.listdir(place.scratch) == []


@pytest.mark.slow
@LINUX
def test_a_cpu_box_ends_a_run_by_its_cpu_time(warden: Warden, measure: Measure, place: Place, tmp_path: Path) -> None:
    (tmp_path / "commit/train.py").write_text("while True: pass")
    run = replace(RUN, kill_after_seconds=0.6)
    trial = execute(run, 1, Slot("slot-1"), Follower(), replace(PROGRAM, box=Box(1, cpu=True)), place, warden)
    assert (trial.status, "CPU seconds" in trial.why) == (Status.TIMEOUT, True)


def test_a_run_that_fails_a_rung_is_pruned_and_has_no_score(place: Place, warden: Warden, tmp_path: Path) -> None:
    script = "import time\nfor i in range(500):\n print('loss 5', flush=True)\n time.sleep(0.02)\nprint('val_bpb: 1')"
    (tmp_path / "commit/train.py").write_text(script)
    run = replace(RUN, rungs=tuple(Rung(share, 4.0) for share in (0.1, 0.3, 0.6)))
    trial = execute(run, 1, Slot("slot-1"), Follower(), replace(PROGRAM, curve=r"loss (\S+)"), place, warden)
    assert (trial.status, trial.scores, trial.curve[0][1]) == (Status.PRUNED, {}, 5.0)
    assert trial.why.endswith("0 % of the box: its curve was at 5, where 4 was needed for a 2 % chance")


def test_a_folder_that_is_not_there_is_our_failure_and_no_trial(measure: Measure, place: Place) -> None:
    with pytest.raises(NotMeasured, match="run 3-screen-0 could not be measured: FileNotFoundError"):
        measure("", replace(PROGRAM, folder="missing"))
    place.broom.wait()
    assert os.listdir(place.scratch) == []


def test_uv_runs_a_script_in_the_users_venv_offline(measure: Measure, place: Place, tmp_path: Path) -> None:
    if not shutil.which("uv", path=place.environ["PATH"]):
        pytest.skip("uv is not installed")
    (tmp_path / "commit/pyproject.toml").write_text('[project]\nname = "x"\nversion = "1"\ndependencies = ["numpy"]\n')
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place.root / ".venv"], check=True)
    program = replace(PROGRAM, run="uv run train.py", python="auto", share=(".venv",))
    trial = measure("import sys; print(sys.prefix); print('val_bpb: 1')", program)
    assert trial.tail.splitlines()[-2:] == [str(place.root / ".venv"), "val_bpb: 1"], trial.tail
