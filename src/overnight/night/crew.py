"""Who proposes in a night: the lines of program.md as seats, and the proposers that are to sit there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from overnight.named import named
from overnight.night.asking import Seat
from overnight.program.program import Program
from overnight.propose.agents import AgentLine, Workplace, agent_line, engage, hybrid
from overnight.propose.proposer import Proposer

HYBRID_SHARE = 0.3  # of the proposals, for the other one
OPTIMISER = "search"


@dataclass(frozen=True, slots=True)
class Member:
    """A proposer that is to be made, and how the loop is to treat it."""

    seat: Seat
    made: Callable[..., Proposer]
    line: AgentLine

    def sit(self, place: Workplace) -> Proposer:
        return engage(self.made, self.line, place)


def crew(program: Program, table: Mapping[str, str], knobs: bool) -> list[Member]:
    """Those that program.md names, and so many of those who think as `agents:` says. `knobs`: there is something that
    the optimiser can turn. Then it stands in while all who think wait."""
    members = [member for text in program.agent for member in _hired(agent_line(text), table)]
    thinking = [member for member in members if member.seat.thinks]
    wanted = max(len(thinking), program.agents or 0) if thinking else 0
    members += [thinking[i % len(thinking)] for i in range(len(thinking), wanted)]
    if knobs and all(member.seat.thinks for member in members):
        members += (replace(m, seat=replace(m.seat, stand_in=True)) for m in _hired(agent_line(OPTIMISER), table))
    return members


def _hired(line: AgentLine, table: Mapping[str, str]) -> Iterator[Member]:
    """`hybrid NAME …` is the optimiser, and for a share of the proposals the other one."""
    if line.name == "hybrid":
        share, other = hybrid(line, HYBRID_SHARE)
        yield from _hired(agent_line(OPTIMISER), table)
        yield from (replace(member, seat=replace(member.seat, share=share)) for member in _hired(other, table))
    else:
        made = named(line.name, table, "agent")
        yield Member(Seat(line.name, thinks=getattr(made, "thinks", False)), made, line)
