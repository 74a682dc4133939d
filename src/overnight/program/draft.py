"""A first program.md: what can be guessed of a repository, and the text that says it.

The draft reads back to the settings it was made from, and shows both ways to say a rule: the front matter for what
must be exact, a sentence for what a person would say. It is a proposal, to be edited by whoever knows the task.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from overnight.program import infer
from overnight.program.facts import Place
from overnight.program.paths import inside
from overnight.program.settings import KEYS

_EDITED = ("train.py", "solution.py", "model.py", "experiment.py", "solve.py", "strategy.py", "main.py")
_STARTED = ("evaluate.py", "eval.py", "benchmark.py", "bench.py", "score.py", "run.py")
_COMMENTS = {
    "edit": "what may change; everything else is put back before each run",
    "run": "one experiment, started in this folder",
    "metric": "the number to improve, as the run prints it: 'NAME: 0.123'",
    "goal": "or the other way: minimize, maximize",
    "time_box": "the time a run is told it has; '8s cpu' counts CPU time",
    "kill_after": "the hard end of a run",
    "protect": "named as fixed",
}
_SENTENCES = {
    "stop.experiments": "after {} experiments",
    "stop.hours": "after {}",
    "stop.until": "at {}",
    "stop.cost": "after {}",
    "stop.plateau": "after {} experiments without a keep",
}


def guess(place: Place) -> dict[str, str]:
    """Settings to propose, by key; what is not evident is left out."""
    here = {name for name in (*_EDITED, *_STARTED, infer.FIXED) if inside(name, place.folder) in place.facts.tracked}
    edit = next((name for name in _EDITED if name in here), None)
    if edit is None:
        return {}
    script = next((name for name in _STARTED if name in here), edit)
    uv = place.facts.has_program("uv") and inside("uv.lock", place.folder) in place.facts.tracked
    fixed = sorted(here - set(_EDITED))
    texts = infer.scripts(place, [inside(name, place.folder) for name in (script, edit)])
    metric = infer.metric("", 1, texts)
    goal = infer.goal(metric[0].text) if metric else []
    seen = [*metric, *goal, *infer.time_box("", 1, texts)]
    return {
        "edit": edit,
        "run": f"uv run {script}" if uv else f"python {script}",
        **{setting.key: setting.rule.value for setting in seen},
        **({"protect": ", ".join(fixed)} if fixed else {}),
        "stop.experiments": "100",
    }


_ORDER = ("edit", "protect", "run", "metric", *(key for key in KEYS if key not in ("edit", "protect", "run", "metric")))


def draft(title: str, settings: Mapping[str, str]) -> str:
    """The text of a program.md with these settings: by key, as a person would write them."""
    exact = {key: settings[key] for key in _ORDER if key in settings and key not in _SENTENCES}
    stops = [_SENTENCES[key].format(text) for key, text in settings.items() if key in _SENTENCES]
    change = "\n".join(f"- Modify `{path}`." for path in settings["edit"].split(", "))
    fixed = "\n".join(f"- Modify `{path}`." for path in settings.get("protect", "").split(", ") if path)
    goal = settings.get("goal", "minimize").capitalize()
    return "\n".join(
        [
            "---",
            *(_line(key, text) for key, text in exact.items()),
            "---",
            f"\n# {title}",
            f"\n## Goal\n\n{goal} `{settings['metric']}`.",
            f"\n## What you can do\n\n{change}",
            "- Say here what is worth trying, and what has been tried.",
            f"\n## What you cannot do\n\n{fixed or '<!-- what must stay as it is -->'}",
            *(["\n## Stop when\n", *(f"- {stop}" for stop in stops)] if stops else []),
            "",
        ]
    )


def _line(key: str, text: str) -> str:
    said = f"{key}: {_scalar(text)}"
    return f"{said:<32}# {_COMMENTS[key]}" if key in _COMMENTS else said


def _scalar(text: str) -> str:
    """Plain where YAML reads it plainly; a JSON string is a YAML string everywhere else."""
    plain = re.fullmatch(r"[A-Za-z0-9_./$][\w./$=+ -]*", text, re.ASCII)
    return text if plain else json.dumps(text, ensure_ascii=False)
