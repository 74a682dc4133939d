from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from overnight.errors import LedgerError
from overnight.ledger.database import open_to_read, open_to_write
from overnight.ledger.events import Event, Noted
from overnight.ledger.ledger import Reader
from overnight.ledger.migrations import MIGRATIONS, newest
from overnight.ledger.verify import verify_chain
from tests.ledger.sample_night import ENV, NOW, a_night, open_ledger, opened, written

UNSHARE = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"])]

needs_mounts = pytest.mark.skipif(
    shutil.which("unshare") is None or subprocess.run([*UNSHARE, "true"], capture_output=True).returncode != 0,
    reason="needs private mounts",
)


def in_private_mounts(mount: str, folder: Path, code: str) -> str:
    """Runs Python where `mount` (shell, for `$1`) has been done to the folder and nobody else sees it."""
    code = f"import sys\nfrom tests.ledger.sample_night import *\n{code}"
    command = [*UNSHARE, "sh", "-ec", f'{mount}; exec "$2" -c "$3" "$1"', "sh", str(folder), sys.executable, code]
    return subprocess.run(command, env=ENV, check=True, capture_output=True, text=True).stdout


READ_ONLY = 'mount --bind "$1" "$1"; mount -o remount,ro,bind "$1"'
COUNT = "from overnight.ledger.ledger import Reader\nprint(len(list(Reader.open(Path(sys.argv[1])).since())))"


def test_a_folder_without_a_night_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="no night is recorded here"):
        Reader.open(tmp_path / "mar5")
    assert not (tmp_path / "mar5").exists()


def test_a_night_that_was_killed_before_its_schema_stood_starts_anew(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").touch()
    with pytest.raises(LedgerError, match="no night is recorded here"):
        Reader.open(tmp_path)
    written(tmp_path, opened())
    with Reader.open(tmp_path) as reader:
        assert [entry.event for entry in reader.since()] == [opened()]


def test_a_foreign_database_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE recipes (name)")
    db.close()
    before = path.read_bytes()
    for use in (open_ledger, Reader.open):
        with pytest.raises(LedgerError, match="is not a ledger of Overnight"):
            use(tmp_path)
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_text("Dear diary, " * 100)
    for use in (open_ledger, Reader.open):
        with pytest.raises(LedgerError, match="is not an SQLite database"):
            use(tmp_path)
    assert path.read_text() == "Dear diary, " * 100


def test_a_directory_in_its_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").mkdir()
    for use in (open_ledger, Reader.open):
        with pytest.raises(LedgerError, match="is a directory"):
            use(tmp_path)


def test_a_file_in_the_folders_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "mar5").touch()
    with pytest.raises(LedgerError, match="mar5 cannot be written to"):
        open_ledger(tmp_path / "mar5")


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    db = sqlite3.connect(written(tmp_path, opened()) / "ledger.db")
    db.execute("PRAGMA user_version = 99")
    db.close()
    for use in (open_ledger, Reader.open):
        with pytest.raises(LedgerError, match=r"a newer Overnight \(schema 99, known here: 5\): update it"):
            use(tmp_path)


def test_a_refused_ledger_leaves_the_lock_free(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").mkdir()
    with pytest.raises(LedgerError):
        open_ledger(tmp_path)
    (tmp_path / "ledger.db").rmdir()
    open_ledger(tmp_path).close()


def as_version_1(path: Path) -> None:
    """What the first schema lacked."""
    with closing(sqlite3.connect(path)) as db:
        db.executescript(
            "DROP TRIGGER tally_removed; DROP VIEW keep; DROP VIEW worth; DROP TRIGGER spending_turn; DROP VIEW turn;"
            "DROP TABLE spending; PRAGMA user_version = 1"
        )


def objects(path: Path) -> set[tuple[str, str]]:
    with closing(sqlite3.connect(path)) as db:
        return set(db.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))


def test_a_night_of_the_first_version_becomes_one_of_the_newest(tmp_path: Path) -> None:
    old, new = (written(tmp_path / name, *a_night()) / "ledger.db" for name in ("old", "new"))
    as_version_1(old)
    open_to_write(old).close()
    assert objects(old) == objects(new)
    with Reader.open(tmp_path / "old") as reader:
        assert verify_chain(reader) == []


def test_a_night_of_the_first_version_is_read_as_it_is(tmp_path: Path) -> None:
    path = written(tmp_path, *a_night()) / "ledger.db"
    as_version_1(path)
    before = objects(path)
    with closing(open_to_read(path)) as db:
        assert db.execute("SELECT count(*) FROM keep LEFT JOIN worth USING (gain)").fetchone() == (2,)
    with Reader.open(tmp_path) as reader:
        assert verify_chain(reader) == []
    assert objects(path) == before


