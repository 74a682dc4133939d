"""The built-in optimiser: turns one to four knobs at a time around what it believes to be the best run, and learns from
every run of the night.

It promises: the same history and the same seed give the same proposals, also after a resume; no tree twice, whoever
proposed it first; a knob is a one-line diff; no model, no network, some milliseconds a proposal.

It learns also from what others proposed: the values of the knobs are read from their files. Not covered: code that
is not a knob.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from overnight.errors import UsageError
from overnight.model import Call, Experiment, Goal, Proposal
from overnight.program.knobs import Knob, Value, find_knobs, knobs_of, named, read_file, turnable, with_knobs
from overnight.propose.aim import Seen, aims
from overnight.propose.places import Setting
from overnight.propose.proposer import View

ORIGIN = "search"
REMEMBERED = 20_000  # of what was measured, the latest: the nearest of them are looked at
PATIENCE = 17  # times that changes are thought of which are all known, before the space counts as exhausted
FAILED = (Call.CRASH, Call.TIMEOUT, Call.INVALID, Call.PRUNED)

Knobs = Mapping[str, Knob]


class Search:
    trusted = True

    def __init__(self) -> None:
        self._told: deque[_Told] = deque(maxlen=REMEMBERED)
        self._files: dict[str, Mapping[str, _File]] = {}  # by commit, as far as they were seen
        self._known: set[bytes] = set()  # the trees that somebody proposed

    def ask(self, view: View, n: int) -> Iterator[Proposal]:
        knobs = knobs_of(view.program, view.files)
        if not knobs:
            raise UsageError(_no_knobs(view))
        self._files.setdefault(view.incumbent, {p: _read(p, text) for p, text in view.files.items() if turnable(p)})
        history = self.seen(view.files, view.program.goal, view.incumbent, knobs)
        rng = np.random.default_rng(view.seed)
        pending = [setting for words in view.in_flight if (setting := _said(words, knobs))]
        for _ in range(n):
            turned = self._new(view, knobs, history, pending, rng)
            if turned is None:
                return
            setting, proposal = turned
            pending.append(setting)
            self._remember(proposal)
            yield proposal

    def observe(self, experiment: Experiment) -> None:
        proposal = experiment.proposal
        self._remember(proposal)
        changed = {path: _read(path, text) for path, text in proposal.files.items() if turnable(path)}
        files = {**self._files.get(proposal.parent, {}), **changed}
        if experiment.commit and experiment.verdict.call is Call.KEEP:  # nothing else can be a parent
            self._files[experiment.commit] = files
        if told := _result(experiment, files):
            self._told.append(told)

    def close(self) -> None:
        """Nothing is held open."""

    def seen(self, files: Mapping[str, str], goal: Goal, incumbent: str, knobs: Knobs) -> list[Seen]:
        """All that was observed, as settings of these knobs of these files, which are the commit `incumbent`."""
        return _history(files, goal, incumbent, knobs, self._told)

    def _remember(self, proposal: Proposal) -> None:
        """Where one file can be edited it is the whole tree, whatever it was made from."""
        self._known |= {_tree(proposal, ""), _tree(proposal, proposal.parent)}

    def _new(
        self, view: View, knobs: Knobs, history: Sequence[Seen], pending: Sequence[Setting], rng: np.random.Generator
    ) -> tuple[Setting, Proposal] | None:
        """The most promising of the changes that nobody has made; None when they are all known."""
        for _ in range(PATIENCE):
            for setting in aims(knobs, history, pending, rng):
                proposal = _proposal(view, knobs, setting)
                tree = _tree(proposal, "" if len(view.files) == 1 else view.incumbent)
                if tree not in self._known and proposal.hypothesis not in view.in_flight:
                    return setting, proposal
        return None


@dataclass(frozen=True, slots=True)
class _File:
    values: Setting  # of all that can be a knob: which are is program.md's to say, and may change in a night
    code: bytes  # the same for the same code around them


@dataclass(frozen=True, slots=True)
class _Told:
    """What was measured of a tree. `against` is what the commit that it was made from was believed to have."""

    parent: str
    files: Mapping[str, _File]
    score: float | None
    against: float | None
    runs: int
    why: str
    cause: str = ""


def _read(path: str, text: str) -> _File:
    values, around = read_file(text, path)
    return _File(values, sha256(around.encode(errors="replace")).digest())


def _result(experiment: Experiment, files: Mapping[str, _File]) -> _Told | None:
    """A broken guard is as unwanted as a crash. None where nothing was measured."""
    verdict, parent = experiment.verdict, experiment.proposal.parent
    if verdict.score is not None and verdict.against is not None:
        return _Told(parent, files, verdict.score, verdict.against, max(verdict.runs, 1), "")
    if verdict.score is None and verdict.call not in FAILED:
        return None
    why = " ".join([verdict.why, *(trial.tail[-2000:] for trial in experiment.trials)])
    return _Told(parent, files, None, None, 1, why, verdict.why)


def knobs_in(files: Mapping[str, str]) -> dict[str, Knob]:
    """By name; by path and name where several files can be edited. Without what program.md says of them."""
    found = [knob for path, text in files.items() if turnable(path) for knob in find_knobs(text, path)]
    return {named(knob.path, knob.name, len(files)): knob for knob in found}


def _no_knobs(view: View) -> str:
    return (
        f"the search found nothing to turn in {', '.join(view.files)}: it needs settings in a Python, YAML, JSON or "
        "TOML file, such as `RATE = 0.02  # 0.001..0.1, log` or `MODE = 'a'  # a | b`; or choose another proposer with "
        "--agent"
    )


def _history(shown: Mapping[str, str], goal: Goal, incumbent: str, knobs: Knobs, told: Sequence[_Told]) -> list[Seen]:
    """As if less were better. What stands now is worth what the latest verdict said that it was compared with."""
    sign = 1.0 if goal is Goal.MINIMIZE else -1.0
    here = {name: knob.value for name, knob in knobs.items()}
    now = {path: _read(path, text) for path, text in shown.items() if turnable(path)}
    names = _by_path(knobs)
    eras: dict[object, int] = {_era(now, names): 0}
    seen = []
    for each in told:
        files = {**now, **each.files}
        era = eras.setdefault(_era(files, names), len(eras))
        loss = None if each.score is None else sign * each.score
        seen.append(Seen(_setting(files, names), loss, each.why, each.runs, era, each.cause))
    against = [sign * each.against for each in told if each.parent == incumbent and each.against is not None]
    if not against:
        return seen
    return [*(each for each in seen if each.loss is None or each.setting != here), Seen(here, against[-1])]


def _by_path(knobs: Knobs) -> dict[str, dict[str, str]]:
    """For each file, what its knobs are called in it, and among all."""
    names: dict[str, dict[str, str]] = {}
    for name, knob in knobs.items():
        names.setdefault(knob.path, {})[knob.name] = name
    return names


def _setting(files: Mapping[str, _File], names: Mapping[str, Mapping[str, str]]) -> Setting:
    known = [(files[path].values, inside) for path, inside in names.items() if path in files]
    return {name: values[own] for values, inside in known for own, name in inside.items() if own in values}


def _era(files: Mapping[str, _File], names: Mapping[str, Mapping[str, str]]) -> object:
    """The code, and what stands in it that could be a knob and is none."""
    rest = {path: sorted(file.values.keys() - names.get(path, {}).keys()) for path, file in sorted(files.items())}
    return tuple(
        (path, files[path].code, tuple((n, files[path].values[n]) for n in kept)) for path, kept in rest.items()
    )


def _said(words: str, knobs: Knobs) -> Setting | None:
    """The setting that a hypothesis of ours is about: `RATE 0.1 → 0.2, MODE a → b`."""
    turned: dict[str, Value] = {}
    for name, text in re.findall(r"([^\s,]+) [^\s,]+ → ([^\s,]+)", words):
        if name in knobs and (value := _valued(text, knobs[name])) is not None:
            turned[name] = value
    return {name: knob.value for name, knob in knobs.items()} | turned if turned else None


def _valued(text: str, knob: Knob) -> Value | None:
    if knob.range is None:
        return next((choice for choice in knob.choices if str(choice) == text), None)
    if re.fullmatch(r"[-+]?[0-9.]+(?:e[-+]?[0-9]+)?", text) is None:
        return None
    return int(text) if isinstance(knob.value, int) and text.lstrip("+-").isdigit() else float(text)


def _proposal(view: View, knobs: Knobs, setting: Setting) -> Proposal:
    change = {name: value for name, value in setting.items() if value != knobs[name].value}
    by_path: dict[str, dict[str, Value]] = {}
    for name, value in change.items():
        by_path.setdefault(knobs[name].path, {})[knobs[name].name] = value
    return Proposal(
        files={path: with_knobs(view.files[path], values, path) for path, values in by_path.items()},
        parent=view.incumbent,
        origin=ORIGIN,
        hypothesis=", ".join(f"{name} {knobs[name].value} → {value}" for name, value in change.items()),
        notes={name: f"{knobs[name].value!r} -> {value!r}" for name, value in change.items()},
    )


def _tree(proposal: Proposal, parent: str) -> bytes:
    return sha256(repr((parent, sorted(proposal.files.items()))).encode(errors="replace")).digest()
