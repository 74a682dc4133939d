"""What the line of a `chat` agent says: which model, where, how it is asked, and what it costs.

    chat openai:gpt-5
    chat anthropic:claude-sonnet-4-5 price_in=3 price_out=15
    chat openai:qwen3:8b base_url=http://localhost:11434/v1 format=whole body.reasoning_effort=high

A key comes from the environment, and goes to the service that it is for: with `base_url` none is sent unless `key_env`
names it.
"""

from __future__ import annotations

import difflib
import json
import math
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from overnight.errors import UsageError
from overnight.propose.agents import AgentLine, refuse_unknown
from overnight.propose.brief import Wanted
from overnight.propose.chat.anthropic import Anthropic
from overnight.propose.chat.client import Model
from overnight.propose.chat.dialect import Dialect
from overnight.propose.chat.openai import OpenAI
from overnight.propose.chat.proxy import find_proxy

DIALECTS: Mapping[str, Dialect] = {"openai": OpenAI(), "anthropic": Anthropic()}
FORMATS = {"auto": None, "blocks": Wanted.BLOCKS, "whole": Wanted.WHOLE}
NUMBERS = ("temperature", "seconds", "idle", "price_in", "price_out", "mends")
OPTIONS = ("base_url", "key_env", "format", *NUMBERS, "body.…")
SECONDS, IDLE_SECONDS, MENDS = 900.0, 300.0, 10.0


@dataclass(frozen=True, slots=True)
class Prices:
    """Dollars for a million tokens."""

    into: float
    out: float


@dataclass(frozen=True, slots=True)
class Settings:
    model: Model
    origin: str  # as the record names it: openai:gpt-5
    format: Wanted | None  # None: what works
    seconds: float  # for one proposal, with all its calls
    mends: int  # crashes in a night that it may mend
    prices: Prices | None  # None: unknown


def read_options(line: AgentLine, environ: Mapping[str, str]) -> Settings:
    """UsageError says what a person can mend."""
    refuse_unknown(line, [*OPTIONS, *(name for name in line.options if name.startswith("body."))])
    dialect, name = _model(line)
    base = line.options.get("base_url", dialect.home)
    _refuse_address(line, base)
    format = line.options.get("format", "auto")
    if format not in FORMATS:
        raise UsageError(f"{line.text!r}: format={format}: there is {', '.join(FORMATS)}")
    model = Model(
        dialect=dialect,
        name=name,
        base_url=base,
        key=_key(line, dialect, environ),
        body=_body(line),
        idle_seconds=_number(line, "idle", IDLE_SECONDS, above=0),
        proxy=find_proxy(base, environ),
    )
    seconds = _number(line, "seconds", SECONDS, above=0)
    mends = int(_number(line, "mends", MENDS))
    return Settings(model, line.words[0], FORMATS[format], seconds, mends, _prices(line))


def key_name(line: AgentLine, dialect: Dialect) -> str:
    """The variable that holds the key; "": none is sent."""
    return line.options.get("key_env") or ("" if "base_url" in line.options else dialect.key_name)


def _model(line: AgentLine) -> tuple[Dialect, str]:
    dialect, _, name = line.words[0].partition(":") if line.words else ("", "", "")
    if len(line.words) != 1 or not name:
        raise UsageError(f"{line.text!r} does not say which model: chat openai:MODEL or chat anthropic:MODEL")
    if dialect not in DIALECTS:
        near = difflib.get_close_matches(dialect, DIALECTS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there is {', '.join(DIALECTS)}"
        raise UsageError(f"{line.text!r}: nobody here speaks {dialect!r}: {hint}")
    return DIALECTS[dialect], name


def _refuse_address(line: AgentLine, base: str) -> None:
    with suppress(ValueError):
        parts = urlsplit(base)
        whole = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1)
        if whole and not parts.username and not parts.query and re.fullmatch(r"[!-~]+", base):
            return
    raise UsageError(
        f"{line.text!r}: base_url={base} is no address: such as http://localhost:11434/v1 (a key goes into key_env=)"
    )


def _key(line: AgentLine, dialect: Dialect, environ: Mapping[str, str]) -> str:
    name = key_name(line, dialect)
    key = environ.get(name, "").strip() if name else ""
    if name and not key:
        raise UsageError(
            f"{line.text!r} needs a key, and {name} is not set: export {name}=…, or name another variable by key_env=, "
            "or give base_url= for a server that wants none"
        )
    if not (key.isascii() and key.isprintable()):
        raise UsageError(f"what {name} holds is no key: it has characters that no key has")
    return key


def _body(line: AgentLine) -> dict[str, object]:
    """`body.a.b=1` is {"a": {"b": 1}}; what is no JSON is a text; null takes a field of ours away."""
    body: dict[str, object] = {}
    if "temperature" in line.options:
        body["temperature"] = _number(line, "temperature", 0.0)
    for option, text in line.options.items():
        _, *names = option.split(".")
        if not option.startswith("body."):
            continue
        inner = body
        for name in names[:-1]:
            inner = inner.setdefault(name, {})  # type: ignore[assignment]
            if not isinstance(inner, dict):
                raise UsageError(f"{line.text!r}: {option}= is said beside a value of body.{name}")
        inner[names[-1]] = _value(text)
    return body


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _prices(line: AgentLine) -> Prices | None:
    given = [name for name in ("price_in", "price_out") if name in line.options]
    if len(given) == 1:
        raise UsageError(f"{line.text!r}: price_in= and price_out= (dollars for a million tokens) go together")
    return Prices(_number(line, "price_in", 0.0), _number(line, "price_out", 0.0)) if given else None


def _number(line: AgentLine, name: str, usual: float, above: float | None = None) -> float:
    text = line.options.get(name)
    if text is None:
        return usual
    with suppress(ValueError):
        number = float(text)
        if math.isfinite(number) and number >= 0 and (above is None or number > above):
            return number
    raise UsageError(f"{line.text!r}: {name}={text} is no number that {name}= can be")
