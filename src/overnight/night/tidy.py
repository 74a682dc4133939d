"""What old runs may take on disk: one folder a run, with its log and the files that `save:` names.

Only kept experiments keep their saved files. Past the limit the oldest logs of what was not kept go first, then the
oldest keeps, never the newest one. The ledger keeps every number and the tail of every log, whatever goes here.
"""

from __future__ import annotations

import shutil
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from overnight.model import Call
from overnight.night.open import Open


@dataclass(frozen=True, slots=True)
class Stored:
    run_id: str
    size: int


@dataclass(slots=True)
class Attic:
    """Costs the same however long the night is."""

    folder: Path
    limit_mb: float
    others: deque[Stored] = field(default_factory=deque)  # of what was not kept, oldest first
    kept: deque[Stored] = field(default_factory=deque)
    size: int = 0  # of all of them

    def tidy(self, done: Open) -> None:
        assert done.judged is not None
        kept = done.judged.verdict.call is Call.KEEP
        for run_id in dict.fromkeys(trial.run_id for trial in done.trials):
            folder = self.folder / run_id
            if not folder.is_dir():
                continue
            if not kept:
                shutil.rmtree(folder / "saved", ignore_errors=True)
            stored = Stored(run_id, _size(folder))
            (self.kept if kept else self.others).append(stored)
            self.size += stored.size
        self._shrink()

    def _shrink(self) -> None:
        while self.size > self.limit_mb * 1e6 and (self.others or len(self.kept) > 1):
            old = (self.others or self.kept).popleft()
            shutil.rmtree(self.folder / old.run_id, ignore_errors=True)
            self.size -= old.size


def _size(folder: Path) -> int:
    return sum(p.lstat().st_size for p in folder.rglob("*") if not p.is_dir())
