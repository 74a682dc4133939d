"""How runs end, as real processes."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from overnight.measure.process import Running, Spec, Warden, Why
from overnight.measure.tree import children
from overnight.measure.warden import SPARES
from tests.measure.conftest import LINUX, Launch, ignore_beats

PATIENCE = 30.0  # seconds for what takes none, on a machine that has much else to do


def log_of(spec: Spec) -> bytes:
    return Path(spec.log).read_bytes()


def line_in_log(spec: Spec) -> list[int]:
    """Waits for the one line of numbers that the run prints first."""
    end = time.monotonic() + PATIENCE
    while not (Path(spec.log).exists() and log_of(spec).endswith(b"\n")):
        assert time.monotonic() < end, "the run has not begun"
        time.sleep(0.005)
    return [int(number) for number in log_of(spec).split()]


def shell(warden: Warden, spec: Spec, command: str, **limits: object) -> Running:
    return warden.start(replace(spec, argv=("/bin/sh", "-c", command), **limits))  # type: ignore[arg-type]


def test_an_exit_code_is_told_exactly(launch: Launch) -> None:
    ended = launch("exit 7")
    assert (ended.why, ended.code, ended.signal) == (Why.EXIT, 7, None)


def test_a_signal_that_was_not_ours_is_told_as_one(launch: Launch) -> None:
    ended = launch("kill -SEGV $$")
    assert (ended.why, ended.code, ended.signal) == (Why.EXIT, None, signal.SIGSEGV)


def test_both_streams_go_to_the_log_as_they_are(launch: Launch, spec: Spec) -> None:
    launch(r"printf 'a\000\377\r'; printf b >&2")
    assert log_of(spec) == b"a\0\xff\rb"


def test_a_run_past_its_wall_limit_is_ended(launch: Launch) -> None:
    ended = launch("sleep 60", kill_after_seconds=0.2, grace_seconds=PATIENCE)
    assert (ended.why, ended.signal) == (Why.TIMEOUT, signal.SIGTERM)
    assert ended.usage.wall_seconds >= 0.2


def test_a_run_that_ignores_sigterm_is_killed_after_the_grace(warden: Warden, spec: Spec) -> None:
    running = shell(warden, spec, "trap '' TERM; echo 1; while :; do sleep 0.05; done", grace_seconds=0.2)
    line_in_log(spec)
    running.stop()
    ended = running.wait(ignore_beats)
    assert (ended.why, ended.signal, log_of(spec)) == (Why.STOPPED, signal.SIGKILL, b"1\n")


def test_a_run_may_use_its_grace_to_finish(warden: Warden, spec: Spec) -> None:
    running = shell(warden, spec, "trap 'echo bye; exit 0' TERM; echo 1; sleep 60 & wait", grace_seconds=PATIENCE)
    line_in_log(spec)
    running.stop()
    ended = running.wait(ignore_beats)
    assert (ended.why, ended.code, log_of(spec)) == (Why.STOPPED, 0, b"1\nbye\n")


@LINUX
def test_a_cpu_box_counts_the_whole_tree(launch: Launch) -> None:
    ended = launch("(while :; do :; done) & (while :; do :; done) & wait", cpu_seconds=0.4)
    assert ended.why is Why.CPU
    assert ended.usage.cpu_seconds > 0.35


def test_the_output_cap_is_exact(launch: Launch, spec: Spec) -> None:
    ended = launch("yes", output_bytes=1_234_567)
    assert ended.why is Why.OUTPUT
    assert len(log_of(spec)) == 1_234_567


def test_output_that_just_fits_is_no_flood(launch: Launch) -> None:
    assert launch("head -c 100000 /dev/zero", output_bytes=100_000).why is Why.EXIT


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_our_failure_and_names_itself(launch: Launch) -> None:
    ended = launch("echo hello; sleep 60", log="/dev/full")
    assert (ended.why, ended.note) == (Why.FAILED, "run.log: No space left on device")


def test_a_program_that_is_not_there_is_our_failure(warden: Warden, spec: Spec) -> None:
    ended = warden.start(replace(spec, argv=("/no/such/program",))).wait(ignore_beats)
    assert ended.why is Why.FAILED
    assert "/no/such/program" in ended.note


def test_a_run_that_closes_its_output_goes_on(launch: Launch, spec: Spec) -> None:
    ended = launch("echo before; exec >&- 2>&-; sleep 0.2; exit 4")
    assert (ended.why, ended.code, log_of(spec)) == (Why.EXIT, 4, b"before\n")  # 4 is said only when it is over


def test_a_run_that_deletes_its_folder_ends_as_any_other(launch: Launch, tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    assert launch("rmdir ../gone; echo done", cwd=str(tmp_path / "gone")).code == 0


@LINUX
def test_a_daemon_that_holds_the_output_blocks_nobody_and_is_counted(launch: Launch, spec: Spec) -> None:
    ended = launch("sleep 60 & (setsid sleep 60 &) ; echo done")
    assert (ended.why, ended.code, log_of(spec)) == (Why.EXIT, 0, b"done\n")
    assert ended.usage.left_behind >= 2


def test_stopping_asks_first(warden: Warden, spec: Spec) -> None:
    running = warden.start(replace(spec, argv=("sleep", "60"), grace_seconds=PATIENCE))
    running.stop()
    ended = running.wait(ignore_beats)
    assert (ended.why, ended.signal) == (Why.STOPPED, signal.SIGTERM)


def test_killing_does_not_ask(warden: Warden, spec: Spec) -> None:
    running = shell(warden, spec, "trap '' TERM; echo 1; sleep 60; sleep 60", grace_seconds=50)
    line_in_log(spec)
    running.stop()
    running.kill()
    ended = running.wait(ignore_beats)
    assert (ended.why, ended.signal) == (Why.STOPPED, signal.SIGKILL)


def test_to_stop_what_has_ended_is_nothing(warden: Warden, spec: Spec) -> None:
    running = warden.start(spec)
    assert running.wait(ignore_beats).code == 0
    running.stop()
    running.kill()


def test_a_run_is_heard_of_while_it_runs(warden: Warden, spec: Spec) -> None:
    heard: list[tuple[float, float]] = []
    often = replace(spec, argv=("sleep", "0.8"), beat_seconds=0.1)
    warden.start(often).wait(lambda wall, cpu: heard.append((wall, cpu)))
    assert len(heard) >= 2
    assert heard[-1][0] >= 0.1


def test_many_threads_may_run_at_once(warden: Warden, spec: Spec) -> None:
    codes: dict[int, int | None] = {}

    def one(code: int) -> None:
        asked = replace(spec, argv=("/bin/sh", "-c", f"exit {code}"), log=f"{spec.log}{code}")
        codes[code] = warden.start(asked).wait(ignore_beats).code

    threads = [threading.Thread(target=one, args=[code]) for code in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == {code: code for code in range(12)}


@pytest.fixture
def own_warden() -> Iterator[Warden]:
    warden = Warden()
    yield warden
    warden.close()


def settled(warden: int, count: int, seconds: float) -> bool:
    """Whether it comes to so many supervisors, which all wait for a run."""
    give_up = time.monotonic() + seconds
    while len(children(warden)) != count and time.monotonic() < give_up:
        time.sleep(0.01)
    return len(children(warden)) == count


@LINUX
def test_where_many_runs_begin_at_once_several_supervisors_wait_for_the_next_and_never_too_many(
    own_warden: Warden, spec: Spec
) -> None:
    assert own_warden.start(spec).wait(ignore_beats).code == 0
    assert own_warden._process
    pid = own_warden._process.pid
    for _ in range(int(PATIENCE)):
        running = [own_warden.start(replace(spec, log=f"{spec.log}{i}")) for i in range(12)]
        assert [each.wait(ignore_beats).code for each in running] == [0] * 12
        if settled(pid, SPARES, seconds=1.0):
            break
    assert settled(pid, SPARES, PATIENCE)


@LINUX
def test_when_the_warden_dies_runs_go_on_and_the_next_one_gets_a_new_warden(own_warden: Warden, spec: Spec) -> None:
    running = shell(own_warden, spec, "echo $PPID; until [ -e go ]; do sleep 0.01; done; exit 5")
    supervisor = line_in_log(spec)[0]
    warden = int(Path(f"/proc/{supervisor}/stat").read_text().split()[3])
    os.kill(warden, signal.SIGKILL)
    os.waitid(os.P_PID, warden, os.WEXITED | os.WNOWAIT)
    Path(spec.cwd, "go").touch()
    assert running.wait(ignore_beats).code == 5
    assert own_warden.start(spec).wait(ignore_beats).code == 0


@LINUX
def test_a_run_whose_supervisor_died_is_lost_and_dead(own_warden: Warden, spec: Spec) -> None:
    running = shell(own_warden, spec, "echo $PPID $$; sleep 60")
    supervisor, run = line_in_log(spec)
    os.kill(supervisor, signal.SIGKILL)
    assert running.wait(ignore_beats).why is Why.LOST
    own_warden.close()
    assert not Path(f"/proc/{run}").exists()


@LINUX
def test_a_run_inherits_nothing_but_its_three_streams(launch: Launch, spec: Spec) -> None:
    with open(spec.log + ".open", "w"):
        launch("ls /proc/self/fd | tr '\\n' ' '")
    assert log_of(spec).split()[:3] == [b"0", b"1", b"2"]
    assert len(log_of(spec).split()) == 4  # and the folder that ls reads


@LINUX
def test_a_run_has_the_cores_of_its_slot(launch: Launch, spec: Spec) -> None:
    core = min(os.sched_getaffinity(0))
    launch("python -c 'import os; print(os.sched_getaffinity(0))'", cores=(core,))
    assert log_of(spec) == b"{%d}\n" % core


@LINUX
def test_two_that_share_a_core_wait_for_it(launch: Launch) -> None:
    busy = "timeout 1 sh -c 'while :; do :; done'"
    ended = launch(f"{busy} & {busy} & wait", cores=(min(os.sched_getaffinity(0)),))
    assert ended.usage.waited_share is not None
    assert ended.usage.waited_share > 0.3


ORPHANED = """
import os, time
def burn():
    while time.process_time() < 0.3: pass
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        burn()
        open("burnt", "w").close()
    os._exit(0)
