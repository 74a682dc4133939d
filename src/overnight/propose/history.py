"""The sections of a brief that tell of the night so far: lines of data, each section with a word on what it is.

The most useful come first; of what does not fit under the cap the oldest lines are left out, and that is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from overnight.model import Call
from overnight.propose.digest import KEEPS, SAID, Digest, Tried
from overnight.propose.fence import one_line, tokens
from overnight.propose.proposer import View

FLIGHTS, LAST, KEPT, NEAR, ENDS, CRASHES, REFUSED, AGAIN, REMOVED = 24, 8, 12, 8, 16, 5, 4, 5, 5
KINDS, KNOBS, BELIEVED = 10, 16, 14
SENTENCE = 400  # bytes of what the optimiser believes
OVERHEAD = 30  # tokens of a heading and a fence

Line = Callable[[Tried], str]


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    note: str
    lines: Sequence[str]
    ranked: bool = False  # the first line says most; else the last one
    left_out: int = 0


def sections(digest: Digest, view: View) -> list[Section]:
    """Those that have something to tell, the most useful first."""
    return [section for section in _sections(digest, view) if section.lines]


def fitted(found: Iterable[Section], most: int) -> list[Section]:
    """As much as `most` tokens hold."""
    kept, left = [], most
    for section in found:
        fits = section
        while fits.lines and _size(fits) > left:
            lines = fits.lines[:-1] if fits.ranked else fits.lines[1:]
            fits = replace(fits, lines=lines, left_out=fits.left_out + 1)
        if fits.lines:
            kept.append(fits)
            left -= _size(fits)
    return kept


def number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.6g}"


def _size(section: Section) -> int:
    return OVERHEAD + tokens("\n".join((section.title, section.note, *section.lines)))


def _sections(digest: Digest, view: View) -> Iterator[Section]:
    goal, line = view.program.goal, partial(_line, view.baseline)
    near = digest.near_misses(goal, view.baseline, view.noise, NEAR)
    flights = [one_line(said, SAID) for said in list(view.in_flight)[-FLIGHTS:]]
    yield Section("Being measured now", "Others work on these: try something else.", flights)
    yield Section("Kept, newest last", "The program above has these in it.", list(_keeps(digest, view)))
    last = list(digest.last)[-LAST:]
    yield Section("The last experiments", "", list(map(line, last)))
    yield Section("Near misses", NEAR_NOTE, list(map(line, near)))
    yield Section("Failed when they ran", CRASH_NOTE, [row for t in digest.crashes(CRASHES) for row in _crash(t, line)])
    yield Section("What each kind of change was worth", KIND_NOTE, list(_kinds(digest, view)), ranked=True)
    believed = [one_line(said, SENTENCE) for said in view.believed[:BELIEVED]]
    yield Section("What the optimiser believes", BELIEVED_NOTE, believed, ranked=True)
    yield Section("Constants that were turned", KNOB_NOTE, list(_knobs(digest)), ranked=True)
    yield Section("Tried before", AGAIN_NOTE, [_again(*pair, line) for pair in digest.duplicates(AGAIN)])
    yield Section("Turned away before they ran", "", list(map(line, digest.turned_away(REFUSED))))
    yield Section("Taken back or examined", REMOVED_NOTE, [_removal(tried) for tried in digest.removals(REMOVED)])
    yield Section("Dead ends", ENDS_NOTE, list(map(line, digest.dead_ends([*near, *last], ENDS))))


NEAR_NOTE = (
    "Not kept, but close to what stood there, or promising enough to be measured more than once. Two of them together, "
    "or one of them with what holds it back mended, may do."
)
CRASH_NOTE = "With the last lines of what they printed. The newest of each cause."
KIND_NOTE = (
    "Kinds are guessed from the words of the hypothesis and the lines that changed; gains are those of the last "
    f"{KEEPS} keeps by the scores that you are told, luck included."
)
BELIEVED_NOTE = "A statistical model of the constants, learned from this night's runs alone. It knows nothing of code."
KNOB_NOTE = "How often, whoever did it, alone or with others."
AGAIN_NOTE = "These were proposed again and cost nothing but time: the same program had been measured already."
ENDS_NOTE = "Measured, and no better. The newest that are not among the last ones above."
REMOVED_NOTE = "The branch was measured without an earlier keep."

WORDS = {
    Call.KEEP: "kept",
    Call.DISCARD: "no better",
    Call.CRASH: "crashed",
    Call.TIMEOUT: "took too long",
    Call.PRUNED: "ended early as hopeless",
    Call.DUPLICATE: "the same as an earlier one",
    Call.REFUSED: "refused",
    Call.INVALID: "invalid",
}


def _line(baseline: float | None, tried: Tried) -> str:
    score = f" {number(tried.score)}" if tried.score not in (None, baseline) and tried.news else ""
    runs = f", in {tried.runs} runs" if tried.runs > 1 else ""
    why = f" ({tried.why})" if tried.why else ""
    return f"#{tried.number} {WORDS[tried.call]}{score}{runs}: {tried.said}{why}"


def _keeps(digest: Digest, view: View) -> Iterator[str]:
    found = list(digest.gains(view.program.goal, view.baseline))
    earlier = digest.calls.get(Call.KEEP, 0) - len(found[-KEPT:])
    if earlier:
        yield f"({earlier} earlier ones)"
    for tried, gain in found[-KEPT:]:
        told = f" {number(tried.score)}" if tried.score is not None else ""
        better = f", better by {gain:.2g}" if gain is not None and gain > 0 else ""
        simpler = ", a tie with less code" if tried.simpler else ""
        yield f"#{tried.number}{told}{better}{simpler}: {tried.said}"


def _crash(tried: Tried, line: Line) -> Iterator[str]:
    yield line(tried)
    yield from (f"    | {line}" for line in tried.tail)


def _kinds(digest: Digest, view: View) -> Iterator[str]:
    gained: dict[str, float] = {}
    for tried, gain in digest.gains(view.program.goal, view.baseline):
        gained[tried.kind] = gained.get(tried.kind, 0.0) + (gain or 0.0)
    ranked = sorted(digest.kinds.items(), key=lambda pair: (-gained.get(pair[0], 0.0), -pair[1].kept, -pair[1].tried))
    for kind, tally in ranked[:KINDS]:
        better = f", better by {gained[kind]:.2g} together" if gained.get(kind, 0.0) > 0 else ""
        yield f"{kind}: {tally.tried} tried, {tally.kept} kept, {tally.failed} failed{better}"


def _knobs(digest: Digest) -> Iterator[str]:
    ranked = sorted(digest.knobs.items(), key=lambda pair: (-pair[1].tried, pair[0]))
    for name, tally in ranked[:KNOBS]:
        yield f"{name}: {tally.tried} times, {tally.kept} kept, {tally.failed} failed"


def _again(tried: Tried, first: Tried | None, line: Line) -> str:
    became = f"; {line(first)}" if first else ""
    return f"#{tried.number}: {tried.said} ({tried.why}{became})"


def _removal(tried: Tried) -> str:
    came = "is taken back: the branch is no worse without it" if tried.call is Call.KEEP else "stays"
    return f"#{tried.removes} {came}"
