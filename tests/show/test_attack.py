"""What an attack looks like."""

from __future__ import annotations

from overnight.measure.attack.catalogue import CATALOGUE
from overnight.measure.attack.cheat import Finding, Outcome
from overnight.model import Level
from overnight.show.attack import Attacked, attack_json, ending, heading, lines
from overnight.show.paint import Screen, columns_of
from overnight.testing import a_program

NARROW = Screen(width=80)
LONG = "could write to /home/somebody/with/a/long/path/to/a/repository/prepare.py, and then it went on and did it again"


def attacked(level: Level = Level.NAMESPACE, **program: object) -> Attacked:
    return Attacked(a_program(**program), "train.py", level)


def found(*outcomes: Outcome) -> list[Finding]:
    return [Finding(cheat, outcome, LONG) for cheat, outcome in zip(CATALOGUE, outcomes, strict=False)]


def shown(attacked: Attacked, findings: list[Finding]) -> list[str]:
    before = [findings[:i][-1:] for i in range(len(findings))]
    body = [line for i, finding in enumerate(findings) for line in lines(finding, before[i], NARROW)]
    return [*heading(attacked, NARROW), *body, *ending(attacked, findings, NARROW)]


def test_every_cheat_fits_into_80_columns() -> None:
    every = [Finding(cheat, Outcome.THROUGH, LONG) for cheat in CATALOGUE]
    assert max(map(columns_of, shown(attacked(), every))) <= 80


def test_each_group_has_its_title_once() -> None:
    page = shown(attacked(), [Finding(cheat, Outcome.HELD, "") for cheat in CATALOGUE])
    groups = [str(cheat.group) for cheat in CATALOGUE]
    assert [page.count(group) for group in dict.fromkeys(groups)] == [1, 1, 1, 1]


def test_the_summary_counts_what_was_tried() -> None:
    page = shown(attacked(), found(Outcome.HELD, Outcome.THROUGH, Outcome.HELD, Outcome.UNTRIED))
    assert "2 of 3 held; 1 would get through; 1 could not be tried" in page


def test_nothing_is_advised_where_everything_held() -> None:
    page = shown(attacked(), found(Outcome.HELD, Outcome.HELD))
    assert page[-1] == "2 of 2 held; none would get through"


def test_a_remedy_is_said_once_for_all_that_it_closes() -> None:
    page = " ".join(shown(attacked(), found(Outcome.THROUGH, Outcome.THROUGH, Outcome.THROUGH)))
    assert page.count("the run leaves a file") == 1
    assert "(3 cheats)" in page


def test_where_nothing_keeps_a_run_in_a_higher_level_is_advised() -> None:
    write = next(cheat for cheat in CATALOGUE if cheat.name == "use the network")
    findings = [Finding(write, Outcome.THROUGH, "")]
    assert "a higher level" in " ".join(shown(attacked(Level.CONTRACT), findings))
    assert "`network: off`" in " ".join(shown(attacked(network=True), findings))


def test_json_has_a_remedy_for_what_got_through_only() -> None:
    page = attack_json(attacked(), found(Outcome.HELD, Outcome.THROUGH))
    assert (page["held"], page["through"], page["untried"], page["level"]) == (1, 1, 0, "3")
    assert [bool(cheat["change"]) for cheat in page["cheats"]] == [False, True]
