"""What came of attacking a program: a line for each cheat, in groups, and what to change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from overnight.measure.attack.cheat import Finding, Outcome
from overnight.measure.attack.remedies import Remedy, remedy
from overnight.model import Level
from overnight.program.program import Program
from overnight.show.paint import Screen, Tone, cut, fit, folded, printable
from overnight.show.words import plural

TONES = {Outcome.HELD: Tone.GOOD, Outcome.THROUGH: Tone.BAD, Outcome.UNTRIED: Tone.WARN}
LEVELS = {
    Level.CONTRACT: "level 1, nothing keeps a run in its folder",
    Level.LANDLOCK: "level 2, Landlock and seccomp",
    Level.NAMESPACE: "level 3, bubblewrap",
}
INDENT = 15  # columns before the name of a cheat


@dataclass(frozen=True, slots=True)
class Attacked:
    program: Program
    carrier: str
    level: Level


def heading(attacked: Attacked, screen: Screen) -> Iterator[str]:
    made = f"`{attacked.program.score}` makes the number" if attacked.program.score else "the run prints its own number"
    yield from _fitted(f"Cheating in {attacked.carrier}: {made}; {LEVELS[attacked.level]}.", screen, 0)


def lines(finding: Finding, before: Sequence[Finding], screen: Screen) -> Iterator[str]:
    """One finding, under the title of its group if it is the first."""
    if not before or before[-1].cheat.group is not finding.cheat.group:
        yield ""
        yield screen.paint(finding.cheat.group, Tone.STRONG)
    said = "" if finding.outcome is Outcome.HELD else f": {finding.why}"
    first, *rest = _fitted(printable(finding.cheat.name + said), screen, INDENT)
    yield f"  {screen.paint(fit(finding.outcome, INDENT - 4), TONES[finding.outcome])}  {first}"
    yield from (" " * INDENT + line for line in rest)


def ending(attacked: Attacked, found: Sequence[Finding], screen: Screen) -> Iterator[str]:
    through = [finding for finding in found if finding.outcome is Outcome.THROUGH]
    held = sum(finding.outcome is Outcome.HELD for finding in found)
    untried = len(found) - held - len(through)
    not_tried = f"; {untried} could not be tried" if untried else ""
    summary = f"{held} of {len(found) - untried} held; {len(through) or 'none'} would get through{not_tried}"
    yield ""
    yield screen.paint(summary, Tone.BAD if through else Tone.GOOD)
    if through:
        yield ""
        yield screen.paint("What to change", Tone.STRONG)
    for wanted in dict.fromkeys(_remedy(attacked, finding) for finding in through):
        closes = sum(_remedy(attacked, finding) is wanted for finding in through)
        first, *rest = _fitted(f"{wanted} ({plural(closes, 'cheat')})", screen, 4)
        yield f"  {first}"
        yield from (f"    {line}" for line in rest)


def attack_json(attacked: Attacked, found: Sequence[Finding]) -> dict[str, Any]:
    return {
        "program": str(attacked.program.path),
        "level": str(attacked.level),
        "sealed": bool(attacked.program.score),
        **{
            name: sum(finding.outcome is outcome for finding in found)
            for name, outcome in (("held", Outcome.HELD), ("through", Outcome.THROUGH), ("untried", Outcome.UNTRIED))
        },
        "cheats": [
            {
                "cheat": finding.cheat.name,
                "group": str(finding.cheat.group),
                "tries": finding.cheat.tries,
                "outcome": str(finding.outcome),
                "why": finding.why,
                "change": str(_remedy(attacked, finding)) if finding.outcome is Outcome.THROUGH else None,
            }
            for finding in found
        ],
    }


def _fitted(text: str, screen: Screen, indent: int) -> list[str]:
    if screen.width is None:
        return [text]
    return [cut(line, screen.width - indent) for line in folded(text, screen.width - indent)]


def _remedy(attacked: Attacked, finding: Finding) -> Remedy:
    return remedy(finding.cheat.remedy, attacked.program, attacked.level)
