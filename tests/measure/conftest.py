"""A warden for all tests of this room, and a short way to run one shell command through it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import overnight
from overnight.measure.process import Ended, Spec, Warden
from overnight.model import Purpose, Run, Split
from overnight.program.program import Box
from overnight.testing import a_program

Launch = Callable[..., Ended]
SOURCE = str(Path(overnight.__file__).parents[1])
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc and subreapers")

PROGRAM = a_program(metric="val_bpb", box=Box(5), kill_after_seconds=20, python="self")
RUN = Run(
    id="3-screen-0",
    experiment=3,
    commit="c0ffee",
    purpose=Purpose.SCREEN,
    split=Split.VISIBLE,
    seed=12345,
    box_seconds=5,
    kill_after_seconds=20,
)


def ignore_beats(wall_seconds: float, cpu_seconds: float) -> None: ...


def written() -> int:
    """Bytes that this process has handed to file systems on disks."""
    return int(Path("/proc/self/io").read_text().split("\nwrite_bytes: ")[1].split()[0])


@pytest.fixture
def on_disk(tmp_path: Path) -> None:
    """What is written to a file system in memory is memory, and no limit of writes counts it."""
    before = written()
    (tmp_path / "probe").write_bytes(bytes(1 << 20))
    if written() - before < 1 << 20:
        pytest.skip("the folder for temporary files is in memory")


@pytest.fixture(scope="session")
def warden() -> Iterator[Warden]:
    warden = Warden()
    yield warden
    warden.close()


@pytest.fixture
def spec(tmp_path: Path) -> Spec:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.defpath])
    env = {"PATH": path, "PYTHONUNBUFFERED": "1"}
    return Spec(("true",), env, str(tmp_path), str(tmp_path / "run.log"), kill_after_seconds=30, grace_seconds=0.3)


@pytest.fixture
def launch(warden: Warden, spec: Spec) -> Launch:
    def launch(command: str, **limits: object) -> Ended:
        asked = replace(spec, argv=("/bin/sh", "-c", command), **limits)  # type: ignore[arg-type]
        return warden.start(asked).wait(ignore_beats)

    return launch


@pytest.fixture
def in_private_namespace(tmp_path: Path) -> Callable[[str], str]:
    """Runs a Python script as the first process of a pid namespace: whatever it leaves ends with it."""
    wrap = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc", "--kill-child"]
    if not shutil.which("unshare") or subprocess.run([*wrap, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no private pid namespace to be had here")

    def run(script: str, *arguments: str) -> str:
        (tmp_path / "script.py").write_text(script)
        command = [*wrap, sys.executable, str(tmp_path / "script.py"), *arguments]
        env = {"PATH": os.environ["PATH"], "PYTHONPATH": SOURCE}
        done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run
