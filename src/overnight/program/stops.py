"""Stop rules as sentences: "stop after 100 experiments or at 07:00, whichever comes first".

Below a heading such as "Stop when" the verb may be left out. Elsewhere it must be there, or a limit that can mean
nothing but the night ("at most 100 experiments"): "at most 5 minutes" may well be about one run.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from overnight.model import Goal
from overnight.program import units
from overnight.program.phrases import COUNT, DURATION, EXPERIMENTS, HIGH, KEEP, LOW, METRIC, VALUE, WORD


@dataclass(frozen=True, slots=True)
class Target:
    """`when val_bpb is below 0.95`, before it is known which metric the program has."""

    metric: str
    goal: Goal | None  # the direction that it supposes; None: "reaches"
    value: float


def stop(clause: str, below_heading: bool) -> list[tuple[str, Any]]:
    """The stop rules in a clause; none where a part of it is not understood."""
    rest = _without_verb(clause, below_heading)
    if rest is None:
        return []
    whole = re.sub(r",? whichever (?:comes|is|happens) (?:first|earlier|sooner)$", "", rest, flags=re.IGNORECASE)
    parts = re.split(r",? or (?:stop )?|, ", whole, flags=re.IGNORECASE)
    found = [_condition(part) for part in parts]
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


def _without_verb(clause: str, below_heading: bool) -> str | None:
    lead = _VERB.match(clause) or _LIMIT.match(clause)
    if lead:
        return clause[lead.end() :]
    return clause if below_heading else None


def _target(match: re.Match[str]) -> Target:
    goal = Goal.MINIMIZE if match["low"] else Goal.MAXIMIZE if match["high"] else None
    return Target(match["name"].strip("`"), goal, units.number(match["value"]))


_LAST = rf"(?:for|in|after|over|within) (?:the last )?{COUNT} (?:consecutive )?{EXPERIMENTS}(?: in a row)?"
_CONDITIONS: tuple[tuple[str, str, Callable[[re.Match[str]], Any]], ...] = (
    (
        rf"{COUNT} (?:consecutive |straight )?{EXPERIMENTS}(?: in a row)? (?:without|with no) {KEEP}",
        "stop.plateau",
        lambda match: units.count(match[1]),
    ),
    (
        rf"(?:(?:there (?:is|was|has been) )?no {KEEP}|nothing (?:is|was|has been) kept|nothing improves|"
        rf"(?:the metric|the score|{METRIC}) (?:has not improved|does not improve)) {_LAST}",
        "stop.plateau",
        lambda match: units.count(match[2]),
    ),
    (rf"{COUNT} {EXPERIMENTS}", "stop.experiments", lambda match: units.count(match[1])),
    (r"(\$ ?[\d.]+|[\d.]+ (?:usd|dollars?))", "stop.cost", lambda match: units.money(match[1])),
    (rf"{COUNT} tokens", "stop.tokens", lambda match: units.count(match[1])),
    (DURATION, "stop.hours", lambda match: units.duration(match[0])),
    (r"\d{1,2}:\d\d(?: ?[ap]m)?|\d{1,2} ?[ap]m|noon|midnight", "stop.until", lambda match: units.until(match[0])),
    (
        rf"(?P<name>{WORD}) (?:is |drops |falls |gets |goes |rises |climbs )?"
        rf"(?:(?P<low>{LOW})|(?P<high>{HIGH})|reaches|hits) (?P<value>{VALUE})",
        "target",
        _target,
    ),
)


def _condition(part: str) -> tuple[str, Any] | None:
    lead = _BEFORE.match(part)
    core = _AFTER.sub("", part[lead.end() if lead else 0 :])
    for form, key, value in _CONDITIONS:
        if match := re.fullmatch(form, core, re.IGNORECASE):
            return key, value(match)
    return None
