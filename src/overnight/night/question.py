"""What a night asks, and what of program.md may change without making it another question.

Three kinds of settings. `FIXED` ones are the question: a night keeps them for its whole life. `LIVE` ones take effect
while it works, together with the prose. All others are read when a session begins: an edit of them waits for the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from overnight.program.program import Program
from overnight.program.units import duration_text

FIXED = (
    *("metric", "goal", "edit", "run", "folder", "box", "policy", "seed_literals"),
    *("score", "artefact", "answer", "hidden", "timing"),
)
LIVE = ("stop", "between", "approve")
TOLD = ("text", "prose", "path", "rules", "advice")
"""Not settings: what was said, and where."""

SPELT = {"stop.seconds": "stop.hours", "stop.usd": "stop.cost", "box.seconds": "time_box", "box.cpu": "CPU seconds"}
"""As program.md has them."""


def settings_of(program: Program) -> dict[str, Any]:
    """As the ledger has them."""
    settings: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(program, enc_hook=str))
    del settings["text"], settings["prose"]
    return settings


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(setting, words), such as ("stop", "stop.experiments 100, was 50")."""
    for key in (key for key in new if key not in TOLD and new[key] != old.get(key)):
        before, after = old.get(key), new[key]
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            parts = (part for part in after if after[part] != before.get(part))
            yield from ((key, _change(f"{key}.{part}", before.get(part), after[part])) for part in parts)
        else:
            yield key, _change(key, before, after)


def _change(name: str, old: Any, new: Any) -> str:
    return f"{SPELT.get(name, name)} {_words(name, new)}, was {_words(name, old)}"


def _words(name: str, value: Any) -> str:
    if value is None or value == [] or value == "":
        return "none"
    if isinstance(value, list):
        return ", ".join(_words(name, item) for item in value)
    return duration_text(value) if name.endswith("seconds") else str(value)[:200]
