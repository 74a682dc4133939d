"""Stop rules as sentences: "stop after 100 experiments or at 07:00, whichever comes first".

Below a heading such as "Stop when" the verb may be left out. Elsewhere it must be there, or a limit that can mean
nothing but the night ("at most 100 experiments"): "at most 5 minutes" may well be about one run.
"""

from __future__ import annotations

import re

from overnight.program.units import UNITS

_UNIT = "(?:" + "|".join(sorted(UNITS, key=len, reverse=True)) + r")(?![A-Za-z])"
_TIME = rf"\d+(?:\.\d+)?\s?{_UNIT}"
DURATION = rf"{_TIME}(?:(?:,?\sand\s|,\s|\s)?{_TIME})*"
WORD = r"(?P<name>`[A-Za-z_][\w./-]*`|[A-Za-z]\w*)"
METRIC = r"(?P<name>`[A-Za-z_][\w./-]*`|[A-Za-z][A-Za-z\d]*_\w+)"  # a bare word must look like a name to be one
VALUE = r"(?P<value>[-+]?[\d.]\S*(?:\s?[a-z]+)?)"
OPERATORS = {
    **dict.fromkeys(("below", "under", "less than", "lower than", "<"), "<"),
    **dict.fromkeys(("at most", "no more than", "<=", "≤"), "<="),
    **dict.fromkeys(("above", "over", "more than", "greater than", "higher than", ">"), ">"),
    **dict.fromkeys(("at least", "no less than", ">=", "≥"), ">="),
}


def stop(clause: str, below_heading: bool) -> list[tuple[str, str]]:
    """The stop rules in a clause; none where a part of it is not understood."""
    lead = _VERB.match(clause) or _LIMIT.match(clause)
    if not lead and not below_heading:
        return []
    rest = clause[lead.end() :] if lead else clause
    whole = re.sub(r",? whichever (?:comes|is|happens) (?:first|earlier|sooner)$", "", rest, flags=re.IGNORECASE)
    found = [_condition(part) for part in re.split(r",? or (?:stop )?|, ", whole, flags=re.IGNORECASE)]
    return [pair for pair in found if pair] if all(found) else []


_VERB = re.compile(
    r"(?:please )?(?:stop|end|finish|halt|quit)(?: (?:the|this) (?:night|loop|search)| everything| searching)?:? |"
    r"the (?:night|loop|search) (?:ends|stops|must end|must stop) |(?:run|work|go on|continue|keep going) (?=until )",
    re.IGNORECASE,
)
_LIMIT = re.compile(
    r"(?:(?:run |do |try |spend )?(?:at most|no more than|up to)|"
    r"(?:do not|don't|never) (?:run|do|try|spend) more than) "
    r"(?=[\d,_]+k? (?:experiments|trials)\b|\$|[\d.]+ (?:usd|dollars)\b)",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    r"(?:(?:after|at|once|when|if|within|as soon as|by|before|until) )?"
    r"(?:spending |the cost (?:reaches|exceeds) )?(?:at most |no more than |a total of |a maximum of )?",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r" (?:in total|total|at most|of work|of active time|of wall time|local time|in the morning|have passed|"
    r"(?:are|is|were|have been|has been|was) (?:done|run|spent))$",
    re.IGNORECASE,
)
_COUNT = r"(?P<text>\d[\d,_]*(?:\.\d+)?\s?[km]?)"
_EXPERIMENTS = r"(?:experiments?|trials?|runs?)"
_KEEP = r"(?:a |an |any |new |further )*(?:keeps?|kept (?:change|experiment)|improvements?|improving|progress|gains?)"
_CONDITIONS = (
    ("stop.plateau", rf"{_COUNT} (?:consecutive )?{_EXPERIMENTS}(?: in a row)? (?:without|with no) {_KEEP}"),
    (
        "stop.plateau",
        rf"(?:(?:there (?:is|was|has been) )?no {_KEEP}|nothing (?:is|was|has been) kept|nothing improves|"
        rf"(?:the metric|the score|{METRIC}) (?:has not improved|does not improve)) (?:for|in|after|over|within) "
        rf"(?:the last )?{_COUNT} (?:consecutive )?{_EXPERIMENTS}(?: in a row)?",
    ),
    ("stop.experiments", rf"{_COUNT} {_EXPERIMENTS}"),
    ("stop.cost", r"(?P<text>\$ ?[\d.]+|[\d.]+ (?:usd|dollars?))"),
    ("stop.tokens", rf"{_COUNT} tokens"),
    ("stop.hours", rf"(?P<text>{DURATION})"),
    ("stop.until", r"(?P<text>\d{1,2}:\d\d(?: ?[ap]m)?|\d{1,2} ?[ap]m|noon|midnight)"),
    (
        "target",
        rf"{WORD} (?:is |drops |falls |gets |goes |rises |climbs )?"
        rf"(?P<op>{'|'.join(OPERATORS)}|reaches|hits) {VALUE}",
    ),
)


def _condition(part: str) -> tuple[str, str] | None:
    lead = _BEFORE.match(part)
    core = _AFTER.sub("", part[lead.end() if lead else 0 :])
    for key, form in _CONDITIONS:
        if not (match := re.fullmatch(form, core, re.IGNORECASE)):
            continue
        if key != "target":
            return key, match["text"]
        return key, f"{match['name'].strip('`')} {OPERATORS.get(match['op'].lower(), '==')} {match['value']}"
    return None
