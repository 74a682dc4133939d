"""Whether what program.md says of a knob can be meant of the files as they stand: before a night, and only then."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from overnight.program.knobs import literals_in, turnable
from overnight.program.knobs_said import OTHERS, KnobRule, covers, reach_of


def unfit(rule: KnobRule, texts: Mapping[str, str]) -> str:
    """Why nothing in these files can be turned as the rule says; empty where it fits."""
    files = {path: literals_in(text, path) for path, text in texts.items() if turnable(path)}
    meant = [each for path, literals in files.items() for each in literals if covers(rule, path, each.name)]
    if rule.name == OTHERS:
        return ""
    if not meant:
        names = [each.name for literals in files.values() for each in literals]
        near = get_close_matches(rule.name.rpartition(":")[2], names, n=1)
        hint = f"did you mean '{near[0]}'?" if near else "'overnight knobs' lists what there is"
        return f"there is no '{rule.name[:60]}' in {', '.join(texts) or 'the editable files'}; {hint}"
    if rule.fixed:
        return ""
    reached = [(each.name, reach_of(rule, each)) for each in meant]
    return next((f"{name} {problem}" for name, problem in reached if isinstance(problem, str)), "")