def add_mood(db: sqlite3.Connection) -> None:
    db.execute("CREATE TABLE mood (seq)")


def add_weather_and_fail(db: sqlite3.Connection) -> None:
    db.execute("CREATE TABLE weather (seq)")
    raise RuntimeError("killed here")


def test_an_older_ledger_is_migrated_once(tmp_path: Path) -> None:
    path = written(tmp_path, opened()) / "ledger.db"
    for _ in range(2):
        db = open_to_write(path, [*MIGRATIONS, add_mood])
        assert db.execute("PRAGMA user_version").fetchone() == (newest() + 1,)
        assert db.execute("SELECT count(*) FROM event, mood").fetchone() == (0,)
        db.close()


def test_a_migration_that_does_not_end_leaves_the_version_before_it(tmp_path: Path) -> None:
    path = written(tmp_path, opened()) / "ledger.db"
    with pytest.raises(RuntimeError):
        open_to_write(path, [*MIGRATIONS, add_mood, add_weather_and_fail])
    db = open_to_write(path, [*MIGRATIONS, add_mood])
    names = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
    assert ("mood" in names, "weather" in names) == (True, False)
    db.close()


def test_a_new_ledger_has_the_newest_schema(tmp_path: Path) -> None:
    db = open_to_read(written(tmp_path, opened()) / "ledger.db")
    assert db.execute("PRAGMA user_version").fetchone() == (newest(),)
    db.close()


@needs_mounts
@pytest.mark.parametrize("killed", [False, True])
def test_a_read_only_folder_can_be_read(tmp_path: Path, killed: bool) -> None:
    end = "os._exit(0)" if killed else "ledger.close()"
    code = f"import os\nledger = open_ledger(Path(sys.argv[1])); ledger.append(NOW, 0, *a_night()); {end}"
    in_private_mounts(":", tmp_path, code)
    assert (tmp_path / "ledger.db-wal").exists() == killed
    assert in_private_mounts(READ_ONLY, tmp_path, COUNT) == f"{len(a_night())}\n"


@needs_mounts
def test_a_read_only_folder_is_refused_for_writing(tmp_path: Path) -> None:
    written(tmp_path, opened())
    code = "try: open_ledger(Path(sys.argv[1]))\nexcept Exception as error: print(type(error).__name__, error)"
    assert "cannot be written to: Read-only file system" in in_private_mounts(READ_ONLY, tmp_path, code)


@needs_mounts
def test_a_full_disk_is_said_and_the_same_ledger_goes_on_once_there_is_room(tmp_path: Path) -> None:
    code = """
import os
from overnight.errors import LedgerError
from overnight.ledger.verify import verify_chain
folder = Path(sys.argv[1])
with open_ledger(folder / "night") as ledger:
    (folder / "ballast").write_bytes(bytes(500_000))
    try:
        for n in range(100):
            ledger.append(NOW, n, Noted(id=str(n), text="x" * 20_000))
    except LedgerError as error:
        print(error)
    (folder / "ballast").unlink()
    assert len(list(ledger.since())) == n > 0, n
    ledger.append(NOW, n, Noted(id=str(n), text="x" * 20_000))
    assert verify_chain(ledger) == []
"""
    said = in_private_mounts('mount -t tmpfs -o size=1m none "$1"', tmp_path, code)
    assert "the disk is full; this step was not written" in said


def notes_of_4_kb(folder: Path) -> Path:
    with open_ledger(folder) as ledger:
        ledger.append(NOW, 0.0, *(Noted(id=str(n), text="x" * 4000) for n in range(200)))
    return folder / "ledger.db"


def test_a_truncated_ledger_is_read_up_to_the_damage(tmp_path: Path) -> None:
    path = notes_of_4_kb(tmp_path)
    os.truncate(path, path.stat().st_size // 2)
    assert 50 < intact(tmp_path) < 150


def test_an_overwritten_ledger_is_read_up_to_the_damage(tmp_path: Path) -> None:
    path = notes_of_4_kb(tmp_path)
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"\xff" * 50_000)
    assert 50 < intact(tmp_path) < 150


def intact(folder: Path) -> int:
    """How many entries are given before the error; they are the first ones, as written."""
    given: list[Event] = []
    with Reader.open(folder) as reader, pytest.raises(LedgerError, match=r"damage|cannot be read"):
        given.extend(entry.event for entry in reader.since())
    assert given == [Noted(id=str(n), text="x" * 4000) for n in range(len(given))]
    return len(given)
