"""doctor --attack: what a candidate that cheats could do with this program.md, tried out."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from overnight.cli.options import say, say_json, screen
from overnight.clock import Clock, SystemClock
from overnight.compute.here import Unseen
from overnight.compute.slots import find_slots, hardware
from overnight.measure.attack.attack import Attack
from overnight.measure.attack.catalogue import CATALOGUE
from overnight.measure.attack.cheat import Finding, Outcome
from overnight.measure.attack.ground import Ground, ground
from overnight.measure.attack.targets import KEY, targets
from overnight.measure.execute import execute
from overnight.measure.files import remove
from overnight.measure.place import Place
from overnight.measure.process import Warden
from overnight.measure.sandbox.choose import choose
from overnight.model import Run, Trial
from overnight.night.opening import scratch_folder
from overnight.program.program import Program
from overnight.repo.checkout import Pristine
from overnight.show.attack import Attacked, attack_json, ending, heading, lines
from overnight.wiring import Task, load

SECONDS = 50.0
"""No cheat is begun after this: a minute is what a person waits."""


def attack(path: Path | None, sandbox: str | None, as_json: bool) -> None:
    """Tries every cheat and shows what came of it, as it comes."""
    with attacking(load(path, {"sandbox": sandbox} if sandbox else {})) as attack:
        attacked = Attacked(attack.ground.program, attack.ground.carrier, attack.place.sandbox.level)
        found: list[Finding] = []
        if not as_json:
            say(heading(attacked, screen()))
        for finding in attack.each(CATALOGUE, _out_of_time(SystemClock())):
            if not as_json:
                say(lines(finding, found[-1:], screen()))
            found.append(finding)
    if as_json:
        say_json(attack_json(attacked, found))
    else:
        say(ending(attacked, found, screen()))
    if any(finding.outcome is Outcome.THROUGH for finding in found):
        raise SystemExit(1)


@contextmanager
def attacking(task: Task) -> Iterator[Attack]:
    """Everything as a night has it, but for the ledger and the refs."""
    token = f"overnight-attack-{secrets.token_hex(4)}"
    secret = secrets.token_hex(16)
    scratch = scratch_folder(token, "doctor")
    slot = find_slots(max(2, task.program.slots), os.environ)[0]
    with ExitStack() as last, closing(task.repo) as repo, closing(Warden()) as warden:
        last.callback(remove, scratch)
        user = Path(os.environ.get("HOME", "/"))
        plan = ground(task.program, repo.root, user, repo.common_dir, repo.head(), repo.tracked_files(repo.head()))
        place = Place(
            root=repo.root,
            scratch=scratch / "runs",
            runs=scratch / "results",
            night=scratch.name,
            checkout=Pristine(repo, scratch / "pristine").checkout,
            environ={**os.environ, KEY: secret},
            hardware=hardware(),
            sandbox=choose(task.program.sandbox, scratch),
        )

        def measure(run: Run, program: Program, place: Place) -> Trial:
            return execute(run, 1, slot, Unseen(), program, place, warden)

        with targets(token, secret, scratch / "targets", _places(plan)) as aim:
            yield Attack(plan, place, slot, aim, measure)


def _places(plan: Ground) -> list[str]:
    """Where a cheat of this catalogue may leave a file of its own."""
    data = [plan.root / path for path in (*plan.program.share, *plan.program.hidden) if not path.startswith("~")]
    data += [plan.home / path[2:] for path in plan.program.share if path.startswith("~/")]
    own = (plan.root, plan.home, plan.home / ".cache", plan.git, plan.git / "hooks", plan.program.path.parent)
    return [str(path) for path in (*own, *data, *(path.parent for path in data))]


def _out_of_time(clock: Clock) -> Callable[[], bool]:
    end = clock.now().mono + SECONDS
    return lambda: clock.now().mono > end
