"""What can be meant and what cannot: the checks that need the repository, or two settings at once."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence

from overnight.errors import ProgramError
from overnight.program.facts import Facts, Place
from overnight.program.paths import inside, matching
from overnight.program.settings import Setting, nearest
from overnight.program.units import duration_text, quoted

_SCRIPT = re.compile(r"(?:uv run (?:python3? )?|python3? )([\w./-]+\.py)(?: [\w./=:, -]*)?")
PYTHONS = ("auto", "uv", "self")
"""The words that `python` knows; anything else is a path."""

_HOW = {
    "edit": "add the file that may change, as in 'edit: train.py'",
    "run": "add the command that runs one experiment, as in 'run: python train.py'",
    "metric": "add the name of the number to improve as the run prints it, as in 'metric: val_bpb'",
}


def files(place: Place, setting: Setting) -> tuple[str, ...]:
    """The baseline's files that an `edit` or `protect` setting names: at least one, but for `none`."""
    found = matching(setting.value, place.facts.tracked) if setting.value is not None else ()
    if not found and setting.value is not None:
        raise ProgramError(f"{setting.key}: {_missing(setting.value, place.facts)}", place.path, setting.line)
    return found


def check(place: Place, settled: Mapping[str, Sequence[Setting]]) -> None:
    """Raises ProgramError for the first thing that cannot be meant. `settled`: by key, the settings in force."""
    for key, how in _HOW.items():
        if all(setting.value is None for setting in settled[key]):
            raise ProgramError(f"{key} is missing and could not be inferred; {how}", place.path, 1)
    _check_edit(place, settled["edit"], settled["protect"])
    _check_kill(place, settled["time_box"][0], settled["kill_after"][0])
    _check_guards(place, settled["guards"], settled["metric"][0])
    _check_script(place, settled["run"][0])
    _check_python(place, settled["python"][0])


def _missing(pattern: str, facts: Facts) -> str:
    names = {posixpath.basename(path) for path in facts.tracked}
    hint = nearest(pattern, facts.tracked) or nearest(posixpath.basename(pattern), names)
    if any(mark in pattern for mark in "*?["):
        return f"{quoted(pattern)} matches no file of the baseline commit{hint}"
    if facts.exists(pattern):
        why = "is ignored by git" if facts.ignored(pattern) else "is not committed"
        return f"{quoted(pattern)} {why}; runs start from the baseline commit, so add and commit it first"
    return f"there is no file {quoted(pattern)} in the baseline commit{hint}"


def _check_edit(place: Place, edit: Sequence[Setting], protect: Sequence[Setting]) -> None:
    fixed = {file: setting for setting in protect for file in files(place, setting)}
    own = inside(place.path.name, place.folder)
    for setting in edit:
        for file in files(place, setting):
            if file == own:
                raise ProgramError(f"edit: {own} itself must not change; name other files", place.path, setting.line)
            if file in fixed:
                where = f"on line {fixed[file].line}" if fixed[file].line else f"({fixed[file].why})"
                raise ProgramError(f"edit: {file} is also protected {where}; choose one", place.path, setting.line)


def _check_kill(place: Place, box: Setting, kill: Setting) -> None:
    if kill.value < box.value.seconds:
        said = f"{duration_text(kill.value)} is shorter than the time box, {duration_text(box.value.seconds)}"
        raise ProgramError(f"kill_after: {said}; no run could end in time", place.path, kill.line or box.line)


def _check_guards(place: Place, guards: Sequence[Setting], metric: Setting) -> None:
    for guard in guards:
        if guard.value is not None and guard.value.metric == metric.value:
            hint = "to end the night at a value, write stop: {target: …}"
            raise ProgramError(f"guards: {metric.value} is the metric itself; {hint}", place.path, guard.line)


def _check_script(place: Place, run: Setting) -> None:
    """Only where the command is plain enough to know which file it starts."""
    match = _SCRIPT.fullmatch(run.value)
    script = posixpath.normpath(posixpath.join(place.folder, match[1])) if match else ""
    if script and not script.startswith("/") and script not in place.facts.tracked:
        raise ProgramError(f"run: {_missing(script, place.facts)}", place.path, run.line)


def _check_python(place: Place, python: Setting) -> None:
    if python.value not in PYTHONS and not place.facts.exists(python.value):
        hint = nearest(python.value, PYTHONS) or "; write auto, uv, self, or the path of a virtual environment"
        raise ProgramError(f"python: there is no {quoted(python.value)}{hint}", place.path, python.line)
