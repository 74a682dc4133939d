from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from overnight.errors import Busy, LedgerError
from overnight.ledger.events import KINDS, Event, Noted
from overnight.ledger.ledger import Ledger, Reader
from overnight.ledger.verify import verify_chain
from overnight.model import Call
from tests.ledger.sample_night import (
    ENV,
    EVERY_KIND,
    NOW,
    a_night,
    closed,
    done,
    experiment,
    open_ledger,
    opened,
    proposed,
    session,
    started,
    written,
)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path / "night") as ledger:
        yield ledger


def python(code: str, *arguments: object) -> subprocess.Popen[str]:
    """Another process, that knows the sample night."""
    command = [
        sys.executable,
        "-c",
        f"import sys\nfrom tests.ledger.sample_night import *\n{code}",
        *map(str, arguments),
    ]
    return subprocess.Popen(command, env=ENV, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def test_every_kind_of_event_is_read_back_as_it_was(ledger: Ledger) -> None:
    ledger.append(NOW, 1.0, *EVERY_KIND)
    assert [entry.event for entry in ledger.since()] == EVERY_KIND
    assert {event.kind for event in EVERY_KIND} == set(KINDS)


def test_what_append_returns_is_what_stands_in_the_ledger(ledger: Ledger) -> None:
    returned = ledger.append(NOW, 1.23456, *a_night())
    assert returned == list(ledger.since())
    assert (returned[0].seq, returned[0].at, returned[0].elapsed) == (1, 1_700_000_000.124, 1.235)


def test_a_key_is_stored_once_and_asking_again_gives_what_is_stored(ledger: Ledger) -> None:
    (first,) = ledger.append(NOW, 1.0, proposed(1))
    again = replace(proposed(1), hypothesis="another text")
    assert ledger.append(NOW, 9.0, again, again) == [first, first]
    assert list(ledger.since()) == [first]


def test_an_append_is_written_whole_or_not_at_all(ledger: Ledger) -> None:
    ledger.append(NOW, 0.0, opened())
    with pytest.raises(LedgerError, match="'run/1-screen-visible/done' cannot be read"):
        ledger.append(NOW, 1.0, proposed(1), done(1, float("nan")))
    assert [entry.event for entry in ledger.since()] == [opened()]
    ledger.append(NOW, 1.0, proposed(1))
    assert verify_chain(ledger) == []


NORMAL, FULL = 1, 2  # what SQLite calls them: synced with what comes later, and before the append returns


def test_all_is_on_the_disk_at_once_but_what_would_be_done_again(ledger: Ledger) -> None:
    synced = {}
    for event in EVERY_KIND:
        ledger.append(NOW, 1.0, event)
        synced[event.kind] = next(ledger.query("PRAGMA synchronous"))[0]
    later = {kind for kind, how in synced.items() if how != FULL}
    assert later == {"admitted", "rebased", "run_started", "run_done", "recorded"}
    assert set(synced.values()) == {NORMAL, FULL}
    ledger.append(NOW, 1.0, *EVERY_KIND)
    assert next(ledger.query("PRAGMA synchronous")) == (FULL,)


@pytest.mark.parametrize(
    ("events", "owed"),
    [
        ((started(1),), False),
        ((done(1, 1.0),), True),
        ((done(1, 1.0), started(2)), True),
        ((done(1, 1.0), proposed(2)), False),  # that was synced, and all before it
        ((proposed(2), done(1, 1.0), proposed(2)), True),  # which was there: nothing was written
    ],
)
def test_a_result_is_on_the_disk_when_the_night_has_settled(
    events: tuple[Event, ...], owed: bool, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = []
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(os.fstat(fd).st_ino))
    for event in events:
        ledger.append(NOW, 1.0, event)
    ledger.settle()
    ledger.settle()
    assert synced == [os.stat(f"{ledger.path}-wal").st_ino] * owed


def test_what_cannot_be_settled_is_said(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    ledger.append(NOW, 1.0, done(1, 1.0))
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(LedgerError, match=r"ledger\.db: No space left on device"):
        ledger.settle()


def test_a_cursor_goes_on_where_it_was(ledger: Ledger) -> None:
    ledger.append(NOW, 0.0, *(Noted(id=str(n), text="") for n in range(1001)))
    assert [entry.seq for entry in ledger.since()] == list(range(1, 1002))
    assert [entry.seq for entry in ledger.since(999)] == [1000, 1001]
    assert list(ledger.since(1001)) == []


def test_entries_are_found_by_experiment_key_and_kind(ledger: Ledger) -> None:
    ledger.append(NOW, 0.0, *a_night())
    assert [entry.event for entry in ledger.of(1)] == list(experiment(1, Call.KEEP, 2.0))
    assert [entry.event for entry in [ledger.find("3/proposed")] if entry] == [proposed(3)]
    assert [entry.event for entry in [ledger.last("run_started")] if entry] == [started(3)]
    assert (ledger.of(9), ledger.find("9/proposed"), ledger.last("noted")) == ([], None, None)


def test_a_resumed_night_appends_to_what_is_there(tmp_path: Path) -> None:
    written(tmp_path, opened(), session(1), closed(1))
    written(tmp_path, session(2))
    with Reader.open(tmp_path) as reader:
        assert [entry.event.key for entry in reader.since()] == ["opened", "session/1", "closed/1", "session/2"]
        assert verify_chain(reader) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event SET at = 0 WHERE seq = 2",
        "DELETE FROM event WHERE seq = 2",
        "INSERT OR REPLACE INTO event (seq, key, kind, at, elapsed, body, hash) VALUES (2, 'k', 'a', 0, 0, '{}', '')",
        "REPLACE INTO event (seq, key, kind, at, elapsed, body, hash) VALUES (3, 'opened', 'a', 0, 0, '{}', '')",
        "INSERT INTO event (seq, key, kind, at, elapsed, body, hash) VALUES (9, 'k', 'a', 0, 0, '{}', '')",
    ],
)
def test_the_database_itself_refuses_to_change_what_is_written(tmp_path: Path, statement: str) -> None:
    db = sqlite3.connect(written(tmp_path, opened(), session()) / "ledger.db")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        db.execute(statement)
    db.close()


