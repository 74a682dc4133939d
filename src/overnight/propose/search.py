"""The built-in optimiser: turns one to four knobs at a time around the best, and learns from every result.

It promises: the same history and the same seed give the same proposals, also after a resume; no tree twice, whoever
proposed it first; a knob is a one-line diff; no model, no network, a few milliseconds a proposal.

Not covered: code that is not a knob, and restarts far from the incumbent.
"""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from hashlib import sha256

from overnight.errors import UsageError
from overnight.model import Call, Experiment, Goal, Proposal
from overnight.program.knobs import Knob, Value, find_knobs, with_knobs
from overnight.propose.proposer import View
from overnight.propose.slopes import Belief, Try
from overnight.propose.space import moved

ORIGIN = "search"
AT_ONCE = (1, 1, 2, 2, 3, 4)  # how many knobs a change turns, each as likely
DRAWS = 12  # changes that are thought of for each that is proposed
PATIENCE = 17  # rounds of draws that are all known before the space counts as exhausted: about 200 changes
FAILED = (Call.CRASH, Call.TIMEOUT, Call.INVALID, Call.PRUNED)

Change = Mapping[str, Value]


class Search:
    trusted = True

    def __init__(self) -> None:
        self._tries: list[Try] = []  # gains as if the goal were to minimize
        self._known: set[bytes] = set()  # the trees that somebody proposed

    def ask(self, view: View, n: int) -> Iterator[Proposal]:
        knobs = _knobs(view)
        if not knobs:
            raise UsageError(_no_knobs(view))
        belief = Belief(knobs, self._tries_towards(view.program.goal))
        rng = random.Random(view.seed)
        for _ in range(n):
            proposal = self._new(view, knobs, belief, rng)
            if proposal is None:
                return
            self._remember(proposal)
            yield proposal

    def observe(self, experiment: Experiment) -> None:
        self._remember(experiment.proposal)
        if experiment.proposal.origin == ORIGIN and (result := _result(experiment)):
            self._tries.append(result)

    def close(self) -> None:
        """Nothing is held open."""

    def _remember(self, proposal: Proposal) -> None:
        """Where one file can be edited it is the whole tree, whatever it was made from."""
        self._known |= {_tree(proposal, ""), _tree(proposal, proposal.parent)}

    def _tries_towards(self, goal: Goal) -> list[Try]:
        if goal is Goal.MINIMIZE:
            return self._tries
        return [each if each.gain is None else replace(each, gain=-each.gain) for each in self._tries]

    def _new(self, view: View, knobs: Mapping[str, Knob], belief: Belief, rng: random.Random) -> Proposal | None:
        """The most promising of some changes that nobody has made; None when they are all known."""
        for _ in range(PATIENCE):
            slopes = belief.draw(rng)
            changes = [_change(knobs, rng) for _ in range(DRAWS)]
            for change in sorted(changes, key=lambda change: belief.promise(slopes, change), reverse=True):
                proposal = _proposal(view, knobs, change)
                tree = _tree(proposal, "" if len(view.files) == 1 else view.incumbent)
                if change and tree not in self._known and proposal.hypothesis not in view.in_flight:
                    return proposal
        return None


def _knobs(view: View) -> dict[str, Knob]:
    """By name; by path and name where several files can be edited."""
    found = [knob for path, text in view.files.items() if path.endswith(".py") for knob in find_knobs(text, path)]
    return {knob.name if len(view.files) == 1 else f"{knob.path}:{knob.name}": knob for knob in found}


def _no_knobs(view: View) -> str:
    return (
        f"the search found nothing to turn in {', '.join(view.files)}: it needs constants at the top of a Python file, "
        "such as `RATE = 0.02  # 0.001..0.1, log` or `MODE = 'a'  # a | b`; or choose another proposer with --agent"
    )


def _change(knobs: Mapping[str, Knob], rng: random.Random) -> Change:
    """One to four knobs, each turned to another choice or by a normal step. Empty when none could move."""
    names = rng.sample(list(knobs), min(rng.choice(AT_ONCE), len(knobs)))
    turned = {name: _turned(knobs[name], rng) for name in names}
    return {name: value for name, value in turned.items() if value != knobs[name].value}


def _turned(knob: Knob, rng: random.Random) -> Value:
    if knob.range and not isinstance(knob.value, str):
        return moved(knob.range, knob.value, rng.gauss(0, 1))
    return rng.choice([choice for choice in knob.choices if choice != knob.value])


def _proposal(view: View, knobs: Mapping[str, Knob], change: Change) -> Proposal:
    by_path: dict[str, dict[str, Value]] = {}
    for name, value in change.items():
        by_path.setdefault(knobs[name].path, {})[knobs[name].name] = value
    return Proposal(
        files={path: with_knobs(view.files[path], values) for path, values in by_path.items()},
        parent=view.incumbent,
        origin=ORIGIN,
        hypothesis=", ".join(f"{name} {knobs[name].value} → {value}" for name, value in change.items()),
        notes={name: f"{knobs[name].value!r} -> {value!r}" for name, value in change.items()},
    )


def _tree(proposal: Proposal, parent: str) -> bytes:
    return sha256(repr((parent, sorted(proposal.files.items()))).encode(errors="replace")).digest()


def _result(experiment: Experiment) -> Try | None:
    """What was learnt, from the proposal's own notes. A broken guard is as unwanted as a crash; None where nothing
    was measured."""
    verdict = experiment.verdict
    moves = {name: _values(note) for name, note in experiment.proposal.notes.items()}
    if verdict.score is not None and verdict.against is not None:
        return Try(moves, verdict.against - verdict.score)
    failed = verdict.score is not None or verdict.call in FAILED
    return Try(moves, None) if failed else None


def _values(note: str) -> tuple[Value, Value]:
    old, new = note.split(" -> ")
    return ast.literal_eval(old), ast.literal_eval(new)
