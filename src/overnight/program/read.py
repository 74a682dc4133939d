"""program.md → Program.

A setting comes from, in this order: the command line, the front matter, a rule in the prose, the repository itself,
our defaults. Front matter and prose must not contradict each other. The reader promises a Program, or a ProgramError
with file and line, for any text; it opens no file but through `facts`, and runs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from overnight.errors import ProgramError
from overnight.program import infer
from overnight.program.check import PYTHONS, check, files
from overnight.program.choose import chosen, editable
from overnight.program.facts import Facts, Place
from overnight.program.front import Parts, flag_settings, front_settings, split
from overnight.program.paths import from_home_or_inside, inside, matching
from overnight.program.program import Guard, Origin, Program, Rule, Sentence, Stop
from overnight.program.prose import statements
from overnight.program.rules import understand
from overnight.program.seeds import find_seeds
from overnight.program.settings import KEYS, Setting
from overnight.program.units import duration_text

Settled = dict[str, list[Setting]]  # by key, what is in force

_ROOTED: Mapping[str, Callable[[str, str], str]] = {
    **dict.fromkeys(("edit", "edit.only", "protect"), inside),
    **dict.fromkeys(("share", "hidden"), from_home_or_inside),
    "python": lambda path, folder: path if path in PYTHONS else from_home_or_inside(path, folder),
    **dict.fromkeys(("save", "artefact", "resume"), lambda path, _: inside(path, "")),  # where the run starts
}


def read(path: Path, text: str, folder: str, facts: Facts, flags: Mapping[str, str] | None = None) -> Program:
    """`folder` is where program.md lies, relative to the repository's root; `flags` override what it says."""
    place, parts = Place(path, folder, facts), split(path, text)
    spoken, advice = understand(statements(parts.prose, parts.prose_line), _known(place))
    said = [*flag_settings(flags or {}), *front_settings(path, parts.front), *spoken]
    said = [_rooted(place, setting) for setting in said]
    settled = _settled(place, parts, said)
    targets, others = _targets(said, settled)
    settled["stop.target"] = chosen(path, [*said, *targets], "stop.target")
    check(place, settled)
    advice = sorted([*advice, *others], key=lambda sentence: sentence.line)
    return _program(place, text, parts.prose, settled, advice)


def load(path: Path) -> str:
    """The text of program.md; ProgramError where there is none to read."""
    try:
        data = path.read_bytes()
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ProgramError("this line is not UTF-8 text; save the file as UTF-8", path, line) from None
    except OSError as error:
        raise ProgramError(f"cannot be read: {error.strerror}; 'overnight init' writes one", path) from None


def _known(place: Place) -> Callable[[str], bool]:
    return lambda path: bool(matching(inside(path, place.folder), place.facts.tracked))


def _rooted(place: Place, setting: Setting) -> Setting:
    """Paths in program.md are relative to it; ours to the repository's root."""
    if setting.key not in _ROOTED or setting.value is None:
        return setting
    try:
        rooted = _ROOTED[setting.key](setting.value, place.folder)
        return replace(setting, text=rooted, value=rooted)
    except ValueError as error:
        raise ProgramError(f"{setting.key}: {error}", place.path, setting.line) from None


def _settled(place: Place, parts: Parts, said: list[Setting]) -> Settled:
    """Said, else inferred, else the default."""
    settled = {key: chosen(place.path, said, key) for key in KEYS}
    settled["edit"] = editable(place.path, said, lambda setting: files(place, setting))
    _infer(place, parts, settled)
    for key, known in KEYS.items():
        if not settled[key] and known.default is not None:
            settled[key] = [Setting.of(key, known.default, Origin.DEFAULT)]
    if not settled["kill_after"]:
        twice = duration_text(2 * settled["time_box"][0].value.seconds)
        settled["kill_after"] = [Setting.of("kill_after", twice, Origin.DEFAULT, why="twice the time box")]
    return settled


