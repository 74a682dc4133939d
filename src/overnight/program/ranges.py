"""Where a knob may go: what its comment says, else what its name and its value suggest.

A comment decides: `# 2..8`, `# 0.001..0.1, log`, `# one of: a, b, c`, `# a | b | c`. Without one, most numbers
are searched on a log scale around their value, shares of one stay in 0..1, and powers of two step by doubling.
Constants that are plumbing (paths, time budgets, evaluation, versions) are no knobs unless a comment marks them;
seeds never are: a lucky seed is not a change.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

Value: TypeAlias = int | float | bool | str
Number: TypeAlias = int | float

SAID = "says so"
"""How a reason ends where a person has given the range."""

WORD = r"[\w.+/-]+"
"""What a choice looks like. No spaces or arrows, so that it reads well in a sentence."""


class Scale(StrEnum):
    """How near two values of a knob are to each other."""

    LINEAR = "linear"
    LOG = "log"
    FRACTION = "fraction"  # between 0 and 1, where 0.95 and 0.98 are as far apart as 0.05 and 0.02
    DOUBLING = "doubling"  # powers of two


@dataclass(frozen=True, slots=True)
class Range:
    low: Number
    high: Number
    scale: Scale


def is_seed(name: str) -> bool:
    """Also of something in `seeds:`. Nobody can make a knob of one."""
    return any(words(part) & {"seed", "seeds"} for part in name.split(".")) or name.endswith("random_state")


def skipped(name: str, comment: str, marked: bool, document: bool = False) -> bool:
    """True for a value that is not to be turned. `document`: it stands in a file of settings, not in a script, where
    caches, workers and timings are what is tuned."""
    if name.startswith("__") or is_seed(name):
        return True
    if marked or _SAID_RANGE.search(comment):
        return False
    above = (words(part) for part in name.split(".")[:-1])
    if document:
        return _among(words(name), DOCUMENT_PLUMBING) or any(_among(part, DOCUMENT_SECTIONS) for part in above)
    return _among(words(name), PLUMBING)


def words(name: str) -> set[str]:
    """The words in the last part of a name: GPTConfig.maxLength is max and length; beta1 is also beta."""
    last = re.sub(r"\[\d+\]", "", name).rpartition(".")[2]
    found = set(re.split(r"[_-]+", re.sub(r"([a-z])([A-Z])", r"\1_\2", last).lower())) - {""}
    return found | {word.rstrip("0123456789") for word in found} - {""}


def said_choices(comment: str, value: Value) -> tuple[Value, ...]:
    """The choices that a comment names, if the present value is among them. What follows a `;` is explanation."""
    listed = _ONE_OF.search(comment)
    parts = re.split(r"[,|]", listed[1]) if listed else comment.partition(";")[0].split("|")
    choices = tuple(choice for part in parts if (choice := choice_of(part.strip(), value)) is not None)
    return choices if len(parts) == len(choices) > 1 and value in choices else ()


def number_range(name: str, value: Number, comment: str, source: str) -> tuple[Range | None, str]:
    """The range of a number, and how it was found. None for masks (0xff) and for stand-ins of infinity (1e9)."""
    if re.match(r"[-+]?0[xXoObB]", source):
        return None, ""
    if said := _said_range(comment, value):
        return said, f"the comment {SAID}"
    if isinstance(value, int):
        return _int_range(words(name), value, "**" in source)
    return _float_range(words(name), value)


def stated(low: Number, high: Number, scale: Scale | None, value: Number) -> Range | None:
    """The range that somebody states, made wide enough for the value that stands there; None where it is too narrow for
    a whole number to move. Powers of two step by doubling where no scale is named."""
    low, high = min(low, value), max(high, value)
    if not math.isfinite(high - low):
        return None
    if isinstance(value, int):
        low, high = math.ceil(low), math.floor(high)
    if low == high:
        return None
    whole = all(_is_power_of_two(number) for number in (low, value, high))
    found = scale or (Scale.DOUBLING if high >= 32 and whole else Scale.LINEAR)
    if found is Scale.DOUBLING and isinstance(value, float):
        found = Scale.LOG
    fits = 0 <= low < high <= 1 if found is Scale.FRACTION else low > 0 or found is Scale.LINEAR
    return Range(type(value)(low), type(value)(high), found if fits else Scale.LINEAR)


NUMBER = r"(?:2\*\*[0-9]{1,2}|[-+]?(?:[0-9](?:_?[0-9]){0,18}(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?)"
_SAID_RANGE = re.compile(rf"(?<![\w.])({NUMBER})\s*\.\.\s*({NUMBER})(?![\w.]*\.\.)(.*)")
_ONE_OF = re.compile(r"\bone of:?([^;]*)", re.IGNORECASE)

# Words in the names of constants.
PLUMBING = """path dir directory folder file filename cache url uri host port name tag title version device dtype api
    key time budget seconds minutes hours deadline timeout eval evaluation val valid validation test metric log logging
    print verbose debug plot save checkpoint resume wandb every interval startup vocab flops peak rank world index id
    state workers rows columns classes jobs folds splits cv compile pin threads"""  # say where, what with or how long
DOCUMENT_PLUMBING = """path dir directory folder file filename url uri host hostname port ports listen address
    addresses bind socket user username password secret token key name names tag title description version
    schema device dtype api id ids log logging logs verbose debug print timeout deadline budget dim dims
    dimension dimensions vocab eval evaluation test wandb classes locale timezone rank world ssl tls every
    splits folds"""
DOCUMENT_SECTIONS = "log logging logs logger debug test tests eval evaluation wandb version versions ssl tls auth env"
SHARES = """ratio frac fraction share prob probability p mix mixing keep smoothing warmup quantile subsample colsample
    threshold completion"""
BELOW_ONE = "beta betas momentum ema dropout drop discount gamma rho"
SIZES = "dim size width batch hidden embd embed channels len length block context ctx buckets bits"
SWITCHES = "use enable with do"


def _among(said: set[str], listed: str) -> bool:
    return not said.isdisjoint(listed.split())


def choice_of(text: str, like: Value) -> Value | None:
    """A choice as it is written, if it is one of this kind of value."""
    if isinstance(like, str):
        text = text.strip("\"'")
        return text if re.fullmatch(WORD, text) else None
    if isinstance(like, bool) or not re.fullmatch(NUMBER, text):
        return None
    number = number_of(text)
    return None if isinstance(like, int) and isinstance(number, float) else type(like)(number)


def number_of(text: str) -> Number:
    if "**" in text:
        return 1 << int(text.rpartition("*")[2])
    return int(text) if re.fullmatch(r"[-+]?[\d_]+", text) else float(text)


def _said_range(comment: str, value: Number) -> Range | None:
    """The range that a comment states, made wide enough for the value that stands there."""
    said = _SAID_RANGE.search(comment)
    if not said or not number_of(said[1]) < number_of(said[2]):
        return None
    reach = stated(number_of(said[1]), number_of(said[2]), None, value)
    log = reach and reach.low > 0 and reach.scale is Scale.LINEAR and re.search(r"\blog\b", said[3])
    return Range(reach.low, reach.high, Scale.LOG) if reach and log else reach


def _is_power_of_two(number: Number) -> bool:
    return isinstance(number, int) and number > 0 and number & (number - 1) == 0


def _int_range(said: set[str], value: int, as_power: bool) -> tuple[Range | None, str]:
    if value in (0, 1) and _among(said, SWITCHES):
        return Range(0, 1, Scale.LINEAR), "a flag"
    if _is_power_of_two(value) and (as_power or value >= 32 or (_among(said, SIZES) and value > 1)):
        return Range(max(1, value // 8), value * 8, Scale.DOUBLING), "a power of two"
    if value > 10**8:
        return None, ""
    if value > 0:
        return Range(max(1, value // 4), max(4, value * 4), Scale.LOG), "around its value"
    return (Range(0, 4, Scale.LINEAR) if value == 0 else Range(3 * value, -value, Scale.LINEAR)), "around its value"


def _float_range(said: set[str], value: float) -> tuple[Range | None, str]:
    below_one = (_among(said, BELOW_ONE) and ("gamma" not in said or value >= 0.5)) or (
        "decay" in said and value > 0.5 and "weight" not in said
    )
    if 0 <= value <= 1 and (below_one or _among(said, SHARES)):
        return Range(0.0, max(value, 0.9999) if below_one else 1.0, Scale.FRACTION), "a share of one, by its name"
    if value and not 1e-30 < abs(value) < 1e6:
        return None, ""
    if value > 0:
        return Range(value / 8, value * 8, Scale.LOG), "around its value"
    if value == 0:
        return Range(0.0, 0.1 if "decay" in said else 1.0, Scale.LINEAR), "from nothing upwards"
    return Range(3 * value, -value, Scale.LINEAR), "around its value"
