"""READ FIRST: from the text of a reply to the new texts of the files, or to the one reason why not.

the thinking is dropped → the format is seen → changes are read → each is made at its one place → the result is checked
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from overnight.propose.edits.blocks import begins_block, ends_block, read_blocks
from overnight.propose.edits.change import Change, Fault, Format, Problem, Refusal, expect_few
from overnight.propose.edits.claims import Claim, claimed, first_sentence
from overnight.propose.edits.envelope import BEGIN, END, is_envelope, read_envelope
from overnight.propose.edits.instructions import is_example
from overnight.propose.edits.lines import answer, fences
from overnight.propose.edits.patch import holds_patch, read_patch
from overnight.propose.edits.place import changed, places, unambiguous
from overnight.propose.edits.sound import expect_sound
from overnight.propose.edits.whole import only_a_part, read_whole

LONGEST = 1_000_000
"""Characters of a reply: more than any model writes in one turn."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of reading. Either there are `files`, or there is a `problem`."""

    files: Mapping[str, str] = field(default_factory=dict)  # the whole new texts of the changed files
    hypothesis: str = ""
    expected: str = ""
    problem: Problem | None = None
    format: Format | None = None  # None: no change was seen


def read_reply(text: str, files: Mapping[str, str], only: Sequence[str]) -> Reply:
    """`files`: texts as they are; `only`: the paths that may change, also those of files that are not there yet."""
    if len(text) > LONGEST:
        return Reply(problem=Problem(Fault.TOO_LONG, f"the reply is longer than {LONGEST} characters"))
    lines = answer(text)
    format = _format(lines)
    new: Mapping[str, str] = {}
    problem = None
    try:
        changes = _READERS[format](lines, only) if format else []
        new = _applied(changes, {path: files.get(path, "") for path in only})
    except Refusal as refusal:
        problem = refusal.problem
    prose = _prose(lines)
    hypothesis = claimed(prose, Claim.HYPOTHESIS) or first_sentence(prose)
    return Reply(new, hypothesis, claimed(prose, Claim.EXPECTED), problem, format)


_READERS: Mapping[Format, Callable[[Sequence[str], Sequence[str]], list[Change]]] = {
    Format.APPLY_PATCH: read_envelope,
    Format.BLOCKS: read_blocks,
    Format.DIFF: read_patch,
    Format.WHOLE: read_whole,
}


def _format(lines: Sequence[str]) -> Format | None:
    """The first that is seen: whatever else is in the reply is talk."""
    if any(is_envelope(line) for line in lines):
        return Format.APPLY_PATCH
    if any(begins_block(line) or ends_block(line) for line in lines):
        return Format.BLOCKS
    if holds_patch(lines):
        return Format.DIFF
    return Format.WHOLE if fences(lines) else None


def _applied(changes: Sequence[Change], texts: Mapping[str, str]) -> dict[str, str]:
    """All of them, each on the result of those before it; one that is said twice is made once.

    A place that is ambiguous in the file as the model saw it stays so, also where an earlier change left only one.
    """
    once = [change for change in dict.fromkeys(changes) if not is_example(change)]
    if not once:
        raise Refusal(Fault.NO_EDIT, "the reply holds no change")
    expect_few(len(once), "changes")
    new = dict(texts)
    for change in once:
        path = change.path or _only_file(change, new)
        unambiguous(texts[path], change, path)
        new[path] = changed(new[path], change, path)
    out = {path: text for path, text in new.items() if text != texts[path]}
    if not out:
        raise Refusal(Fault.EMPTY, "the change leaves every file as it is")
    for path, text in out.items():
        expect_sound(path, texts[path], text)
    for path in {change.path for change in once if change.whole} & set(out):
        if why := only_a_part(path, texts[path], out[path]):
            raise Refusal(Fault.ELIDED, why)
    return out


def _only_file(change: Change, texts: Mapping[str, str]) -> str:
    """Where the reply does not say which file it means, only one of all that may change can hold the place."""
    if len(texts) == 1:
        return next(iter(texts))
    found = [path for path, text in texts.items() if places(text, change.before)]
    if len(found) == 1:
        return found[0]
    kind = Fault.AMBIGUOUS if found else Fault.NOT_FOUND
    raise Refusal(kind, f"a change does not say which file it is for: put the path above it ({', '.join(texts)})")


def _prose(lines: Sequence[str]) -> list[str]:
    """What stands outside of fences, blocks and patches."""
    fenced = {number for fence in fences(lines) for number in range(fence.start, fence.end + 1)}
    out: list[str] = []
    depth = 0
    for number, line in enumerate(lines):
        begins, ends = begins_block(line) or line.strip() == BEGIN, ends_block(line) or line.strip() == END
        depth = 1 if begins else depth
        if line and not depth and not ends and number not in fenced:
            out.append(line)
        depth = 0 if ends else depth
    return out
