from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from overnight.errors import Busy
from overnight.ledger.lock import acquire, holder, release

CHILD = """
import os, signal, subprocess, sys
from pathlib import Path
from overnight.ledger.lock import acquire
fd = acquire(Path(sys.argv[1]), "overnight run", 0)
print(subprocess.Popen(["sleep", sys.argv[2]], pass_fds=[fd], stdout=subprocess.DEVNULL).pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def killed_holder(path: Path, orphan_seconds: int) -> int:
    """Somebody took the lock and was killed, leaving a child that has inherited it: its pid."""
    command = [sys.executable, "-c", CHILD, str(path), str(orphan_seconds)]
    return int(subprocess.run(command, stdout=subprocess.PIPE, check=False).stdout)


def test_the_holder_is_named_while_it_holds(tmp_path: Path) -> None:
    assert holder(tmp_path) is None
    fd = acquire(tmp_path / "lock", "overnight run", 0)
    said = holder(tmp_path)
    assert said is not None
    assert (said.pid, said.host, said.command) == (os.getpid(), socket.gethostname(), "overnight run")
    assert said.since == (tmp_path / "lock").stat().st_mtime
    release(fd)
    assert holder(tmp_path) is None


def test_after_a_kill_nobody_holds_it_though_the_file_is_there(tmp_path: Path) -> None:
    os.kill(killed_holder(tmp_path / "lock", orphan_seconds=30), signal.SIGKILL)
    release(acquire(tmp_path / "lock", "overnight run", patience_seconds=60))
    assert (tmp_path / "lock").exists()
    assert holder(tmp_path) is None


def test_a_new_holder_waits_for_what_the_killed_one_left(tmp_path: Path) -> None:
    orphan = killed_holder(tmp_path / "lock", orphan_seconds=30)
    said = holder(tmp_path)
    assert said is not None
    assert said.command == "overnight run"
    end = threading.Timer(0.2, os.kill, (orphan, signal.SIGKILL))
    end.start()
    release(acquire(tmp_path / "lock", "overnight run", patience_seconds=60))
    end.join()


def test_patience_ends_with_a_word_on_how_to_find_the_orphan(tmp_path: Path) -> None:
    orphan = killed_holder(tmp_path / "lock", orphan_seconds=30)
    with pytest.raises(Busy, match="still held by something that an ended coordinator started; `fuser"):
        acquire(tmp_path / "lock", "overnight run", patience_seconds=0.05)
    os.kill(orphan, signal.SIGKILL)


def test_a_living_holder_is_not_waited_for(tmp_path: Path) -> None:
    fd = acquire(tmp_path / "lock", "overnight run", 0)
    with pytest.raises(Busy, match=f"held by process {os.getpid()} of"):
        acquire(tmp_path / "lock", "overnight run", patience_seconds=1e9)
    release(fd)


def test_a_holder_on_another_host_is_taken_for_alive(tmp_path: Path) -> None:
    fd = acquire(tmp_path / "lock", "overnight run", 0)
    said = json.loads((tmp_path / "lock").read_text())
    (tmp_path / "lock").write_text(json.dumps({**said, "host": "elsewhere", "pid": 2**22 + 1}))
    with pytest.raises(Busy, match="on elsewhere"):
        acquire(tmp_path / "lock", "overnight run", patience_seconds=1e9)
    release(fd)


def test_the_lock_is_inherited_only_by_children_it_is_passed_to(tmp_path: Path) -> None:
    fd = acquire(tmp_path / "lock", "overnight run", 0)
    child = subprocess.Popen(["sleep", "30"])
    release(fd)
    assert holder(tmp_path) is None
    child.kill()
    child.wait()


def test_giving_up_the_lock_does_not_take_it_from_a_child(tmp_path: Path) -> None:
    fd = acquire(tmp_path / "lock", "overnight run", 0)
    child = subprocess.Popen(["sleep", "30"], pass_fds=[fd])
    release(fd)
    assert holder(tmp_path) is not None
    child.kill()
    child.wait()


@pytest.mark.parametrize("garbage", [b"", b'{"pid": "\xff"}', b"[1]"])
def test_what_the_file_says_never_decides(tmp_path: Path, garbage: bytes) -> None:
    (tmp_path / "lock").write_bytes(garbage)
    fd = acquire(tmp_path / "lock", "overnight run", 0)
    (tmp_path / "lock").write_bytes(garbage)
    assert holder(tmp_path) is not None
    release(fd)