def test_a_kind_that_a_newer_version_wrote_is_said_to_be_so(tmp_path: Path) -> None:
    db = sqlite3.connect(written(tmp_path, opened()) / "ledger.db")
    db.execute("INSERT INTO event (seq, key, kind, at, elapsed, body, hash) VALUES (2, 'k', 'dreamt', 0, 0, '{}', '')")
    db.commit()
    db.close()
    with Reader.open(tmp_path) as reader:
        entries = reader.since()
        assert next(entries).event == opened()
        with pytest.raises(LedgerError, match=r"entry 2 is of the kind 'dreamt', which a newer Overnight wrote"):
            next(entries)


def test_a_reader_sees_what_is_committed_while_another_process_writes(tmp_path: Path) -> None:
    writer = python(
        "with open_ledger(Path(sys.argv[1])) as ledger:\n"
        "    for n in range(300):\n"
        "        ledger.append(NOW, n, Noted(id=str(n), text='x' * 5000))\n"
        "        print(n, flush=True)\n"
        "    sys.stdin.readline()",
        tmp_path,
    )
    assert writer.stdout is not None
    writer.stdout.readline()
    with Reader.open(tmp_path) as reader:
        for line in writer.stdout:
            assert reader.find(f"noted/{line.strip()}") is not None
            if line.strip() == "299":
                break
        assert len(list(reader.since())) == 300
    writer.communicate("\n")
    assert writer.returncode == 0


def test_a_second_process_is_refused_and_told_who_holds_the_night(tmp_path: Path) -> None:
    first = python(
        "with open_ledger(Path(sys.argv[1])): print('held', flush=True); sys.stdin.readline()",
        tmp_path,
    )
    assert first.stdout is not None
    first.stdout.readline()
    with pytest.raises(Busy, match=rf"held by process {first.pid} of .* on .* \(overnight run\), since \d\d\d\d-"):
        open_ledger(tmp_path)
    first.communicate("\n")
    open_ledger(tmp_path).close()


@pytest.mark.slow
def test_a_kill_at_any_step_loses_nothing_that_was_committed_and_repeats_nothing(tmp_path: Path) -> None:
    """Kills itself at step 0, 1, 2, …, each time in a night of its own, until a night comes to its end."""
    killer = python(
        "import itertools, os, signal\n"
        "def at(n):\n"
        "    left = iter(range(n))\n"
        "    return lambda step: None if next(left, None) is not None else os.kill(os.getpid(), signal.SIGKILL)\n"
        "for n in itertools.count():\n"
        "    if not os.fork():\n"
        "        ledger = Ledger.create_or_open(Path(sys.argv[1]) / str(n), holder='x', step=at(n))\n"
        "        for event in a_night()[:5]:\n"
        "            ledger.append(NOW, 0, event); print(n, event.key, flush=True)\n"
        "        ledger.append(NOW, 0, *a_night()[5:8]); os._exit(0)\n"
        "    if os.wait()[1] == 0: break",
        tmp_path,
    )
    said, _ = killer.communicate()
    committed = [line.split() for line in said.splitlines()]
    nights = sorted(tmp_path.iterdir(), key=lambda folder: int(folder.name))
    assert len(nights) == 8 * 3 + 1
    for folder in nights:
        with open_ledger(folder) as ledger:
            keys = [entry.event.key for entry in ledger.since()]
            assert keys[: len(keys)] == [event.key for event in a_night()[: len(keys)]]
            assert {key for n, key in committed if n == folder.name} <= set(keys)
            ledger.append(NOW, 0.0, *a_night())
            assert [entry.event for entry in ledger.since()] == a_night()
            assert verify_chain(ledger) == []