burn()
while not os.path.exists("burnt"): time.sleep(0.01)
"""


@LINUX
def test_cpu_time_counts_what_nobody_waited_for(launch: Launch, tmp_path: Path) -> None:
    (tmp_path / "orphaned.py").write_text(ORPHANED)
    assert launch("python orphaned.py").usage.cpu_seconds >= 0.55


HOLD = """
import os, sys, time
held = bytearray(60_000_000)
open(sys.argv[1], "w").close()
while not (os.path.exists("one") and os.path.exists("two")): time.sleep(0.01)
time.sleep(0.8)
"""


@LINUX
def test_peak_memory_is_that_of_all_processes_together(launch: Launch, tmp_path: Path) -> None:
    (tmp_path / "hold.py").write_text(HOLD)
    ended = launch("python hold.py one & python hold.py two & wait")
    assert 120 < ended.usage.peak_mb < 400


def test_a_curve_has_the_time_at_which_each_line_had_come(warden: Warden, spec: Spec) -> None:
    command = "echo loss 4; echo other; sleep 0.4; printf 'loss 3'; sleep 0.1; echo .5"
    running = warden.start(replace(spec, argv=("/bin/sh", "-c", command), curve=r"loss (\S+)"))
    running.wait(ignore_beats)
    (first, four), (second, three) = running.curve()
    assert (four, three) == (4.0, 3.5)
    assert second - first >= 0.2  # the first may have been read late, as on a busy machine


def test_a_heartbeat_that_was_cut_off_costs_nothing_but_itself() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.sendall(b'{"wall": 1.0, "c' + b'\n{"why": "exit", "code": 0, "note": ""}\n')
        assert Running(ours).wait(ignore_beats).why is Why.EXIT
