"""program.md read back: what is enforced and where it was said, what is only advice, and what was not understood."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from overnight.program.knobs import Knob
from overnight.program.program import Origin, Program, Rule, Sentence
from overnight.show.paint import Cell, Screen, Tone, printable
from overnight.show.table import table

NOT_UNDERSTOOD = "not understood"
SHOWN_KNOBS = 12


@dataclass(frozen=True, slots=True)
class ReadBack:
    program: Program
    knobs: Sequence[Knob]
    uncommitted: Sequence[str]  # edits that would stop a run

    @property
    def unclear(self) -> list[Sentence]:
        return [s for s in self.program.advice if s.why.startswith(NOT_UNDERSTOOD)]

    @property
    def advice(self) -> list[Sentence]:
        return [s for s in self.program.advice if not s.why.startswith(NOT_UNDERSTOOD)]


def readback_text(back: ReadBack, screen: Screen) -> Iterator[str]:
    name = back.program.path.name
    yield screen.paint("Enforced", Tone.STRONG)
    yield from table([_rule(rule, name) for rule in back.program.rules], screen, gives_way=1, indent=2)
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
        "uncommitted": list(back.uncommitted),
    }


def _plain(rule: Rule) -> dict[str, Any]:
    return {"key": rule.key, "value": rule.value, "origin": str(rule.origin), "line": rule.line, "why": rule.why}


def _rule(rule: Rule, name: str) -> list[Cell]:
    where = f"{name}:{rule.line}" if rule.line else str(rule.origin)
    why = f": {rule.why}" if rule.why else ""
    tone = Tone.QUIET if rule.origin is Origin.DEFAULT else Tone.PLAIN
    return [(rule.key, tone), (printable(rule.value), tone), (printable(f"{where}{why}"), Tone.QUIET)]


def _knobs(back: ReadBack, screen: Screen) -> Iterator[str]:
    if back.program.agent != "search":
        return
    yield from _headed(f"Knobs that the search can turn: {len(back.knobs)}", Tone.STRONG, screen)
    rows: list[list[Cell]] = [
        [knob.name, repr(knob.value), _reach(knob), (f"{knob.path}:{knob.line}, {knob.why}", Tone.QUIET)]
        for knob in back.knobs[:SHOWN_KNOBS]
    ]
    yield from table(rows, screen, indent=2)
    if (more := len(back.knobs) - SHOWN_KNOBS) > 0:
        yield f"  and {more} more"


def _reach(knob: Knob) -> str:
    if knob.range is None:
        return " | ".join(str(choice) for choice in knob.choices)
    return f"{knob.range.low:g} .. {knob.range.high:g}, {knob.range.scale}"


def _sentences(title: str, said: Sequence[Sentence], name: str, tone: Tone, screen: Screen) -> Iterator[str]:
    if said:
        yield from _headed(title, Tone.STRONG if tone is Tone.QUIET else tone, screen)
        rows: list[list[Cell]] = [[f"{name}:{s.line}", (printable(s.text), tone), (_reason(s), tone)] for s in said]
        yield from table(rows, screen, gives_way=1, indent=2)


def _reason(sentence: Sentence) -> str:
    return printable(sentence.why.removeprefix(f"{NOT_UNDERSTOOD}:").strip()) if NOT_UNDERSTOOD in sentence.why else ""


def _headed(title: str, tone: Tone, screen: Screen) -> Iterator[str]:
    yield ""
    yield screen.paint(title, tone)
