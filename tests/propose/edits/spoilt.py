"""Replies whose meaning is known, spoilt on purpose: what the fuzz test feeds to the reader, and what may come of it.

A reply is built from changes of real source files. Then it is written in one of the four formats with noise that
means nothing, and one thing may be wrong with it. `meant` holds every result that is right: the intended texts where
the reply still says them, or what a slow and simple reader (`literal`) makes of the changed words, or none at all.
`must`: it means what it did, so that a refusal is wrong too.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from overnight.propose import edits
from tests.propose.edits.literal import Texts, lines_of, literal, margin
from tests.propose.edits.written import Change, Style, written

SOURCES = [  # less the one that quotes the markers
    path.read_text() for path in sorted(Path(edits.__file__).parent.glob("*.py")) if path.stem != "instructions"
]
ELISIONS = (
    "# ... rest unchanged",
    "# rest of the code stays the same",
    "# ... existing code ...",
    "pass  # existing code",
    "...  # unchanged",
    "# (same as before)",
)


@dataclass(frozen=True, slots=True)
class Spoilt:
    text: str
    files: Texts
    only: tuple[str, ...]
    meant: tuple[Texts, ...]  # the changed files
    must: bool
    what: str


@dataclass(frozen=True, slots=True)
class Intent:
    files: Texts
    changes: tuple[Change, ...]
    style: Style


def spoilt(seed: int) -> Spoilt:
    rng = random.Random(seed)
    intent = _intent(rng)
    ways = WHOLE_WAYS if intent.style.format == "whole" else PLACE_WAYS
    way = rng.choice(ways)
    return replace(way(intent, rng), what=f"{seed}: {way.__name__} {intent.style}")


def _intent(rng: random.Random) -> Intent:
    sources = rng.sample(SOURCES, rng.choice((1, 1, 2)))
    files = {f"src/file_{i}.py": text for i, text in enumerate(sources)}
    eol = rng.choice(("\n", "\n", "\n", "\r\n"))
    ends = rng.random() < 0.9
    files = {path: (text if ends else text.rstrip("\n")).replace("\n", eol) for path, text in files.items()}
    changes: list[Change] = []
    wanted = rng.choice((1, 1, 2, 3))
    for number in range(50):
        if len(changes) == wanted:
            break
        path = rng.choice(sorted(files))
        if change := _change(path, files[path], [c for c in changes if c.path == path], number, rng):
            changes.append(change)
    return Intent(files, tuple(changes), Style.drawn(rng))


def _change(path: str, text: str, others: Sequence[Change], number: int, rng: random.Random) -> Change | None:
    """Of lines that are there once, and that no other change is about."""
    lines = lines_of(text)
    start = rng.randrange(len(lines))
    end = min(start + rng.randint(1, 3), len(lines))
    while sum(lines[i : i + end - start] == lines[start:end] for i in range(len(lines))) > 1:
        start, end = max(start - 1, 0), min(end + 1, len(lines))
    before = lines[start:end]
    taken = {line for change in others for line in change.before}
    if not any(line.strip() for line in before) or taken & {line for line in before if line.strip()}:
        return None
    at = rng.randrange(len(before))
    space = before[at][: len(before[at]) - len(before[at].lstrip())]
    extra = [f"{space}# näw {number} → {rng.randrange(10**6)}" for _ in range(rng.randint(1, 2))]
    return Change(path, tuple(before), (*before[: at + 1], *extra, *before[at + 1 :]))


def _as_meant(intent: Intent, rng: random.Random) -> Spoilt:
    return _spoilt(intent, intent.changes, must=True)


def _spoilt(intent: Intent, changes: Sequence[Change], must: bool = False, text: str = "") -> Spoilt:
    """With the meaning that the changes have when they are read by the letter."""
    result = literal(intent.files, changes)
    body = text or written(intent.files, changes, intent.style)
    return Spoilt(body, intent.files, tuple(intent.files), (result,) if result else (), must and bool(result), "")


def _nothing_right(intent: Intent, text: str, files: Texts | None = None) -> Spoilt:
    there = files or intent.files
    return Spoilt(text, there, tuple(there), (), False, "")


def _one(intent: Intent, rng: random.Random, change: Callable[[Change], Change]) -> Spoilt:
    at = rng.randrange(len(intent.changes))
    changes = [change(c) if i == at else c for i, c in enumerate(intent.changes)]
    return _spoilt(intent, changes)


def _trailing_space(intent: Intent, rng: random.Random) -> Spoilt:
    changes = [
        replace(c, before=tuple(line + rng.choice(("", " ", "\t ")) for line in c.before)) for c in intent.changes
    ]
    kept = intent.style.format == "blocks"
    text = written(intent.files, changes, intent.style)
    return _spoilt(intent, intent.changes, must=kept, text=text) if kept else _spoilt(intent, changes)


def _trailing_space_in_the_file(intent: Intent, rng: random.Random) -> Spoilt:
    """Which the model did not copy; kept lines keep it."""
    files = {
        path: "".join(
            line.rstrip("\r\n") + rng.choice(("", "  ", "\t")) + line[len(line.rstrip("\r\n")) :] for line in lines
        )
        for path, text in intent.files.items()
        if (lines := text.splitlines(keepends=True))
    }
    result = literal(files, intent.changes)
    text = written(intent.files, intent.changes, intent.style)
    return Spoilt(text, files, tuple(files), (result,) if result else (), bool(result), "")


def _indented(intent: Intent, rng: random.Random) -> Spoilt:
    """As a whole: further out, further in, or by tabs."""
    space = rng.choice(("  ", "    ", "\t"))

    def moved(c: Change) -> Change:
        add = [tuple(space + line if line.strip() else line for line in part) for part in (c.before, c.after)]
        return Change(c.path, add[0], add[1])

    def dedented(c: Change) -> Change:
        width = len(margin(c.before))
        return Change(c.path, tuple(x[width:] for x in c.before), tuple(x[width:] for x in c.after))

    return _one(intent, rng, rng.choice((moved, dedented)))


def _unevenly_indented(intent: Intent, rng: random.Random) -> Spoilt:
    return _one(intent, rng, lambda c: replace(c, before=(" " + c.before[0], *c.before[1:])))


def _tabs(intent: Intent, rng: random.Random) -> Spoilt:
    return _one(intent, rng, lambda c: replace(c, before=tuple(x.replace("    ", "\t") for x in c.before)))


def _line_lost(intent: Intent, rng: random.Random) -> Spoilt:
    def without(c: Change) -> Change:
        part = list(c.before)
        del part[rng.randrange(len(part))]
        return replace(c, before=tuple(part)) if any(x.strip() for x in part) else c

    return _one(intent, rng, without)


def _line_twice(intent: Intent, rng: random.Random) -> Spoilt:
    at = rng.randrange(8)

    def twice(part: tuple[str, ...]) -> tuple[str, ...]:
        i = at % len(part)
        return (*part[:i], part[i], *part[i:])

    if rng.random() < 0.5:
        return _one(intent, rng, lambda c: replace(c, before=twice(c.before)))
    return _one(intent, rng, lambda c: replace(c, after=twice(c.after)))


def _lookalike(intent: Intent, rng: random.Random) -> Spoilt:
    """A letter of another alphabet, or a space that is none."""
    old, new = rng.choice((("a", "а"), (" ", "\u00a0"), ("e", "é"), ('"', "”")))
    return _one(intent, rng, lambda c: replace(c, before=tuple(x.replace(old, new) for x in c.before)))


def _swapped(intent: Intent, rng: random.Random) -> Spoilt:
    return _spoilt(intent, intent.changes[::-1], must=True)


def _said_twice(intent: Intent, rng: random.Random) -> Spoilt:
    style = intent.style
    text = written(intent.files, [*intent.changes, *intent.changes], style)
    return _spoilt(intent, intent.changes, text=text)


def _without_names(intent: Intent, rng: random.Random) -> Spoilt:
    style = replace(intent.style, format="blocks")
    return _spoilt(replace(intent, style=style), [replace(c, path="") for c in intent.changes])


def _in_the_file_twice(intent: Intent, rng: random.Random) -> Spoilt:
    """The context of a change is put into its file once more: no place is right any more."""
    change, text = rng.choice(intent.changes), written(intent.files, intent.changes, intent.style)
    eol = "\r\n" if "\r\n" in intent.files[change.path] else "\n"
    more = "".join(line + eol for line in change.before)
    whole = intent.files[change.path]
    files = {
        **intent.files,
        change.path: more + whole if rng.random() < 0.5 or not whole.endswith("\n") else whole + more,
    }
    return _nothing_right(intent, text, files)


def _wrong_name(intent: Intent, rng: random.Random) -> Spoilt:
    wrong = rng.choice(
        ("src/other.py", "../train.py", "/etc/file_0.py", "prepare.py", "src/file_9.py", "lib/file_0.py")
    )
    at = rng.randrange(len(intent.changes))
    path = intent.changes[at].path
    files = {**intent.files, wrong: intent.files[path]}
    return _nothing_right(
        intent,
        written(files, [replace(c, path=wrong) if i == at else c for i, c in enumerate(intent.changes)], intent.style),
    )


def _marker_lost(intent: Intent, rng: random.Random) -> Spoilt:
    intent = replace(intent, style=replace(intent.style, format="blocks", noise=False))
    lines = written(intent.files, intent.changes, intent.style).split("\n")
    marks = [
        i for i, line in enumerate(lines) if line.strip() and line.strip()[0] in "<=>" and len(line.split()[0]) > 4
    ]
    if not marks:
        return _as_meant(intent, rng)
    at = rng.choice(marks)
    lost = [*lines[:at], *([lines[at]] * rng.choice((0, 2))), *lines[at + 1 :]]
    return _nothing_right(intent, "\n".join(lost))


def _cut_short(intent: Intent, rng: random.Random) -> Spoilt:
    """Anywhere. What was complete by then may be done: nobody can know that more was to come."""
    text = written(intent.files, intent.changes, intent.style)
    results = [literal(intent.files, intent.changes[: n + 1]) for n in range(len(intent.changes))]
    if intent.style.format in ("whole", "apply_patch") or intent.style.fence != "none":
        results = results[-1:] if intent.style.format != "blocks" else results
    cut = text[: rng.randrange(len(text))]
    return Spoilt(cut, intent.files, tuple(intent.files), tuple(r for r in results if r), False, "")


def _elided(intent: Intent, rng: random.Random) -> Spoilt:
    """New lines give way to a comment that stands for them."""
    comment = rng.choice(ELISIONS)

    def shortened(c: Change) -> Change:
        space = margin(c.after[-1:])
        return replace(c, after=(*c.after[:-1], space + comment))

    changes = [shortened(c) for c in intent.changes]
    return _nothing_right(intent, written(intent.files, changes, intent.style))


def _only_a_part(intent: Intent, rng: random.Random) -> Spoilt:
    texts = literal(intent.files, intent.changes) or intent.files
    path = rng.choice(sorted(texts))
    lines = lines_of(texts[path])
    n = max(len(lines) // 4, 1)
    start = rng.randrange(len(lines) - n + 1)
    body = "\n".join(lines[start : start + n])
    return _nothing_right(intent, f"Here it is:\n\n{path}\n````python\n{body}\n````\n")


def _line_of_the_file_lost(intent: Intent, rng: random.Random) -> Spoilt:
    """By the letter: the whole file is what stands there."""
    path = rng.choice(sorted(intent.files))
    lines = lines_of(intent.files[path])
    del lines[rng.randrange(len(lines))]
    eol = "\r\n" if "\r\n" in intent.files[path] else "\n"
    text = eol.join(lines).rstrip("\r\n") + (eol if intent.files[path].endswith("\n") else "")
    body = "\n".join(lines)
    return Spoilt(f"{path}\n````\n{body}\n````", intent.files, tuple(intent.files), ({path: text},), False, "")


PLACE_WAYS = (
    *(
        _as_meant,
        _as_meant,
        _trailing_space,
        _trailing_space_in_the_file,
        _indented,
        _unevenly_indented,
        _tabs,
        _line_lost,
        _line_twice,
        _lookalike,
    ),
    *(_swapped, _said_twice, _without_names, _in_the_file_twice, _in_the_file_twice, _wrong_name, _marker_lost),
    *(_cut_short, _elided),
)
WHOLE_WAYS = (_as_meant, _wrong_name, _cut_short, _elided, _only_a_part, _line_of_the_file_lost)
