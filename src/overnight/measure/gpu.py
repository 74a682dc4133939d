"""What nvidia-smi says: which GPUs there are, and how much of their memory is in use. Without it: nothing."""

from __future__ import annotations

import re
import subprocess

EVERY_SECONDS = 5.0
"""Asking costs nvidia-smi up to a second of a core where the driver is not kept loaded."""


def gpus() -> list[tuple[str, str]]:
    """(UUID, name) of each."""
    return [(uuid, name) for name, uuid in re.findall(r"^GPU \d+: (.+) \(UUID: (GPU-\S+)\)", _ask("-L"), re.M)]


def devices() -> dict[str, tuple[str, float]]:
    """Name and memory in MB of each, by UUID."""
    table = _ask("--query-gpu=uuid,name,memory.total", "--format=csv,noheader,nounits")
    rows = [line.split(", ") for line in table.splitlines()]
    return {uuid: (name, float(mb)) for uuid, name, mb in (row for row in rows if len(row) == 3) if mb.isdigit()}


class GpuMemory:
    """The most that a run had in use beyond what was in use before it, of all its GPUs. Not known of one that other
    runs have too."""

    def __init__(self, gpu: str | None, share: float = 1.0) -> None:
        self._gpu = gpu if share == 1.0 else None
        self._before = self._used_mb()
        self._next = 0.0
        self.peak_mb = None if self._before is None else 0.0

    def look(self, wall_seconds: float) -> None:
        if self.peak_mb is None or self._before is None or wall_seconds < self._next:
            return
        self._next = wall_seconds + EVERY_SECONDS
        self.peak_mb = max(self.peak_mb, (self._used_mb() or 0.0) - self._before)

    def _used_mb(self) -> float | None:
        if not self._gpu:
            return None
        answer = _ask(f"--id={self._gpu}", "--query-gpu=memory.used", "--format=csv,noheader,nounits")
        used = answer.split()
        return sum(map(float, used)) if used and all(word.isdigit() for word in used) else None


def _ask(*arguments: str) -> str:
    try:
        done = subprocess.run(["nvidia-smi", *arguments], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""
