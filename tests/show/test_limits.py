"""A limit that cannot be held as it is meant is named before the night begins."""

from __future__ import annotations

from dataclasses import replace

import pytest

from overnight.program.program import Origin, Rule, Stop
from overnight.propose.rows import ROWS
from overnight.show.limits import PRICED, blind_limits
from overnight.show.paint import Screen
from overnight.show.readback import ReadBack, readback_json, readback_text
from tests.show.story import PROGRAM

RULES = (Rule("stop.cost", "$5", Origin.FRONT_MATTER, 3),)


def said(stop: Stop, *agents: str) -> list[str]:
    return list(blind_limits(replace(PROGRAM, stop=stop, agent=agents)))


@pytest.mark.parametrize(
    "agent",
    [
        "command ./a.sh",
        "codex",
        "chat openai:x",
        "claude base_url=http://x:1 model=x",
        "hybrid codex share=0.3",
    ],
)
def test_a_limit_on_money_is_blind_to_who_tells_no_price(agent: str) -> None:
    (sentence,) = said(Stop(usd=5.0), "search", agent)
    assert sentence.startswith(f"stop.cost: nobody knows what a turn of {agent.removeprefix('hybrid ').split()[0]}")
    assert "after 3 turns" in sentence


@pytest.mark.parametrize("agent", ["search", "claude", "chat openai:x price_in=0 price_out=0", "my.module:Proposer"])
def test_whoever_tells_prices_or_is_free_is_not_named(agent: str) -> None:
    assert said(Stop(usd=5.0), agent) == []


def test_a_limit_on_tokens_is_blind_to_programs_that_tell_nothing() -> None:
    assert len(said(Stop(tokens=1000), "codex", "command ./a.sh")) == 1
    assert said(Stop(tokens=1000), "codex") == []
    assert said(Stop(experiments=10), "command ./a.sh") == []


def test_a_chat_is_told_how_its_price_is_said() -> None:
    assert "price_in= and price_out= say it" in said(Stop(usd=1.0), "chat openai:x")[0]
    assert "price_in" not in said(Stop(usd=1.0), "codex")[0]


def test_clients_with_prices_are_clients() -> None:
    assert set(PRICED) <= set(ROWS)


def test_the_read_back_warns_of_it() -> None:
    back = ReadBack(replace(PROGRAM, stop=Stop(usd=5.0), agent=("codex",), rules=RULES), [], [])
    assert "Limits that nobody can see reached" in list(readback_text(back, Screen()))
    assert len(readback_json(back)["blind_limits"]) == 1
