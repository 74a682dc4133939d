"""What nobody said, but the repository shows: the roles of an autoresearch clone, its metric, its time box, and the
paths beside the tracked files that its scripts need.

Every inferred setting says what was seen. What is not evident is not guessed: a missing `run`, `edit` or `metric`
is an error that says what to add.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from overnight.model import Goal
from overnight.program import units
from overnight.program.facts import Facts, Place
from overnight.program.paths import inside
from overnight.program.program import Box, Origin
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
_CACHES = (  # three ways to write ~/.cache/NAME
    re.compile(r"""["']~/\.cache/([\w.-]+)"""),
    re.compile(r"""home\(\)\s*/\s*["']\.cache["']\s*/\s*["']([\w.-]+)["']"""),
    re.compile(r"""home\(\)\s*/\s*["']\.cache/([\w.-]+)"""),
    re.compile(r"""expanduser\(\s*["']~["']\s*\)\s*,\s*["']\.cache["']\s*,\s*["']([\w.-]+)["']"""),
)


def roles(place: Place, taken: Collection[str]) -> list[Setting]:
    """Who edits what, and how it runs, in a folder laid out as autoresearch is. `taken`: is editable already."""
    script, fixed = inside(SCRIPT, place.folder), inside(FIXED, place.folder)
    if not {script, fixed} <= place.facts.tracked:
        return []
    why = f"{SCRIPT} beside {FIXED}, as in autoresearch"
    uv = place.facts.has_program("uv")
    command = f"uv run {SCRIPT}" if uv else f"python {SCRIPT}"
    return [
        _inferred("edit", script, why),
        *([] if fixed in taken else [_inferred("protect", fixed, why)]),
        _inferred("run", command, f"{why}; uv is {'' if uv else 'not '}on PATH"),
    ]


def metric(prose: str, first_line: int, scripts: Mapping[str, str]) -> list[Setting]:
    """The first number of the summary block that program.md shows, or that a script prints."""
    for line, code in code_blocks(prose, first_line):
        if match := re.match(r"---[ \t]*\n([A-Za-z_]\w*):[ \t]+[-+.\d]", code):
            return [_inferred("metric", match[1], "first in the summary block shown here", line + 1)]
    printed = re.compile(r"""print\(\s*["']---["']\s*\)\s*print\(\s*f?["']([A-Za-z_]\w*):""")
    for path, text in scripts.items():
        if match := printed.search(text):
            line = text[: match.end()].count("\n") + 1
            return [_inferred("metric", match[1], f"first in the summary that {path} prints, line {line}")]
    return []


def goal(metric_name: str) -> list[Setting]:
    """By the words in the metric's name. One of loss wins (`error_score` goes down), but not in a rate."""
    parts = re.split(r"[^a-z0-9]+", metric_name.lower())
    up = any(_MAXIMIZE.fullmatch(part) for part in parts)
    down = any(_MINIMIZE.fullmatch(part) for part in parts) and "per" not in parts
    if not up and not down:
        return []
    return [_inferred("goal", Goal.MINIMIZE if down else Goal.MAXIMIZE, f"by the name {metric_name}")]


def time_box(prose: str, first_line: int, scripts: Mapping[str, str]) -> list[Setting]:
    """What the scripts count down, or what the prose calls the time budget."""
    for path, text in scripts.items():
        if match := re.search(r"^TIME_BUDGET\s*=\s*(\d{1,6}(?:\.\d+)?)\b(?!\s*[*/+-])", text, re.MULTILINE):
            line = text[: match.start()].count("\n") + 1
            return (
                [_inferred("time_box", Box(float(match[1])), f"TIME_BUDGET in {path}, line {line}")]
                if float(match[1])
                else []
            )
    match = re.search(r"\btime (?:budget|box) (?:of|is) (\d{1,4}[ -]?(?:hour|minute|second)s?)\b", prose, re.IGNORECASE)
    if not match:
        return []
    line = first_line + prose[: match.start()].count("\n")
    return [_inferred("time_box", units.box(match[1].replace("-", " ")), f"'{match[0]}'", line)]


def shared(place: Place) -> list[Setting]:
    """Environments, data and caches that exist beside the tracked files, where runs will look for them."""
    facts = place.facts
    usual = ((".venv", "a virtual environment"), ("data", "data that git ignores"))
    here = {inside(name, at): what for name, what in usual for at in (place.folder, "")}
    seen = [path for path in here if facts.exists(path) and facts.ignored(path)]
    out = [_inferred("share", path, here[path]) for path in seen]
    caches = (_inferred("share", cache, f"{path} names it") for path, cache in _mentioned_caches(facts))
    return out + [cache for cache in caches if facts.exists(cache.value)]


def scripts(place: Place, edit: Collection[str]) -> dict[str, str]:
    """The texts of the editable files, after that of the prepare.py beside program.md."""
    wanted = [inside(FIXED, place.folder), *edit]
    return {path: text for path in dict.fromkeys(wanted) if (text := place.facts.text(path)) is not None}


def _mentioned_caches(facts: Facts) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    python = sorted((path for path in facts.tracked if path.endswith(".py")), key=lambda path: (path.count("/"), path))
    for path in python[:_MAX_SCRIPTS]:
        text = facts.text(path) or ""
        found = {name for form in _CACHES for name in form.findall(text)} if ".cache" in text else set()
        for name in sorted(found - seen - {".", ".."}):
            seen.add(name)
            yield path, f"~/.cache/{name}"


def _inferred(key: str, value: object, why: str, line: int | None = None) -> Setting:
    return Setting(key, value, Origin.INFERRED, line, why)
