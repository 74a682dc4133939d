from __future__ import annotations

from pathlib import Path

from overnight.ledger.events import Judged, Proposed
from overnight.model import Call, Status, Trial, Usage, Verdict
from overnight.night.open import Open
from overnight.night.tidy import Attic


def done(attic: Attic, number: int, call: Call, kilobytes: int = 100, saved: bool = False) -> None:
    run_id = f"{number}-screen-0"
    folder = attic.folder / run_id
    folder.mkdir(parents=True)
    (folder / "run.log").write_bytes(b"x" * kilobytes * 1000)
    if saved:
        (folder / "saved").mkdir()
        (folder / "saved/model.pt").write_bytes(b"m" * kilobytes * 1000)
    proposed = Proposed(experiment=number, parent="", edits=(), origin="", hypothesis="")
    judged = Judged(verdict=Verdict(number, call, ""), commit="", log_tip="", branch_tip="")
    trial = Trial(run_id, 1, Status.OK, {}, Usage(), 0, None, "", "")
    attic.tidy(Open(proposed, "", judged=judged, trials=[trial]))


def left(attic: Attic) -> list[str]:
    return sorted(path.name for path in attic.folder.iterdir())


def test_only_a_keep_keeps_its_saved_files(tmp_path: Path) -> None:
    attic = Attic(tmp_path, 1000.0)
    done(attic, 1, Call.DISCARD, saved=True)
    done(attic, 2, Call.KEEP, saved=True)
    assert not (tmp_path / "1-screen-0/saved").exists()
    assert (tmp_path / "1-screen-0/run.log").exists()
    assert (tmp_path / "2-screen-0/saved/model.pt").exists()


def test_past_the_limit_the_oldest_that_was_not_kept_goes_first(tmp_path: Path) -> None:
    attic = Attic(tmp_path, 0.35)
    done(attic, 1, Call.KEEP)
    for number in (2, 3, 4):
        done(attic, number, Call.DISCARD)
    assert left(attic) == ["1-screen-0", "3-screen-0", "4-screen-0"]


def test_the_newest_keep_never_goes(tmp_path: Path) -> None:
    attic = Attic(tmp_path, 0.05)
    done(attic, 1, Call.KEEP)
    done(attic, 2, Call.KEEP)
    done(attic, 3, Call.DISCARD)
    assert left(attic) == ["2-screen-0"]


def test_what_is_gone_already_is_no_error(tmp_path: Path) -> None:
    attic = Attic(tmp_path, 0.05)
    proposed = Proposed(experiment=1, parent="", edits=(), origin="", hypothesis="")
    judged = Judged(verdict=Verdict(1, Call.DISCARD, ""), commit="", log_tip="", branch_tip="")
    trial = Trial("gone", 1, Status.OK, {}, Usage(), 0, None, "", "")
    attic.tidy(Open(proposed, "", judged=judged, trials=[trial]))
    assert left(attic) == []
