"""The words from which the patterns for rules are put together. All are linear: no repeat inside a repeat that could
match the same text in two ways."""

from __future__ import annotations

from overnight.program.units import UNITS

_UNIT = "(?:" + "|".join(sorted(UNITS, key=len, reverse=True)) + r")(?![A-Za-z])"
_TIME = rf"\d+(?:\.\d+)?\s?{_UNIT}"
DURATION = rf"{_TIME}(?:(?:,?\sand\s|,\s|\s)?{_TIME})*"
COUNT = r"(\d[\d,_]*(?:\.\d+)?\s?[km]?)"
EXPERIMENTS = r"(?:experiments?|trials?|runs?)"
KEEP = r"(?:a |an |any |new |further )*(?:keeps?|kept (?:change|experiment)|improvements?|improving|progress|gains?)"
WORD = r"(`[A-Za-z_][\w./-]*`|[A-Za-z]\w*)"
METRIC = r"(`[A-Za-z_][\w./-]*`|[A-Za-z][A-Za-z\d]*_\w+)"  # a bare word must look like a name to be one
PATH = r"(?:`[\w*?./\[\]-]+`|(?=[\w*-]*[./])[\w*./-]+)"
PATHS = rf"(?:the )?(?:files? )?({PATH}(?:(?:,? (?:and|or) |, ){PATH})*)"
CHANGE = r"(?:modify|edit|change|touch|alter|rewrite|overwrite)"
NEVER = (
    r"(?:please )?(?:do not|don't|never|you (?:must not|must never|may not|cannot|can not|can't)|must not) (?:ever )?"
)
VALUE = r"([-+]?[\d.]\S*(?:\s?[a-z]+)?)"
OPERATORS = {
    **dict.fromkeys(("below", "under", "less than", "lower than", "<"), "<"),
    **dict.fromkeys(("at most", "no more than", "<=", "≤"), "<="),
    **dict.fromkeys(("above", "over", "more than", "greater than", "higher than", ">"), ">"),
    **dict.fromkeys(("at least", "no less than", ">=", "≥"), ">="),
}
LOW = "(?:" + "|".join(words for words, op in OPERATORS.items() if op[0] == "<") + ")"
HIGH = "(?:" + "|".join(words for words, op in OPERATORS.items() if op[0] == ">") + ")"
