"""What old runs may take on disk: one folder a run, with its log and the files that `save:` names.

Only kept experiments keep their saved files. Past the limit the oldest logs of what was not kept go first, then the
oldest keeps, never the newest one. The ledger keeps every number and the tail of every log, whatever goes here.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from overnight.model import Call
from overnight.night.state import Open


@dataclass(slots=True)
class Stored:
    folder: Path
    size: int
    kept: bool


@dataclass(slots=True)
class Attic:
    folder: Path
    limit_mb: float
    stored: list[Stored] = field(default_factory=list)  # oldest first

    def tidy(self, done: Open) -> None:
        assert done.judged is not None
        kept = done.judged.verdict.call is Call.KEEP
        for run_id in dict.fromkeys(trial.run_id for trial in done.trials):
            folder = self.folder / run_id
            if not folder.is_dir():
                continue
            if not kept:
                shutil.rmtree(folder / "saved", ignore_errors=True)
            self.stored.append(Stored(folder, _size(folder), kept))
        self._shrink()

    def _shrink(self) -> None:
        excess = sum(s.size for s in self.stored) - self.limit_mb * 1e6
        newest_keep = next((s for s in reversed(self.stored) if s.kept), None)
        for old in sorted(self.stored, key=lambda s: s.kept):
            if excess <= 0:
                return
            if old is not newest_keep:
                shutil.rmtree(old.folder, ignore_errors=True)
                self.stored.remove(old)
                excess -= old.size


def _size(folder: Path) -> int:
    return sum(p.lstat().st_size for p in folder.rglob("*") if not p.is_dir())
