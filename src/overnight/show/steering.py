"""What people said to a night, and the answers: who paused it, what waits for a person, and what came of each idea."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from overnight.errors import LedgerError
from overnight.ledger import views
from overnight.ledger.events import Entry, Opened, Session
from overnight.ledger.ledger import Reader
from overnight.ledger.steering import Held, Paused, Reread, Said, Unpaused
from overnight.ledger.views import Row
from overnight.night.steering import Fate, Pause, Steering, Wish, steering_of
from overnight.night.verify import program_of
from overnight.program.program import Program
from overnight.show.paint import Cell, Tone, cut, fit, printable
from overnight.show.section import Section, Table, cells, one, said, titled
from overnight.show.words import change_text, clock_of, moment, plural, score_text

SPOKEN = "SELECT key FROM event WHERE kind IN ('said', 'paused', 'unpaused', 'reread') ORDER BY seq"


@dataclass(frozen=True, slots=True)
class Word:
    """Something a person did to the night while it worked."""

    at: float
    who: str
    what: str
    said: bool  # in their own words


@dataclass(frozen=True, slots=True)
class Steered:
    steering: Steering
    rows: Mapping[int, Row]  # of the experiments that it names
    words: tuple[Word, ...] = ()


def steered(reader: Reader) -> Steered:
    steering = steering_of(reader)
    numbers = {n for wish in steering.wishes.values() for n in wish.experiments} | {*steering.held, *steering.approvals}
    found = {number: views.row(reader, number) for number in sorted(numbers)}
    return Steered(steering, {n: row for n, row in found.items() if row}, tuple(_words(reader)))


def program_now(reader: Reader) -> Program:
    """As the last session, or an edit after it, was understood."""
    found = [entry for kind in ("opened", "session", "reread") if (entry := reader.last(kind))]
    if not found:
        raise LedgerError(f"{reader.path}: the night was killed before it began; give the same command again")
    event = max(found, key=lambda entry: entry.seq).event
    assert isinstance(event, Opened | Session | Reread)
    return program_of(event.settings)


def paused_text(pause: Pause) -> str:
    why = f": {printable(pause.why)}" if pause.why else ""
    return f"paused by {printable(pause.who)} since {clock_of(pause.since)}{why}"


def steered_rows(found: Steered, width: int) -> Iterator[list[Cell]]:
    """For `overnight status`; nothing where nobody said anything."""
    steering = found.steering
    if steering.paused:
        yield [(fit("", width), Tone.PLAIN), (f"  {paused_text(steering.paused)}; overnight resume", Tone.WARN)]
    if waiting := sorted(steering.held):
        numbers = ", ".join(f"#{number}" for number in waiting)
        yield [
            fit("you", width),
            (f"  {plural(len(waiting), 'keep')} to approve: {numbers}; overnight approve", Tone.WARN),
        ]
    if wishes := steering.wishes.values():
        tried = sum(wish.fate is Fate.TRIED for wish in wishes)
        waits = sum(wish.fate is Fate.WAITS for wish in wishes)
        yield [fit("ideas", width), f"  {tried} of {len(wishes)} tried, {waits} to come"]


def came_of(wish: Wish, rows: Mapping[int, Row]) -> str:
    """The answer to an idea."""
    match wish.fate:
        case Fate.TRIED:
            return "; ".join(_tried(number, rows.get(number)) for number in wish.experiments)
        case Fate.GIVEN_UP:
            return f"asked for {len(wish.idle)} times, and nothing came of it: {wish.idle[-1]}"
        case Fate.WITHDRAWN:
            return "taken out of program.md before it was tried"
    asks = f"; {plural(len(wish.idle), 'ask')} came to nothing: {wish.idle[-1]}" if wish.idle else ""
    return f"not tried yet{asks}"


def held_text(held: Held) -> str:
    found = held.found
    return f"{score_text(found.score)}  {change_text(found.score, found.against)}".strip()


def waiting_section(found: Steered, tag: str) -> Iterator[Section]:
    """What the reader is asked; nothing where nobody is."""
    held, rows = sorted(found.steering.held.items()), found.rows
    if not held:
        return
    sentence = f"{plural(len(held), 'keep')} did not land: program.md says `approve: keeps`, and nobody has answered."
    head = titled("#", ">score", ">change", "<its author says")
    table = [
        (
            *cells(f"#{n}", score_text(each.found.score), change_text(each.found.score, each.found.against)),
            said(rows[n].hypothesis if n in rows else "", each.found.why),
        )
        for n, each in held
    ]
    typed = [(f"overnight diff {n} --tag {tag}", f"overnight approve {n} --tag {tag}") for n, _ in held[:3]]
    commands = tuple(command for both in typed for command in both)
    yield Section("waiting", "Waits for you", (sentence,), (Table(head, tuple(table)),), commands)


def answer_sections(found: Steered) -> Iterator[Section]:
    """What came of people's ideas, and what they said."""
    yield from _ideas(found)
    yield from _spoken(found)


