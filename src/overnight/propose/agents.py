"""Who proposes, as program.md and `--agent` say it: one line each, a name with words and options.

    search
    claude
    codex model=gpt-5
    chat openai:qwen3 base_url=http://localhost:11434/v1 format=whole
    command ./my-agent.sh {prompt_file}
    hybrid claude share=0.3

A class that wants to know its line, or a place to work in, has `at(line, place)`; any other is made without arguments.
One that can say before a night what it will work with has `look(line, place)`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from overnight.clock import Clock
from overnight.errors import UsageError
from overnight.program.program import Program
from overnight.propose.proposer import Proposer
from overnight.repo.repo import Repo

OPTION = re.compile(r"([a-z][a-z0-9_.]*)=(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class AgentLine:
    name: str
    words: tuple[str, ...]
    options: Mapping[str, str]
    text: str  # the whole line


@dataclass(frozen=True, slots=True)
class Workplace:
    """What a proposer has to work with, for itself alone."""

    program: Program
    repo: Repo
    scratch: Path  # a folder to make: it goes when the night does
    environ: Mapping[str, str]
    clock: Clock
    seat: int = 0  # in the night: which of several of the same line it is


@dataclass(frozen=True, slots=True)
class Found:
    """What can be said of an agent before a night."""

    state: Literal["ok", "warn", "error"]
    words: str


def agent_line(text: str) -> AgentLine:
    try:
        name, *rest = shlex.split(text)
    except ValueError as error:  # a quote that is never closed, or no word at all
        raise UsageError(f"the agent {text!r} cannot be read: {error}") from None
    options = {found[1]: found[2] for word in rest if (found := OPTION.fullmatch(word))}
    return AgentLine(name, tuple(word for word in rest if not OPTION.fullmatch(word)), options, text)


def hybrid(line: AgentLine, usual_share: float) -> tuple[float, AgentLine]:
    """`hybrid NAME … share=0.3`: the share of the proposals, and who makes them."""
    options = dict(line.options)
    share = options.pop("share", str(usual_share))
    try:
        number = float(share)
    except ValueError:
        number = 0.0
    if not 0 < number < 1:
        raise UsageError(f"{line.text!r}: share={share} is no share: write one between 0 and 1, such as 0.3")
    words = [*line.words, *(f"{name}={value}" for name, value in options.items())]
    if not line.words:
        raise UsageError(f"{line.text!r} does not say with whom the optimiser works: hybrid NAME, as in hybrid claude")
    return number, agent_line(shlex.join(words))


def refuse_unknown(line: AgentLine, known: Iterable[str]) -> None:
    """An option that nobody reads is an error."""
    for option in line.options:
        if option not in known:
            raise UsageError(f"{line.text!r}: there is no option {option}=; there is {', '.join(known) or 'none'}")


def engage(made: Callable[..., Proposer], line: AgentLine, place: Workplace) -> Proposer:
    """A class that has `at` wants to know both; any other is made of nothing."""
    at = getattr(made, "at", None)
    proposer: Proposer = at(line, place) if at else made()
    return proposer


def look(made: Callable[..., Proposer], line: AgentLine, place: Workplace) -> Found | None:
    """What it would find in this place; None: it needs nothing that could be missing."""
    looks = getattr(made, "look", None)
    found: Found | None = looks(line, place) if looks else None
    return found
