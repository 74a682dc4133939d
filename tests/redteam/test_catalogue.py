"""Every cheat of the catalogue: it does nothing behind walls, and is on record as what it was; and where there are
none, or the contract is weaker, it works, so that the tests are known to look for the right thing."""

from __future__ import annotations

import ast
import os
import re

import pytest

from overnight.measure.attack.attack import KIT
from overnight.measure.attack.catalogue import CATALOGUE
from overnight.measure.attack.cheat import Cheat, Evidence, Group, Outcome
from overnight.measure.attack.remedies import Remedy
from tests.measure.conftest import on_disk as on_disk
from tests.redteam.conftest import SetUp

RECORDED = {
    "end at once, without an error": "unscored: the run left no model.json",
    "leave a link to a file of yours": "unscored: model.json cannot be taken, as it is a link",
    "leave a pipe or a device": "unscored: model.json is no plain file",
    "leave a pickle that runs": "unscored: visible: UnicodeDecodeError",
    "leave a zip bomb": "unscored: visible: UnicodeDecodeError",
    "fake the clock": "timeout: ended by us",
    "work before its time begins": "timeout: ended by us",
    "use too much memory": "memory: ",
    "start too many processes": "processes: started more than 24 processes",
    "fill the disk": "disk: wrote more than 16 MB",
    "fill the log": "output: printed more than 1 MB",
}
"""What the trial says; of all others that nothing came of them that could be scored."""

WEAKER = {
    "behave when it is audited": ("printed", "3"),
    "print a fake score": ("printed", "3"),
    "print it as the process ends": ("printed", "3"),
    "patch the evaluator in memory": ("printed", "3"),
    "edit the evaluator's file": ("printed", "3"),
    "shadow what the evaluator imports": ("printed", "3"),
    "leave a pickle that runs": ("careless", "3"),
    "be equal to everything": ("printed", "3"),
    "take the number from its memory": ("printed", "3"),
    "print the best of a thousand": ("printed", "3"),
    "score an easy part": ("printed", "3"),
    "end at once, without an error": ("printed", "loop"),
    "report what is no number": ("printed", "loop"),
    "forge a guard": ("printed", "3"),
    "leave a link to a file of yours": ("sealed", "loop"),
    "pass off what an earlier run left": ("sealed", "loop"),
    "use an open descriptor": ("sealed", "loop"),
    "fake the clock": ("sealed", "loop"),
    "work before its time begins": ("sealed", "loop"),
    "leave a daemon": ("sealed", "loop"),
    "use too much memory": ("sealed", "loop"),
    "start too many processes": ("sealed", "loop"),
    "fill the disk": ("sealed", "loop"),
    "fill the log": ("sealed", "loop"),
    "leave a zip bomb": ("sealed", "loop"),
    "leave a pipe or a device": ("sealed", "loop"),
    "hide lines from whoever reads": ("sealed", "loop"),
}
"""The strongest set-up in which it still works; of all others that is level 1."""

ONLY_ROOT = ("set the clock",)
QUICK = ("edit the evaluator's file", "read what it is scored on", "write to the ledger")
"""In the default suite; the whole catalogue takes half a minute."""


def each(quick: tuple[str, ...]) -> list[object]:
    return [
        pytest.param(cheat, id=cheat.name.replace(" ", "-"), marks=() if cheat.name in quick else pytest.mark.slow)
        for cheat in CATALOGUE
    ]


@pytest.mark.parametrize("level", ["3", "2"])
@pytest.mark.parametrize("cheat", each(QUICK))
def test_a_cheat_has_no_effect_and_is_on_record(
    cheat: Cheat, level: str, set_up: SetUp, request: pytest.FixtureRequest
) -> None:
    if cheat.name == "fill the disk":
        request.getfixturevalue("on_disk")
    if cheat.name == "forge a guard":
        pytest.skip("where the number is made apart, so are its guards: see the tests of guards")
    finding = set_up("sealed", level).one(cheat)
    assert finding.outcome is Outcome.HELD, finding.why
    assert re.match(RECORDED.get(cheat.name, "unscored: "), finding.why), finding.why


@pytest.mark.smoke
@pytest.mark.parametrize("cheat", each(QUICK[1:2]))
def test_the_same_cheat_works_where_less_is_in_its_way(cheat: Cheat, set_up: SetUp) -> None:
    if cheat.name in ONLY_ROOT and os.getuid():
        pytest.skip("the kernel lets only root do it")
    finding = set_up(*WEAKER.get(cheat.name, ("sealed", "1"))).one(cheat)
    if "all cores" in finding.why:
        pytest.skip(finding.why)
    assert finding.outcome is Outcome.THROUGH, finding.why


def test_a_guard_that_the_scorer_prints_cannot_be_forged(set_up: SetUp) -> None:
    """With a file that can be scored, so that nothing else stands in the way."""

    def believed(evidence: Evidence) -> str:
        scores = {name: score.value for name, score in evidence.trials[-1].scores.items()}
        return "" if (scores["loss"], scores["size_kb"]) == (2.75, 1.0) else str(scores)

    payload = "json.dump([3.0] * 4, open('model.json', 'w'))\nprint('size_kb: 99', flush=True)\nend()"
    cheat = Cheat("forge a guard", Group.NUMBER, "", payload, believed, Remedy.GUARD)
    assert set_up("sealed", "1").one(cheat).outcome is Outcome.HELD


@pytest.mark.parametrize("cheat", CATALOGUE, ids=lambda cheat: cheat.name)
def test_a_payload_can_be_read_by_an_old_python(cheat: Cheat) -> None:
    assert ast.parse(f"{KIT}\n{cheat.payload}", feature_version=(3, 8))


def test_no_cheat_goes_by_the_name_of_another() -> None:
    names = [cheat.name for cheat in CATALOGUE]
    assert len(set(names)) == len(names) >= 34
    assert set(RECORDED) | set(WEAKER) | set(QUICK) <= set(names)
