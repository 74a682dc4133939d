"""What can be said of a proposal without running it: pure checks of texts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from overnight.model import Call
from overnight.program.knobs_said import KnobRule
from overnight.program.novelty import coarse, normal_form, seed_search
from overnight.program.program import Program
from overnight.program.seeds import fixed_seeds
from overnight.program.source import syntax_error

MAX_BYTES = 2_000_000
"""No source file is larger; a larger one would only fill the ledger."""


@dataclass(frozen=True, slots=True)
class Problem:
    call: Call
    why: str


def find_problem(program: Program, files: Mapping[str, str], before: Mapping[str, str]) -> Problem | None:
    """Why these changed files will not be run; None when they may. `before`: the parent's editable files."""
    if forbidden := sorted(path for path in files if path not in program.edit):
        named = ", ".join(forbidden[:3]) + (" …" if len(forbidden) > 3 else "")
        return Problem(Call.REFUSED, f"touches {named}: only {', '.join(program.edit)} may change")
    for path, text in files.items():
        if why := _unreadable(text):
            return Problem(Call.INVALID, f"{path} {why}")
        if path.endswith(".py") and (error := syntax_error(text)):
            return Problem(Call.INVALID, f"{path} does not compile: {error}")
        if path.endswith(".py") and fixed_seeds(text) != fixed_seeds(before.get(path, "")):
            return Problem(Call.REFUSED, f"{path}: changes which seeds are `# fixed`, or one of them")
        if path.endswith(".py") and (why := seed_search(before.get(path, ""), text)):
            return Problem(Call.REFUSED, f"{path} {why}")
    return None


def fingerprint(texts: Mapping[str, str], rules: Sequence[KnobRule] = ()) -> str:
    """Equal for the same program, however it is written, whatever the seeds in it, and as fine as knobs are told apart.
    `rules`: what program.md says of knobs."""
    digest = hashlib.sha256()
    for path, text in sorted(texts.items()):
        same = normal_form(path, coarse(path, text, rules))
        digest.update(f"{path}\0{len(same)}\0{same}".encode(errors="replace"))
    return digest.hexdigest()


def size(texts: Mapping[str, str]) -> int:
    """Lines of code: neither blank nor only a comment."""
    lines = (line.strip() for text in texts.values() for line in text.split("\n"))
    return sum(1 for line in lines if line and not line.startswith(("#", "//")))


def _unreadable(text: str) -> str:
    if len(text) > MAX_BYTES:
        return f"is larger than {MAX_BYTES // 1_000_000} MB"
    if "\0" in text:
        return "holds a NUL character"
    return ""
