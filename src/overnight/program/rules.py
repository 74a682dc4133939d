"""Which sentences of the prose are rules that Overnight enforces, and which are only advice.

A sentence is enforced when every word of it is understood: each form must fit a whole clause. What is left over (the
tail after a dash, a bracket) may explain, but where it hedges, limits, or names a file or a number, the sentence is
not enforced and says so. Where a heading forbids ("What you cannot do"), a bare "modify `x`" is a prohibition and a
stop rule makes no sense; below "Examples" and "Ideas" nothing is enforced.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable

from overnight.program.program import Origin, Sentence
from overnight.program.prose import Section, Statement
from overnight.program.settings import Setting
from overnight.program.stops import DURATION, METRIC, OPERATORS, VALUE, WORD, stop
from overnight.program.units import quoted

Said = list[tuple[str, str]]  # (key, text) pairs, for the parsers of `settings`
Known = Callable[[str], bool]  # does a path name a file of the baseline?


def understand(spoken: Iterable[Statement], known: Known) -> tuple[list[Setting], list[Sentence]]:
    """The rules, and every other sentence with the reason why it is none."""
    rules: list[Setting] = []
    advice: list[Sentence] = []
    for statement in spoken:
        try:
            said, why = _read(statement, known)
            rules += [Setting.of(key, text, Origin.PROSE, statement.line, statement.text) for key, text in said]
        except ValueError as error:
            said, why = [], f"not understood: {error}"
        if not said:
            advice.append(Sentence(statement.line, statement.text, why))
    return rules, advice


_NEVER = (
    r"(?:please )?(?:do not|don't|never|must not|you (?:must not|must never|may not|cannot|can not|can't)) (?:ever )?"
)
_CHANGE = r"(?:modify|edit|change|touch|alter|rewrite|overwrite)"
_CHANGED = r"(?:modified|edited|changed|touched|altered|rewritten|overwritten)"
_FIXED = r"(?:fixed|read-only|frozen|off[- ]limits|untouched|unchanged)"
_PATH = r"(?:`[\w*?./\[\]-]+`|(?=[\w*-]*[./])[\w*./-]+)"
_PATHS = rf"(?:the )?(?:files? )?(?P<paths>{_PATH}(?:(?:,? (?:and|or) |, ){_PATH})*)"
_YOU_MAY = r"(?:you (?:may|can) )"
_TOO_LONG = r"(?:exceeds|takes (?:more|longer) than|runs (?:for )?(?:more|longer) than)"
_AIM = r"(?:the )?(?:goal|objective|aim)(?: is|:)(?: simple:)?(?: to)? "
_OPTIMIZE = (
    r"(?:(?P<down>minimi[sz]e|(?:get |reach )?the lowest(?: possible)?)|"
    r"(?P<up>maximi[sz]e|(?:get |reach )?the highest(?: possible)?)) (?:the )?"
)
_BETTER = r"(?:(?P<down>lower|smaller|less)|(?P<up>higher|larger|bigger|more)) is better"
_BOUND = rf"(?P<op>{'|'.join(OPERATORS)}) {VALUE}"

_EVERY = frozenset(Section) - {Section.EXAMPLE, Section.IDEAS}
_OPEN = _EVERY - {Section.CANNOT}
_FORMS: tuple[tuple[str, Collection[Section], str], ...] = (
    ("protect", _EVERY, rf"{_NEVER}{_CHANGE}:? {_PATHS}"),
    ("protect", _EVERY, rf"{_PATHS} (?:is|are|stays?|(?:must|shall) (?:be|stay|remain)) (?:always )?{_FIXED}"),
    ("protect", _EVERY, rf"{_PATHS} (?:must not|must never|may not|cannot|can't) be {_CHANGED}"),
    ("protect", _EVERY, rf"{_NEVER}{_CHANGE}(?: it| this| this file)?|(?:(?:it|this file) is )?{_FIXED}"),
    ("protect", {Section.CANNOT}, rf"(?:{_CHANGE}:? )?{_PATHS}"),
    ("edit.only", _OPEN, rf"{_YOU_MAY}?(?:only {_CHANGE}|{_CHANGE} only):? {_PATHS}"),
    ("edit.only", _OPEN, rf"{_YOU_MAY}?{_CHANGE} {_PATHS} only"),
    ("edit.only", _OPEN, rf"{_PATHS} (?:is|are) the only files? (?:that )?(?:may change|{_YOU_MAY}{_CHANGE})"),
    ("edit.only", _OPEN, rf"(?:this|it) is the only file (?:that )?you (?:may |can )?{_CHANGE}"),
    ("edit", _OPEN, rf"{_YOU_MAY}(?:freely )?{_CHANGE}:? {_PATHS}(?: freely)?"),
    ("edit", {Section.CAN}, rf"(?:{_CHANGE}:? )?{_PATHS}"),
    ("kill_after", _OPEN, rf"if (?:a|any|the|one) (?:run|experiment) {_TOO_LONG} (?P<text>{DURATION}),? kill it"),
    ("kill_after", _OPEN, rf"(?:kill (?:any|every|each) run|runs are killed) after (?P<text>{DURATION})"),
    ("metric", _OPEN, rf"{_AIM}{_OPTIMIZE}{WORD}"),
    ("metric", {Section.GOAL}, rf"{_OPTIMIZE}{METRIC}"),
    ("metric", _OPEN, rf"(?:the )?metric(?: is|:) {METRIC}(?:,? {_BETTER})?"),
    ("metric", _OPEN, _BETTER),
    ("guards", _EVERY, rf"{METRIC} (?:must (?:always )?(?:stay|be|remain)|always stays|stays|remains) {_BOUND}"),
    ("guards", _EVERY, rf"keep {METRIC} {_BOUND}"),
    ("guards", _EVERY, rf"{METRIC} (?:must not exceed|must never exceed|never exceeds|may not exceed) {VALUE}"),
    ("guards", {Section.RULES}, rf"{METRIC} (?:is )?{_BOUND}"),
)
_CLAUSE_ENDS = re.compile(
    r"\s+[—–-]+\s+|\s*[()]\s*|;\s+|,\s+(?=(?:it|which|this|since|because|so)\b)|\s+(?=because\b)|"
    r"(?<=kill it)\s+(?=and\b)"
)
_CONDITION = re.compile(
    r"\b(?:unless|except|if|should|might|maybe|perhaps|probably|possibly|usually|ideally|prefer\w*|try|consider|until|"
    r"when|while|otherwise|roughly|approximately|for now|instead)\b",
    re.IGNORECASE,
)
_LIMITS = re.compile(r"\b(?:but|however|only|about|around|or)\b|[\d`~/*]|\w\.\w", re.IGNORECASE)
_RULE_LIKE = re.compile(
    r"\b(?:must|never|do not|don't|cannot|can't|may not|only|stop|at most|at least|no more than|not allowed|forbidden|"
    r"exceeds?|limit(?:ed)?|off[- ]limits|read-only|required?|should (?:not|stay|be)|not to (?:modify|edit|change))\b",
    re.IGNORECASE,
)


def _read(statement: Statement, known: Known) -> tuple[Said, str]:
    """What the sentence sets, or why nothing."""
    if statement.section is Section.IDEAS:
        return [], "an idea to be tried"
    clauses = _CLAUSE_ENDS.split(statement.text.replace("’", "'").rstrip(".!: "))
    found = [(clause, _clause(clause, statement, known)) for clause in clauses if 0 < len(clause) <= 300]
    said = [pair for _, pairs in found for pair in pairs]
    rest = " ".join(clause for clause, pairs in found if not pairs)
    if said and len(found) == sum(map(bool, clauses)) and not _CONDITION.search(rest) and not _LIMITS.search(rest):
        return said, ""
    strict = statement.section in (Section.CANNOT, Section.STOP, Section.RULES)
    if not said and not strict and not _RULE_LIKE.search(statement.text):
        return [], "advice to the agent"
    if condition := _CONDITION.search(rest):
        return [], f"not understood: '{condition[0]}' makes it conditional, or not exact"
    return [], f"not understood: {'the rest limits it' if said else 'no rule that Overnight can enforce'}"


def _clause(clause: str, statement: Statement, known: Known) -> Said:
    for key, sections, form in _FORMS:
        match = re.fullmatch(form, clause, re.IGNORECASE) if statement.section in sections else None
        if match and (said := _said(key, match.groupdict(), statement.about, known)):
            return said
    return stop(clause, statement.section is Section.STOP) if statement.section in _OPEN else []


def _said(key: str, groups: dict[str, str], about: str | None, known: Known) -> Said:
    if key in ("protect", "edit", "edit.only"):
        return [(key, _tracked(path, known)) for path in _named(groups, about)]
    if key == "metric":
        metric: Said = [("metric", groups["name"].strip("`"))] if "name" in groups else []
        goal = "minimize" if groups.get("down") else "maximize" if groups.get("up") else None
        return metric + ([("goal", goal)] if goal else [])
    if key == "guards":
        op = OPERATORS.get(groups.get("op", "").lower(), "<=")
        return [(key, f"{groups['name'].strip('`')} {op} {groups['value']}")]
    return [(key, groups["text"])]


def _named(groups: dict[str, str], about: str | None) -> list[str]:
    """The paths in the clause; where it says "it", the one that the bullet begins with."""
    if "paths" in groups:
        return [path.strip("`") for path in re.findall(_PATH, groups["paths"])]
    return [about] if about and re.fullmatch(_PATH, about) else []


def _tracked(path: str, known: Known) -> str:
    if not known(path):
        raise ValueError(f"the baseline has no file {quoted(path)}")
    return path
