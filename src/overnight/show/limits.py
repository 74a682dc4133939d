"""Limits on money and tokens that cannot be held as they are meant, because somebody who proposes will not tell what it
costs: said before a night begins, while there is somebody to hear it.

What such a limit does all the same is said in `night/stop.py`. Not covered: a proposer of somebody's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from overnight.night.crew import HYBRID_SHARE
from overnight.night.stop import BLIND
from overnight.program.program import Program
from overnight.propose.agents import AgentLine, agent_line, hybrid
from overnight.propose.rows import COMMAND, ROWS

PRICED = ("claude", "pi", "opencode")  # clients that know prices, of their own services


def blind_limits(program: Program) -> Iterator[str]:
    """A sentence for each that is there."""
    agents = [_other(agent_line(text)) for text in program.agent]
    limits = (
        ("stop.cost", program.stop.usd, [line for line in agents if not _tells_price(line)]),
        ("stop.tokens", program.stop.tokens, [line for line in agents if line.name == COMMAND.name]),
    )
    for key, limit, silent in limits:
        if limit is not None and silent:
            yield _sentence(key, silent)


def _sentence(key: str, silent: Sequence[AgentLine]) -> str:
    names = ", ".join(dict.fromkeys(_named(line) for line in silent))
    chats = any(line.name == "chat" for line in silent)
    prices = "; price_in= and price_out= say it (0 for a model of your own)" if chats else ""
    return (
        f"{key}: nobody knows what a turn of {names} costs{prices}. Each counts as the dearest turn that tells it, and "
        f"where none does the limit counts as reached after {BLIND} turns"
    )


def _other(line: AgentLine) -> AgentLine:
    return hybrid(line, HYBRID_SHARE)[1] if line.name == "hybrid" else line


def _tells_price(line: AgentLine) -> bool:
    if line.name == "chat":
        return "price_in" in line.options
    return line.name not in ROWS or (line.name in PRICED and "base_url" not in line.options)


def _named(line: AgentLine) -> str:
    return " ".join([line.name, *line.words[:1]])
