"""Which sentences of the prose are rules that Overnight enforces, and which are only advice.

A sentence is enforced when every word of it is understood: each pattern must fit a whole clause. What is left over
(the tail after a dash, a bracket) may explain, but where it hedges, limits, or names a file or a number, the sentence
is not enforced and says so. Where a heading forbids ("What you cannot do"), a bare "modify `x`" is a prohibition and
a stop rule makes no sense; below "Examples" nothing is enforced.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from overnight.model import Goal
from overnight.program import stops
from overnight.program.phrases import CHANGE, DURATION, HIGH, LOW, METRIC, NEVER, OPERATORS, PATH, PATHS, VALUE, WORD
from overnight.program.program import Guard, Origin, Sentence
from overnight.program.prose import Section, Statement
from overnight.program.settings import Setting
from overnight.program.units import duration, limit, quoted

Said = list[tuple[str, Any]]  # what a clause sets: (key, value); `edit.only` and `target` are settled by `read`
Known = Callable[[str], bool]  # does a path name a file of the baseline?


def understand(spoken: Iterable[Statement], known: Known) -> tuple[list[Setting], list[Sentence]]:
    """The rules, and every other sentence with the reason why it is none."""
    rules: list[Setting] = []
    advice: list[Sentence] = []
    for statement in spoken:
        said, why = _read(statement, known)
        rules += [Setting(key, value, Origin.PROSE, statement.line) for key, value in said]
        if not said:
            advice.append(Sentence(statement.line, statement.text, why))
    return rules, advice


_HEDGE = re.compile(
    r"\b(?:unless|except|if|but|should|might|maybe|perhaps|probably|possibly|usually|ideally|prefer\w*|try|consider|"
    r"until|when|while|however|only|otherwise|about|roughly|approximately|around|for now|or|instead)\b|[\d`~]",
    re.IGNORECASE,
)
_RULE_LIKE = re.compile(
    r"\b(?:must|never|do not|don't|cannot|can't|may not|only|stop|at most|at least|no more than|not allowed|forbidden|"
    r"exceeds?|limit(?:ed)?|off[- ]limits|read-only|required?)\b",
    re.IGNORECASE,
)
_CLAUSE_ENDS = re.compile(r"\s+[—–-]+\s+|\s*[()]\s*|;\s+|,\s+(?=(?:it|which|this|since|because|so)\b)|\s+(?=because\b)")


def _read(statement: Statement, known: Known) -> tuple[Said, str]:
    """What the sentence sets, or why nothing."""
    if statement.section is Section.EXAMPLE:
        return [], "advice to the agent: it stands among examples"
    said: Said = []
    rest: list[str] = []
    for clause in _clauses(statement.text):
        try:
            found = _clause(clause, statement, known)
        except ValueError as error:
            return [], f"not understood: {error}"
        said += found
        rest += [] if found else [clause]
    hedge = next((match[0] for clause in rest if (match := _HEDGE.search(clause))), None)
    return ([], _why(statement, hedge)) if hedge or not said else (said, "")


def _clauses(text: str) -> list[str]:
    plain = text.replace("’", "'").rstrip(".!: ")
    return (
        [clause for clause in _CLAUSE_ENDS.split(plain[:400]) if clause] if len(plain) <= 400 else [plain[:400] + "…"]
    )


def _why(statement: Statement, hedge: str | None) -> str:
    strict = statement.section in (Section.CANNOT, Section.STOP, Section.RULES)
    if not strict and not _RULE_LIKE.search(statement.text):
        return "advice to the agent"
    if hedge and hedge.isalpha():
        return f"not understood: '{hedge}' makes it conditional, or not exact"
    return "not understood: no rule that Overnight knows how to enforce"


def _clause(clause: str, statement: Statement, known: Known) -> Said:
    readers = (_protect, _edit) if statement.section is not Section.CANNOT else (_protect,)
    for reader in readers:
        if paths := reader(clause, statement):
            return [(key, _tracked(path, known)) for key, path in paths]
    if statement.section is not Section.CANNOT:
        said = (
            stops.stop(clause, statement.section is Section.STOP) or _kill(clause) or _metric(clause, statement.section)
        )
        if said:
            return said
    return _guard(clause, statement.section)


def _tracked(path: str, known: Known) -> str:
    if not known(path):
        raise ValueError(f"the baseline has no file {quoted(path)}")
    return path


def _protect(clause: str, statement: Statement) -> list[tuple[str, str]]:
    fixed = r"(?:fixed|read-only|frozen|off[- ]limits|untouched|unchanged)"
    forms = [
        rf"{NEVER}{CHANGE}:? {PATHS}",
        rf"{PATHS} (?:is|are|stays?|(?:must|shall) (?:be|stay|remain)) (?:always )?{fixed}",
        rf"{PATHS} (?:must not|must never|may not|cannot|can't) be (?:modified|edited|changed|touched|altered)",
    ]
    if statement.section is Section.CANNOT:
        forms += [rf"{CHANGE}:? {PATHS}", PATHS]
    pronoun = rf"{NEVER}{CHANGE}(?: it| this| this file)?|(?:(?:it|this file) is )?{fixed}"
    return [("protect", path) for path in _paths(forms, clause) or _about(pronoun, clause, statement)]


def _edit(clause: str, statement: Statement) -> list[tuple[str, str]]:
    only = [
        rf"(?:you (?:may|can) )?only {CHANGE}:? {PATHS}|(?:you (?:may|can) )?{CHANGE} only:? {PATHS}",
        rf"(?:you (?:may|can) )?{CHANGE} {PATHS} only",
        rf"{PATHS} (?:is|are) the only files? (?:that )?(?:may change|(?:you )?(?:may |can )?{CHANGE})",
    ]
    pronoun = rf"(?:this|it) is the only file (?:that )?you (?:may |can )?{CHANGE}"
    if paths := _paths(only, clause) or _about(pronoun, clause, statement):
        return [("edit.only", path) for path in paths]
    allowed = [rf"you (?:may|can) (?:freely )?{CHANGE}:? {PATHS}(?: freely)?"]
    if statement.section is Section.CAN:
        allowed += [rf"{CHANGE}:? {PATHS}", PATHS]
    return [("edit", path) for path in _paths(allowed, clause)]


def _paths(forms: Iterable[str], clause: str) -> list[str]:
    for form in forms:
        if match := _fits(form, clause):
            listed = next(group for group in match.groups() if group)
            return [path.strip("`") for path in re.findall(PATH, listed, re.ASCII)]
    return []


def _about(pronoun: str, clause: str, statement: Statement) -> list[str]:
    """The file that a bullet begins with, where the clause speaks of it: "`prepare.py` holds the data; do not edit"."""
    about = statement.about or ""
    return [about] if re.fullmatch(PATH, about) and _fits(pronoun, clause) else []


def _kill(clause: str) -> Said:
    too_long = r"(?:exceeds|takes (?:more|longer) than|runs (?:for )?(?:more|longer) than)"
    forms = (
        rf"if (?:a|any|the|one) (?:run|experiment) {too_long} ({DURATION}),? (?:kill it|it is killed)"
        r"(?: and treat it as a (?:failure|crash|timeout))?",
        rf"kill (?:a|any|every|each|the) (?:run|experiment) (?:after|that {too_long}) ({DURATION})",
        rf"(?:runs|experiments) are killed after ({DURATION})",
    )
    match = next((match for form in forms if (match := _fits(form, clause))), None)
    return [("kill_after", duration(match[1]))] if match else []


def _metric(clause: str, section: Section) -> Said:
    at_goal = section is Section.GOAL
    aim = r"(?:the )?(?:goal|objective|aim)(?: is|:)(?: simple:)?(?: to)? "
    down, up = (rf"{verb}|(?:get |reach )?the {most}(?: possible)?" for verb, most in _EXTREMES)
    optimize = rf"(?:({down})|{up}) (?:the )?"
    better = r"(?:(lower|smaller|less)|higher|larger|bigger|more) is better"
    named = rf"(?:(?:the )?metric(?: is|:) )?{METRIC}"
    both = _fits(rf"{aim}{optimize}{WORD}", clause) or (at_goal and _fits(rf"{optimize}{METRIC}", clause))
    if both:
        return [("metric", both[2].strip("`")), ("goal", _direction(both[1]))]
    if both := _fits(rf"{named},? {better}", clause):
        return [("metric", both[1].strip("`")), ("goal", _direction(both[2]))]
    if one := _fits(rf"(?:the )?metric(?: is|:) {METRIC}", clause) or (at_goal and _fits(METRIC, clause)):
        return [("metric", one[1].strip("`"))]
    one = at_goal and _fits(better, clause)
    return [("goal", _direction(one[1]))] if one else []


_EXTREMES = (("minimi[sz]e", "lowest"), ("maximi[sz]e", "highest"))


def _direction(down: str | None) -> Goal:
    return Goal.MINIMIZE if down else Goal.MAXIMIZE


def _guard(clause: str, section: Section) -> Said:
    bound = rf"(?:(?P<low>{LOW})|(?P<high>{HIGH})) {VALUE}"
    forms = [
        rf"{METRIC} (?:must (?:always )?(?:stay|be|remain)|always stays|stays|remains) {bound}",
        rf"keep {METRIC} {bound}",
        rf"{METRIC} (?P<low>must not exceed|must never exceed|never exceeds|may not exceed|cannot exceed) {VALUE}",
    ]
    if section is Section.RULES:
        forms += [rf"{METRIC} (?:is )?{bound}"]
    match = next((match for form in forms if (match := _fits(form, clause))), None)
    if not match:
        return []
    groups = match.groupdict()
    name = match[1].strip("`")
    op = OPERATORS.get((groups.get("low") or groups.get("high") or "").lower(), "<=")
    return [("guards", Guard(name, op, limit(name, match[match.re.groups])))]


def _fits(form: str, clause: str) -> re.Match[str] | None:
    return re.fullmatch(form, clause, re.IGNORECASE)
