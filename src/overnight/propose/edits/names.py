"""Which file a reply means: names as models write them, held against the files that may change.

A name that is no such file is refused, not passed over: an edit meant for another file must not land in ours.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from overnight.propose.edits.change import Fault, Refusal

_LONGEST = 400  # characters of a line that may name a file
_TOKEN = re.compile(r"[^\s`'\"*()<>\[\]{},;:=|#!?]+")
_FILE = re.compile(
    r"[\w./\\~@+-]*[\w-]\.(?:py|pyi|ipynb|json|ya?ml|toml|md|rst|txt|csv|cfg|ini|sh|js|ts|c|cc|cpp|h|hpp|cu|rs|go|java|sql)",
    re.IGNORECASE,
)


def name_in(line: str, only: Sequence[str]) -> str:
    """The file that a line of prose or the info of a fence names; "" where it names none."""
    tokens = [token.rstrip(".") for token in _TOKEN.findall(line)] if len(line) <= _LONGEST else []
    found = {path for token in tokens if (path := _resolved(token, only))}
    if len(found) > 1:
        raise Refusal(Fault.AMBIGUOUS, f"more than one file is named above a change: {', '.join(sorted(found))}")
    if not found and (others := [token for token in tokens if _FILE.fullmatch(token)]):
        raise _outside(others[0], only)
    return next(iter(found), "")


def allowed(name: str, only: Sequence[str]) -> str:
    """The file that is named outright, as in the head of a patch."""
    plain = name.strip().strip("`\"'")
    if path := _resolved(plain, only):
        return path
    raise _outside(plain, only)


def _resolved(name: str, only: Sequence[str]) -> str:
    plain = name.replace("\\", "/").removeprefix("./")
    if plain in only:
        return plain
    if plain[:2] in ("a/", "b/") and plain[2:] in only:
        return plain[2:]
    ends = [path for path in only if plain.endswith("/" + path)] if plain.startswith("/") else []
    bare = [path for path in only if path.rpartition("/")[2] == plain]
    return (ends or bare)[0] if len(ends or bare) == 1 else ""


def _outside(name: str, only: Sequence[str]) -> Refusal:
    return Refusal(Fault.OUTSIDE, f"{name[:200]} is named, and only {', '.join(only)} may change")
