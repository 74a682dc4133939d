"""program.md read back: what is enforced and where it was said, what is only advice, and what was not understood."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from overnight.program.knobs import Knob
from overnight.program.program import Origin, Program, Rule, Sentence, Stop
from overnight.propose.agents import Found
from overnight.show.limits import blind_limits
from overnight.show.paint import Cell, Screen, Tone, columns_of, fit, folded, printable
from overnight.show.table import table
from overnight.show.turnable import reach_of

NOT_UNDERSTOOD = "not understood"
SHOWN_KNOBS = 12
SHORT = 28  # columns: a value that is wider has its origin below it
NO_KNOBS = (
    "Nothing to turn: the search would end at once. Mark what may change in a Python, YAML, JSON or TOML file,",
    "such as `RATE = 0.02  # 0.001..0.1, log` or `MODE = 'a'  # a | b`, or name another agent.",
)
TONES = {"ok": Tone.PLAIN, "warn": Tone.WARN, "error": Tone.BAD}
NO_STOP = Rule("stop", "none: works until Ctrl-C", Origin.DEFAULT)


@dataclass(frozen=True, slots=True)
class ReadBack:
    program: Program
    knobs: Sequence[Knob]
    uncommitted: Sequence[str]  # edits that would stop a run
    agents: Sequence[tuple[str, Found]] = ()  # the lines of those that need something, and what was found of it

    @property
    def unclear(self) -> list[Sentence]:
        return [s for s in self.program.advice if s.why.startswith(NOT_UNDERSTOOD)]

    @property
    def advice(self) -> list[Sentence]:
        return [s for s in self.program.advice if not s.why.startswith(NOT_UNDERSTOOD)]


def readback_text(back: ReadBack, screen: Screen) -> Iterator[str]:
    name = back.program.path.name
    yield screen.paint("Enforced", Tone.STRONG)
    yield from _enforced([*back.program.rules, *([NO_STOP] if back.program.stop == Stop() else [])], name, screen)
    if blind := list(blind_limits(back.program)):
        yield from _headed("Limits that nobody can see reached", Tone.WARN, screen)
        room = None if screen.width is None else screen.width - 2
        yield from (f"  {line}" for text in blind for line in folded(f"{printable(text)}.", room))
    yield from _agents(back, screen)
    yield from _knobs(back, screen)
    yield from _sentences("Advice to the agent, not enforced", back.advice, name, Tone.QUIET, screen)
    yield from _sentences("Reads like a rule, and is NOT enforced", back.unclear, name, Tone.WARN, screen)
    if back.unclear:
        yield "  Say it as a key of the front matter, or take it as advice to the agent."
    if back.uncommitted:
        yield from _headed("Uncommitted edits: a run would refuse to start", Tone.BAD, screen)
        yield from (f"  {printable(path)}" for path in back.uncommitted)


def readback_json(back: ReadBack) -> dict[str, Any]:
    return {
        "program": str(back.program.path),
        "enforced": [_plain(rule) for rule in back.program.rules],
        "advice": [{"line": s.line, "text": s.text} for s in back.advice],
        "not_understood": [{"line": s.line, "text": s.text, "why": s.why} for s in back.unclear],
        "knobs": [{"path": k.path, "line": k.line, "name": k.name, "value": k.value, "why": k.why} for k in back.knobs],
        "blind_limits": list(blind_limits(back.program)),
        "uncommitted": list(back.uncommitted),
        "agents": [{"agent": line, "state": found.state, "found": found.words} for line, found in back.agents],
    }


def _plain(rule: Rule) -> dict[str, Any]:
    return {"key": rule.key, "value": rule.value, "origin": str(rule.origin), "line": rule.line, "why": rule.why}


def _enforced(rules: Sequence[Rule], name: str, screen: Screen) -> Iterator[str]:
    """Nothing is cut: what does not fit beside its key goes below it, the value first."""
    keys = max(len(rule.key) for rule in rules)
    room = None if screen.width is None else screen.width - keys - 4
    wide = [columns_of(printable(rule.value)) for rule in rules]
    values = max(columns for columns in [*wide, 0] if room is None or columns <= SHORT)
    for rule in rules:
        tone = Tone.QUIET if rule.origin is Origin.DEFAULT else Tone.PLAIN
        key = screen.paint(fit(rule.key, keys), tone)
        for line in _rule(rule, name, values, room, screen):
            yield f"  {key}  {line}"
            key = " " * keys


def _rule(rule: Rule, name: str, values: int, room: int | None, screen: Screen) -> Iterator[str]:
    """The value and where it was said: side by side where both fit."""
    tone = Tone.QUIET if rule.origin is Origin.DEFAULT else Tone.PLAIN
    value, where = printable(rule.value), printable(_where(rule, name))
    beside = max(values, columns_of(value))
    if room is None or beside + 2 + columns_of(where) <= room:
        yield f"{screen.paint(fit(value, beside), tone)}  {screen.paint(where, Tone.QUIET)}"
        return
    yield from (screen.paint(line, tone) for line in folded(value, room))
    yield from (screen.paint(line, Tone.QUIET) for line in folded(where, room))


def _where(rule: Rule, name: str) -> str:
    where = f"{name}:{rule.line}" if rule.line else str(rule.origin)
    return f"{where}: {rule.why}" if rule.why else where


def _agents(back: ReadBack, screen: Screen) -> Iterator[str]:
    if back.agents:
        yield from _headed("Who proposes", Tone.STRONG, screen)
        rows: list[list[Cell]] = [
            [printable(line), (printable(found.words), TONES[found.state])] for line, found in back.agents
        ]
        yield from table(rows, screen, indent=2, folds=True)


def _knobs(back: ReadBack, screen: Screen) -> Iterator[str]:
    if not any(line.split()[0] in ("search", "hybrid") for line in back.program.agent):
        return
    if not back.knobs:
        yield from _headed("No knobs", Tone.WARN, screen)
        room = None if screen.width is None else screen.width - 2
        lines = NO_KNOBS if room is None else folded(" ".join(NO_KNOBS), room)
        yield from (f"  {screen.paint(line, Tone.WARN)}" for line in lines)
        return
    yield from _headed(f"Knobs that the search can turn: {len(back.knobs)}", Tone.STRONG, screen)
    rows: list[list[Cell]] = [
        [knob.name, f"{knob.value!r}{knob.unit}", _reach(knob), (f"{knob.path}:{knob.line}, {knob.why}", Tone.QUIET)]
        for knob in back.knobs[:SHOWN_KNOBS]
    ]
    yield from table(rows, screen, indent=2, folds=True)
    if (more := len(back.knobs) - SHOWN_KNOBS) > 0:
        yield f"  and {more} more"
    yield "  To leave one alone write `# fixed` behind it."


def _reach(knob: Knob) -> str:
    return f"{reach_of(knob)}, {knob.range.scale}" if knob.range else reach_of(knob)


def _sentences(title: str, said: Sequence[Sentence], name: str, tone: Tone, screen: Screen) -> Iterator[str]:
    if said:
        yield from _headed(title, Tone.STRONG if tone is Tone.QUIET else tone, screen)
        rows: list[list[Cell]] = []
        for sentence in said:
            rows.append([f"{name}:{sentence.line}", (printable(sentence.text), tone)])
            rows += [["", (f"({reason})", Tone.QUIET)]] if (reason := _reason(sentence)) else []
        yield from table(rows, screen, indent=2, folds=True)


def _reason(sentence: Sentence) -> str:
    return printable(sentence.why.removeprefix(f"{NOT_UNDERSTOOD}:").strip()) if NOT_UNDERSTOOD in sentence.why else ""


def _headed(title: str, tone: Tone, screen: Screen) -> Iterator[str]:
    yield ""
    yield screen.paint(title, tone)
