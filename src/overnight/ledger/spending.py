"""What proposers have cost so far, each of them and all together: as far as they tell.

Promises: what nobody told is counted and is never taken for nothing. Costs the same after any number of turns, but in a
ledger of a version that did not keep count and that nobody has opened to write since.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

from overnight.ledger.ledger import Reader
from overnight.model import Cost

COUNTED = "SELECT * FROM spending ORDER BY proposals DESC, origin"
BY_TURNS = """
    SELECT origin, sum(proposed), sum(NOT proposed), sum(seconds), total(usd), sum(usd IS NULL),
      max(coalesce(usd, 0.0)), sum(coalesce(tokens, 0)), sum(tokens IS NULL), max(coalesce(tokens, 0))
    FROM turn GROUP BY origin ORDER BY 2 DESC, origin"""


@dataclass(frozen=True, slots=True)
class Spending:
    """Of the turns of one proposer, or of all. Amounts are of the turns that told them."""

    origin: str = ""
    proposals: int = 0
    idle: int = 0  # turns that came to nothing
    seconds: float = 0.0  # of thinking
    usd: float = 0.0
    unpriced: int = 0  # turns that told no price
    dearest: float = 0.0  # turn
    tokens: int = 0
    uncounted: int = 0  # turns that told no tokens
    longest: int = 0  # turn, in tokens

    @property
    def turns(self) -> int:
        return self.proposals + self.idle

    @property
    def nothing(self) -> bool:
        """It is known that it cost nothing but time."""
        return not (self.usd or self.tokens or self.unpriced or self.uncounted)


def spendings(reader: Reader) -> tuple[Spending, ...]:
    """Of each proposer; who proposed most comes first."""
    kept = next(reader.query("SELECT 1 FROM sqlite_master WHERE name = 'spending'"), None)
    return tuple(Spending(*row) for row in reader.query(COUNTED if kept else BY_TURNS))


def spending_of(cost: Cost, proposed: bool = True) -> Spending:
    """Of one turn."""
    usd, tokens = cost.usd or 0.0, cost.tokens or 0
    return Spending(
        proposals=int(proposed),
        idle=int(not proposed),
        seconds=cost.seconds,
        usd=usd,
        unpriced=cost.usd is None,
        dearest=usd,
        tokens=tokens,
        uncounted=cost.tokens is None,
        longest=tokens,
    )


def together(spent: Iterable[Spending]) -> Spending:
    every = list(spent)
    most = {"dearest": max, "longest": max}
    names = [each.name for each in fields(Spending)][1:]
    sums = {name: most.get(name, sum)([getattr(each, name) for each in every]) for name in names if every}
    return Spending(**sums)