def _infer(place: Place, parts: Parts, settled: Settled) -> None:
    """Fills what was left open, in the order in which one inference needs another."""

    def fill(found: Iterable[Setting]) -> None:
        open_keys = {key for key in KEYS if not settled[key]}
        for setting in found:
            if setting.key in open_keys:
                settled[setting.key].append(setting)

    fill(infer.roles(place, _paths(place, settled["edit"])))
    texts = infer.scripts(place, _paths(place, settled["edit"]))
    fill([] if settled["metric"] else infer.metric(parts.prose, parts.prose_line, texts))
    fill(infer.goal(settled["metric"][0].value) if settled["metric"] else [])
    fill(infer.time_box(parts.prose, parts.prose_line, texts))
    fill(infer.exclusive(*(next(iter(settled[key]), None) for key in ("metric", "timing", "slots"))))
    fill(infer.shared(place))


def _targets(said: list[Setting], settled: Settled) -> tuple[list[Setting], list[Sentence]]:
    """Targets of the prose that are about the metric and in its direction; the others are named as not understood."""
    metric, goal = (settled[key][0].text if settled[key] else "" for key in ("metric", "goal"))
    fits = {"<": "minimize", ">": "maximize", "=": goal}
    targets, others = [], []
    for spoken in (setting for setting in said if setting.key == "target"):
        guard: Guard = spoken.value
        if guard.metric == metric and fits[guard.op[0]] == goal:
            targets.append(Setting.of("stop.target", f"{guard.limit:.15g}", Origin.PROSE, spoken.line, spoken.why))
        else:
            why = f"not understood: a target must be about the metric, and in its direction: {goal} {metric}"
            others.append(Sentence(spoken.line or 1, spoken.why, why))
    return targets, others


def _program(place: Place, text: str, prose: str, settled: Settled, advice: list[Sentence]) -> Program:
    def one(key: str) -> Any:
        return settled[key][0].value if settled[key] else None

    def many(key: str) -> tuple[Any, ...]:
        return tuple(setting.value for setting in settled[key] if setting.value is not None)

    edit = _paths(place, settled["edit"])
    stops = {field: one(f"stop.{key}") for key, field in _STOPS.items()}
    plain = {key: one(key) for key in _PLAIN} | {key: many(key) for key in _LISTS}
    return Program(
        path=place.path,
        text=text,
        prose=prose,
        folder=place.folder,
        edit=edit,
        protect=_paths(place, settled["protect"]),
        box=one("time_box"),
        kill_after_seconds=one("kill_after"),
        stop=Stop(**stops),
        seed=one("seed")[0],
        seed_literals=not one("seed")[1],
        disk_mb=one("disk"),
        output_mb=one("output"),
        startup_seconds=one("startup"),
        memory_mb=one("memory"),
        writes_mb=one("writes"),
        approve=one("approve") or "",
        exclusive=one("exclusive") or False,
        on=one("on") or "",
        confirm_on=one("confirm_on") or "",
        resume=one("resume") or "",
        priority=one("priority") or 1.0,
        knobs=tuple(replace(setting.value, line=setting.line) for setting in settled["knobs"] if setting.value),
        rules=_rules(place, settled, edit),
        advice=advice,
        **plain,
    )


_PLAIN = (
    *("run", "metric", "goal", "between", "slots", "cores", "gpus", "python", "curve", "sandbox", "network"),
    *("processes", "prepare", "score", "answer", "timing", "claim", "margin", "price", "agents", "policy"),
)
_LISTS = ("guards", "resources", "pass_env", "share", "save", "artefact", "hidden", "agent")
_STOPS = {"experiments": "experiments", "hours": "seconds", "until": "until", "cost": "usd"} | {
    key: key for key in ("tokens", "plateau", "target")
}


def _paths(place: Place, settings: list[Setting]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(file for setting in settings for file in files(place, setting)))


def _rules(place: Place, settled: Settled, edit: tuple[str, ...]) -> tuple[Rule, ...]:
    """The read-back, in the order of the table of keys; hard-coded seeds come after `seed`."""
    out: list[Rule] = []
    for key in KEYS:
        out += [setting.rule for setting in settled[key]]
        if key == "seed" and not settled[key][0].value[1]:
            out += _seed_rules(place, edit)
    return tuple(out)


def _seed_rules(place: Place, edit: tuple[str, ...]) -> Iterator[Rule]:
    for path in (path for path in edit if path.endswith(".py")):
        for seed in find_seeds(place.facts.text(path) or ""):
            why = f"{path} line {seed.line} hard-codes its seed; 'seed: as-is' leaves it"
            yield Rule("seed", f"each run's own, instead of {seed.code[:80]}", Origin.INFERRED, None, why)