def waiting_cells(found: Steered) -> Iterator[list[Cell]]:
    """A line for each keep that waits for a person."""
    for number, held in sorted(found.steering.held.items()):
        yield [(f"overnight approve {number}", Tone.WARN), f"   {held_text(held)}"]


def idea_cells(found: Steered, columns: int) -> Iterator[list[Cell]]:
    """Each idea, and below it the answer."""
    for wish in found.steering.wishes.values():
        yield [f"{wish.number:>4}  ", (cut(printable(wish.idea.text), columns), Tone.SAID)]
        by = (f", by {printable(wish.who)}", Tone.QUIET)
        yield [f"      {cut(printable(came_of(wish, found.rows)), columns)}", by]


def steered_json(found: Steered) -> dict[str, Any]:
    steering = found.steering
    return {
        "paused": views.to_json(steering.paused),
        "waiting": [{"experiment": n, **views.to_json(held.found)} for n, held in sorted(steering.held.items())],
        "answered": [views.to_json(answer) for _, answer in sorted(steering.approvals.items())],
        "ideas": [_wish_json(wish, found.rows) for wish in steering.wishes.values()],
        "said": views.to_json(list(found.words)),
    }


def _wish_json(wish: Wish, rows: Mapping[int, Row]) -> dict[str, Any]:
    return {
        "number": wish.number,
        "text": wish.idea.text,
        "who": wish.who,
        "at": wish.at,
        "fate": str(wish.fate),
        "experiments": wish.experiments,
        "came_of_it": came_of(wish, rows),
    }


def _tried(number: int, row: Row | None) -> str:
    if row is None or row.call is None:
        return f"#{number}, {row.state if row else 'proposed'}"
    return f"#{number} {row.call} {score_text(row.score)}".rstrip()


def _words(reader: Reader) -> Iterator[Word]:
    for (key,) in list(reader.query(SPOKEN)):
        if entry := reader.find(key):
            yield from _word(entry)


def _word(entry: Entry) -> Iterator[Word]:
    match entry.event:
        case Said(who=who, text=text):
            yield Word(entry.at, who, text, said=True)
        case Paused(who=who, why=why):
            yield Word(entry.at, who, f"paused the night{f': {why}' if why else ''}", said=False)
        case Unpaused(who=who):
            yield Word(entry.at, who, "let it go on", said=False)
        case Reread(changed=changed, later=later):
            yield Word(entry.at, "", _edited(changed, later), said=False)


def _edited(changed: Sequence[str], later: Sequence[str]) -> str:
    told = "; ".join(changed) or "nothing that counts"
    return f"program.md was edited: {told}" + (f". When the night goes on: {'; '.join(later)}" if later else "")


def _ideas(found: Steered) -> Iterator[Section]:
    if not (wishes := found.steering.wishes.values()):
        return
    rows = [
        (one(str(wish.number)), said(wish.idea.text), one(wish.who), one(came_of(wish, found.rows))) for wish in wishes
    ]
    head = titled("#", "<the idea", "given by", "<what came of it")
    yield Section("ideas", "Ideas from people", (), (Table(head, tuple(rows)),))


def _spoken(found: Steered) -> Iterator[Section]:
    if not found.words:
        return
    rows = [
        (one(moment(word.at)), one(word.who), said(word.what) if word.said else one(word.what)) for word in found.words
    ]
    yield Section(
        "said", "Said to the night while it worked", (), (Table(titled("when", "who", "<what"), tuple(rows)),)
    )
