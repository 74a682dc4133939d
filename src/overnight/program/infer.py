"""What nobody said, but the repository shows: the roles of an autoresearch clone, its metric, its time box, and the
paths beside the tracked files that its scripts need.

Every inferred setting says what was seen. What is not evident is not guessed: a missing `run`, `edit` or `metric`
is an error that says what to add.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from overnight.program.facts import Place
from overnight.program.paths import inside
from overnight.program.program import Origin
from overnight.program.prose import code_blocks
from overnight.program.settings import Setting

SCRIPT, FIXED = "train.py", "prepare.py"  # the roles of karpathy/autoresearch
_MAX_SCRIPTS = 300  # read in search of caches: more than that is no experiment but a library

_MINIMIZE = re.compile(
    r"loss|err|error|bpb|bpc|ppl|perplexity|nll|mse|mae|rmse|time|seconds|ms|latency|cost|regret|wer|cer"
)
_MAXIMIZE = re.compile(
    r"acc|accuracy|reward|score|throughput|f1|auc|bleu|rouge|precision|recall|mfu|psnr|ssim|iou|dice|sharpe|ndcg|"
    r"speedup|winrate|elo|per"  # per: tokens_per_second
)
_TIMED = re.compile(r"time|seconds?|secs?|ms|us|ns|latency|throughput|fps|qps|rps|speedup|per")
_TIME_BUDGET = re.compile(r"^TIME_BUDGET\s*=\s*([1-9]\d{0,5})\b(?!\s*[.*/+-])", re.MULTILINE)
_SAID_BUDGET = re.compile(r"\btime (?:budget|box) (?:of|is) ([1-9]\d{0,3})[ -]?(hour|minute|second)", re.IGNORECASE)
_SUMMARY = re.compile(r"---[ \t]*\n([A-Za-z_]\w*):[ \t]+[-+.\d]")
_PRINTED_SUMMARY = re.compile(r"""print\(\s*["']---["']\s*\)\s*print\(\s*f?["']([A-Za-z_]\w*):""")
_CACHE = re.compile(  # ~/.cache/NAME in a string, of pathlib, and of os.path
    r"""(?:["']~/\.cache/|home\(\)\s*/\s*["']\.cache(?:/|["']\s*/\s*["'])|"""
    r"""expanduser\(\s*["']~["']\s*\)\s*,\s*["']\.cache["']\s*,\s*["'])(\w[\w.-]*)"""
)


def roles(place: Place, taken: Collection[str]) -> list[Setting]:
    """Who edits what, and how it runs, in a folder laid out as autoresearch is. `taken`: is editable already."""
    script, fixed = inside(SCRIPT, place.folder), inside(FIXED, place.folder)
    if not {script, fixed} <= place.facts.tracked:
        return []
    why = f"{SCRIPT} beside {FIXED}, as in autoresearch"
    uv = place.facts.has_program("uv")
    run = ("run", f"uv run {SCRIPT}" if uv else f"python {SCRIPT}", f"{why}; uv is {'' if uv else 'not '}on PATH")
    protect = [] if fixed in taken else [_inferred("protect", fixed, why)]
    return [_inferred("edit", script, why), *protect, _inferred(*run)]


def metric(prose: str, first_line: int, scripts: Mapping[str, str]) -> list[Setting]:
    """The first number of the summary block that program.md shows, or that a script prints."""
    for line, code in code_blocks(prose, first_line):
        if match := _SUMMARY.match(code):
            return [_inferred("metric", match[1], "first in the summary block shown here", line + 1)]
    for path, text in scripts.items():
        if match := _PRINTED_SUMMARY.search(text):
            return [_inferred("metric", match[1], f"{path} line {_line(text, match)} prints it first")]
    return []


def goal(metric_name: str) -> list[Setting]:
    """By the words in the metric's name. One of loss wins (`error_score` goes down), but not in a rate."""
    parts = re.split(r"[^a-z0-9]+", metric_name.lower())
    up = any(_MAXIMIZE.fullmatch(part) for part in parts)
    down = any(_MINIMIZE.fullmatch(part) for part in parts) and "per" not in parts
    if not up and not down:
        return []
    return [_inferred("goal", "minimize" if down else "maximize", f"by the name {metric_name}")]


def time_box(prose: str, first_line: int, scripts: Mapping[str, str]) -> list[Setting]:
    """What the scripts count down, or what the prose calls the time budget."""
    for path, text in scripts.items():
        if match := _TIME_BUDGET.search(text):
            return [_inferred("time_box", match[1], f"TIME_BUDGET in {path} line {_line(text, match)}")]
    if match := _SAID_BUDGET.search(prose):
        line = first_line - 1 + _line(prose, match)
        return [_inferred("time_box", f"{match[1]} {match[2].lower()}s", f"'{match[0]}s'", line)]
    return []


def exclusive(metric: Setting | None, timing: Setting | None, slots: Setting | None) -> list[Setting]:
    """A time is measured alone, where nobody wants it otherwise."""
    parts = re.split(r"[^a-z0-9]+", metric.value.lower()) if metric else []
    if not timing and not any(_TIMED.fullmatch(part) for part in parts):
        return []
    why = "the metric is a time (`timing:`)" if timing else f"{parts and metric and metric.value} reads like a time"
    if slots and slots.value > 1:
        how = f"{slots.value} runs at once slow one another; `exclusive: on` without `slots:` measures them alone"
        return [_inferred("exclusive", "off", f"{why}, and {how}")]
    return [_inferred("exclusive", "on", f"{why}; `exclusive: off` lets others run beside it")]


def shared(place: Place) -> list[Setting]:
    """Environments, data and caches that exist beside the tracked files, where runs will look for them."""
    facts = place.facts
    usual = ((".venv", "a virtual environment"), ("data", "data that git ignores"))
    here = {inside(name, at): what for name, what in usual for at in (place.folder, "")}
    seen = {path: what for path, what in here.items() if facts.exists(path) and facts.ignored(path)}
    caches = {path: what for path, what in _mentioned_caches(place).items() if facts.exists(path)}
    return [_inferred("share", path, what) for path, what in (seen | caches).items()]


def scripts(place: Place, edit: Collection[str]) -> dict[str, str]:
    """The texts of the editable files, and of the roles beside program.md; what is fixed first."""
    wanted = [inside(FIXED, place.folder), *edit, inside(SCRIPT, place.folder)]
    return {path: text for path in dict.fromkeys(wanted) if (text := place.facts.text(path)) is not None}


def _mentioned_caches(place: Place) -> dict[str, str]:
    python = sorted((path for path in place.facts.tracked if path.endswith(".py")), key=lambda p: (p.count("/"), p))
    out: dict[str, str] = {}
    for path in python[:_MAX_SCRIPTS]:
        for name in _CACHE.findall(place.facts.text(path) or ""):
            out.setdefault(f"~/.cache/{name}", f"{path} names it")
    return out


def _line(text: str, match: re.Match[str]) -> int:
    return text.count("\n", 0, match.start(1)) + 1


def _inferred(key: str, text: str, why: str, line: int | None = None) -> Setting:
    return Setting.of(key, text, Origin.INFERRED, line, why)
