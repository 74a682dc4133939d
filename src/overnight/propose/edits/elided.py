"""Comments that stand for code that was left out: "# ... rest unchanged", "pass  # existing code".

Only lines that the change brings in are looked at, and of those only comments with no code beside them but a stub. An
Ellipsis, a slice or a docstring with dots is none. Such comments are made of a few words; what may also be an honest
comment ("# previous model") counts only where the file got shorter, or the code beside it is a stub.
"""

from __future__ import annotations

import re

_MARK = re.compile(r"#|//|/\*|<!--|--(?= )|;|%")
_WORD = re.compile(r"[a-z]+")
_STUBS = ("...", "pass", "return")
_LONGEST = 200  # characters of a line that may be such a comment
_GONE = {"unchanged", "unmodified", "omitted", "brevity"}
_OLD = {"rest", "remainder", "remaining", "existing", "previous", "original", "other", "same", "before"}
_STAYS = {"as", "is", "are", "goes", "here", "stay", "stays", "remain", "remains", "continue", "continues"}
_CODE = {"file", "code", "function", "class", "script", "model", "method", "body", "implementation", "import"}
_CODE |= {"definition", "logic", "line", "part", "block", "loop", "helper", "setup", "training"}
_CODE |= {word + "s" for word in _CODE} | {"classes"}
_FILLER = {
    "the",
    "of",
    "for",
    "in",
    "this",
    "your",
    "my",
    "all",
    "and",
    "keep",
    "above",
    "below",
    "it",
    "no",
    "changes",
}
_WORDS = _GONE | _OLD | _STAYS | _CODE | _FILLER


def elision(old: str, new: str) -> str:
    """The new line that stands for left-out code; "" where there is none."""
    before, after = ([line.strip() for line in text.split("\n") if line.strip()] for text in (old, new))
    added = (line for line in after if len(line) <= _LONGEST)
    known = set(before)
    share = len(after) / max(len(before), 1)
    return next((line for line in added if line not in known and _stands_for_code(line, share)), "")


def _stands_for_code(line: str, share: float) -> bool:
    """`share`: of the lines that there were before."""
    mark = _MARK.search(line)
    code, comment = (line[: mark.start()].strip(), line[mark.end() :]) if mark else ("", line)
    words = set(_WORD.findall(comment.lower()))
    dots = "..." in comment or "…" in comment
    if not mark:  # "[... the rest is unchanged ...]" in a file that is no code, or not yet
        return dots and words <= _WORDS and bool(words & (_OLD | _GONE))
    if code and code not in _STUBS:
        return False
    only = words <= _WORDS and bool(words & (_OLD | _GONE))
    left_out = dots and (bool(words & (_OLD | _GONE)) or comment.strip(" -*/>[]()") in ("...", "…"))
    if left_out or (only and (words & _GONE or words & _STAYS or len(words & _OLD) > 1)):
        return True
    hint = only or (dots and share < 0.8) or (bool(words & _GONE) and len(words) <= 8)
    return hint and (share < 1 or bool(code))
