"""Changes written down as a model would: four formats, with noise around them that means nothing."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

DECOY = "<<<<<<< SEARCH\nimport\n=======\nimport this\n>>>>>>> REPLACE"
THOUGHTS = ("", "", f"<think>\nMaybe so:\n{DECOY}\nNo.\n</think>\n", "Hm, first think.\n</think>\n\n")
BEFORE = (
    "",
    "Sure! Here is what I would try.\n",
    "## Plan\n\n1. **Change** little\n2. Hope\n",
    "> I looked at the history:\n\n| run | loss |\n|---|---|\n| 1 | `2.5` |\n\n---\n",
)
AFTER = ("", "\n", "\nThat is all. I hope it helps!\n", "\n---\n*Expected*: a little\n\n* more\n* and more\n")


@dataclass(frozen=True, slots=True)
class Change:
    path: str
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Style:
    format: str
    noise: bool
    marks: int  # characters of a marker
    spaces: str  # behind markers
    fence: str  # around blocks: none, outside, inside
    name: str  # how a path is written
    crlf: bool
    seed: int = field(repr=False)

    @classmethod
    def drawn(cls, rng: random.Random) -> Style:
        return cls(
            rng.choice(("blocks", "blocks", "blocks", "whole", "diff", "apply_patch")),
            rng.random() < 0.7,
            rng.randint(5, 9),
            rng.choice(("", "", " ", "  \t")),
            rng.choice(("none", "outside", "info", "inside")),
            rng.choice(("{}", "`{}`", "**{}**", "### `{}`", "File: {}", "In `{}`:", "./{}")),
            rng.random() < 0.2,
            rng.randrange(10**6),
        )


def written(files: Mapping[str, str], changes: Sequence[Change], style: Style) -> str:
    rng = random.Random(style.seed)
    body = {"blocks": _blocks, "whole": _whole, "diff": _diff, "apply_patch": _envelope}[style.format](
        files, changes, style
    )
    text = "Hypothesis: less is more\nExpected: -1 %\n\n" + body + "\n"
    if style.noise:
        after = "" if style.format == "diff" and style.fence == "none" else rng.choice(AFTER)  # "---" would be a part
        text = rng.choice(THOUGHTS) + rng.choice(BEFORE) + text + after
    return text.replace("\n", "\r\n") if style.crlf else text


def _blocks(files: Mapping[str, str], changes: Sequence[Change], style: Style) -> str:
    return "\n\n".join(_block(change, style) for change in changes)


def _block(change: Change, style: Style) -> str:
    name, tail = style.name.format(change.path) if change.path else "", style.spaces
    parts = ["\n".join(part) for part in (change.before, change.after)]
    if style.fence == "inside":
        parts = [f"```python\n{part}\n```" for part in parts]
    marks = [style.marks * c for c in "<=>"]
    text = f"{marks[0]} SEARCH{tail}\n{parts[0]}\n{marks[1]}{tail}\n{parts[1]}\n{marks[2]} REPLACE{tail}"
    if style.fence == "info":
        return f"```python {change.path}\n{text}\n```"
    return f"{name}\n```python\n{text}\n```" if style.fence == "outside" else f"{name}\n{text}"


def _whole(files: Mapping[str, str], changes: Sequence[Change], style: Style) -> str:
    """Each file that has a change."""
    out = []
    for path in dict.fromkeys(change.path for change in changes):
        text = "\n" + files[path].replace("\r\n", "\n").removesuffix("\n") + "\n"
        for change in changes:
            if change.path == path:
                before, after = ("\n" + "\n".join(part) + "\n" for part in (change.before, change.after))
                text = text.replace(before, after, 1)
        out.append(f"{style.name.format(path)}\n`````python{text}`````")
    return "\n\n".join(out)


def _diff(files: Mapping[str, str], changes: Sequence[Change], style: Style) -> str:
    """With wrong numbers in a fence, sometimes without a head; with right ones outside of a fence."""
    if style.fence == "none":
        return "\n".join(f"{_head(c)}\n@@ -1,{len(c.before)} +1,{len(c.after)} @@\n{_hunk(c)}" for c in changes)
    bare = style.fence == "inside" and len(files) == 1 and all(change.path in files for change in changes)
    numbers = f"@@ -{style.marks},7 +{style.seed},9 @@"
    hunks = [f"{'' if bare else _head(c)}\n{numbers}\n{_hunk(c)}" for c in changes]
    return "```diff\n" + "\n".join(hunks) + "\n```"


def _head(change: Change) -> str:
    return f"--- a/{change.path}\n+++ b/{change.path}"


def _envelope(files: Mapping[str, str], changes: Sequence[Change], style: Style) -> str:
    sections = [f"*** Update File: {c.path}\n@@\n{_hunk(c)}\n" for c in changes]
    return "*** Begin Patch\n" + "".join(sections) + "*** End Patch"


def _hunk(change: Change) -> str:
    """Common lines at both ends are context."""
    before, after = list(change.before), list(change.after)
    head: list[str] = []
    while before and after and before[0] == after[0]:
        head.append(" " + before.pop(0))
        after.pop(0)
    foot: list[str] = []
    while before and after and before[-1] == after[-1]:
        foot.insert(0, " " + before.pop())
        after.pop()
    return "\n".join([*head, *("-" + x for x in before), *("+" + x for x in after), *foot])
