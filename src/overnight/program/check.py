"""What can be meant and what cannot: the checks that need the repository, or two settings at once."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence

from overnight.errors import ProgramError
from overnight.model import Split
from overnight.program.facts import Facts, Place
from overnight.program.knobs_unfit import unfit
from overnight.program.paths import inside, matching
from overnight.program.program import ELSEWHERE
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
    _check_elsewhere(place, settled)
    _check_script(place, settled["run"][0])
    _check_python(place, settled["python"][0], settled["on"])
    _check_scoring(place, settled)
    _check_exclusive(place, settled["exclusive"], settled["slots"][0])
    for resume in settled["resume"]:
        _check_resume(place, resume, settled)
    _check_resources(place, settled["resources"], settled["on"])
    for score in settled["score"]:
        _check_scorer(place, score, settled["edit"])
    _check_knobs(place, settled["knobs"], settled["edit"])
    for hidden in settled["hidden"]:
        _check_hidden(place, hidden, settled["edit"], settled["prepare"])


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


def _check_elsewhere(place: Place, settled: Mapping[str, Sequence[Setting]]) -> None:
    """What people report is one number."""
    for key in ("guards", "score", "timing"):
        if settled["run"][0].value == ELSEWHERE and (said := [each for each in settled[key] if each.value is not None]):
            why = "nothing is measured here (run: elsewhere), so nobody would see to it; delete the line"
            raise ProgramError(f"{key}: {why}", place.path, said[0].line)


def _check_script(place: Place, run: Setting) -> None:
    """Only where the command is plain enough to know which file it starts."""
    script = _script(place, run)
    if script and not script.startswith("/") and script not in place.facts.tracked:
        raise ProgramError(f"{run.key}: {_missing(script, place.facts)}", place.path, run.line)


def _script(place: Place, command: Setting) -> str:
    match = _SCRIPT.fullmatch(command.value)
    return posixpath.normpath(posixpath.join(place.folder, match[1])) if match else ""


def _check_scoring(place: Place, settled: Mapping[str, Sequence[Setting]]) -> None:
    """The keys that mean nothing without another one."""
    for key, what in (("artefact", "scores it"), ("answer", "asks it"), ("hidden", "reads it")):
        if not settled["score"] and (said := [setting for setting in settled[key] if setting.value is not None]):
            how = f"and no `score:` command {what}; add one, as in 'score: python score.py'"
            raise ProgramError(f"{key}: {quoted(said[0].text)} is named, {how}", place.path, said[0].line)
    if settled["score"] and not (settled["artefact"] or settled["answer"]):
        how = "name what a run leaves, as in 'artefact: model.npz'"
        raise ProgramError(f"score: there is nothing to score; {how}", place.path, settled["score"][0].line)


def _check_exclusive(place: Place, exclusive: Sequence[Setting], slots: Setting) -> None:
    if exclusive and exclusive[0].value and slots.value > 1:
        how = f"slots: {slots.text} would never have more than one; delete one of the two"
        raise ProgramError(f"exclusive: its runs are measured alone, and {how}", place.path, exclusive[0].line)


def _check_resume(place: Place, resume: Setting, settled: Mapping[str, Sequence[Setting]]) -> None:
    """What was saved must not come in the place of code, nor half a run be taken for a fast one."""
    path = inside(resume.value, place.folder)
    if found := matching(path, place.facts.tracked):
        how = "name a file or folder that only the run writes, as in 'resume: checkpoint'"
        raise ProgramError(f"resume: {found[0]} is a file of the baseline commit; {how}", place.path, resume.line)
    if resume.value == "." or any(mark in resume.value for mark in "*?["):
        raise ProgramError(f"resume: {quoted(resume.value)} is not one file or folder", place.path, resume.line)
    for key in ("timing", "exclusive"):
        if settled[key] and settled[key][0].value:
            why = f"a run whose time is measured (`{key}:`) cannot go on elsewhere; delete one of the two"
            raise ProgramError(f"resume: {why}", place.path, resume.line)


def _check_resources(place: Place, resources: Sequence[Setting], on: Sequence[Setting]) -> None:
    seen: set[str] = set()
    for setting in (each for each in resources if each.value is not None):
        name, _ = setting.value
        if name in seen:
            raise ProgramError(f"resources: {name} is there twice; write it once", place.path, setting.line)
        if not (on and on[0].value):
            how = "say where there is one (`on: ray`, or --on ray), or delete the line"
            raise ProgramError(f"resources: {name}: only a cluster has such; {how}", place.path, setting.line)
        seen.add(name)


def _check_scorer(place: Place, score: Setting, edit: Sequence[Setting]) -> None:
    """What judges must not be what is judged. The files that it imports are the user's to protect."""
    _check_script(place, score)
    named = {posixpath.normpath(posixpath.join(place.folder, word.strip("'\""))) for word in score.value.split()}
    for file in (file for setting in edit for file in files(place, setting)):
        if file in named:
            raise ProgramError(f"score: {file} may be edited, and must not make its own number", place.path, score.line)


def _check_hidden(place: Place, hidden: Setting, edit: Sequence[Setting], prepare: Sequence[Setting]) -> None:
    if hidden.value is None:
        return
    for path in dict.fromkeys(hidden.value.replace("{split}", split) for split in Split):
        found = matching(path, place.facts.tracked)
        if not found and not place.facts.exists(path):
            why = f"is not there: {quoted(hidden.value)} needs a file or folder for each of {', '.join(Split)}"
            how = f"; `prepare:` makes it: {prepare[0].value}" if prepare else ""
            raise ProgramError(f"hidden: {quoted(path)} {why}{how}", place.path, hidden.line)
        if shown := set(found) & {file for setting in edit for file in files(place, setting)}:
            raise ProgramError(f"hidden: {min(shown)} may also be edited; choose one", place.path, hidden.line)


def _check_knobs(place: Place, knobs: Sequence[Setting], edit: Sequence[Setting]) -> None:
    """What is said of a knob must be possible for the file as it stands."""
    said = [setting for setting in knobs if setting.value is not None]
    paths = {file for setting in edit for file in files(place, setting) if said}
    texts = {path: text for path in sorted(paths) if (text := place.facts.text(path)) is not None}
    for setting in said:
        if problem := unfit(setting.value, texts):
            raise ProgramError(f"knobs: {problem}", place.path, setting.line)


def _check_python(place: Place, python: Setting, on: Sequence[Setting]) -> None:
    if on and on[0].value and python.value.startswith(("/", "~")):  # of the nodes, which say themselves where it is not
        return
    if python.value not in PYTHONS and not place.facts.exists(python.value):
        hint = nearest(python.value, PYTHONS) or "; write auto, uv, self, or the path of a virtual environment"
        raise ProgramError(f"python: there is no {quoted(python.value)}{hint}", place.path, python.line)
