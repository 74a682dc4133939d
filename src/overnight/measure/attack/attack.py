"""Runs cheats against a program: each as a candidate of its own, measured as a night would measure it, in folders of
ours, with no ledger and no ref. A payload ends as soon as it has tried: nothing is trained.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from overnight.errors import OvernightError, UsageError
from overnight.measure.attack.cheat import Cheat, Evidence, Finding, Group, Outcome, conclude
from overnight.measure.attack.ground import Ground, facts
from overnight.measure.attack.remedies import Remedy
from overnight.measure.attack.targets import Targets
from overnight.measure.place import Place
from overnight.model import Purpose, Run, Slot, Split, Trial
from overnight.program.program import Program

KIT = (Path(__file__).parent / "kit.py").read_text()
LONG = 1 << 24  # bytes of a file that are looked at
PATIENCE = 5.0  # seconds for another run to be under way
PROBE = Cheat("run at all", Group.NUMBER, "Nothing.", "end()", lambda _: "", Remedy.LIMIT)

Measure = Callable[[Run, Program, Place], Trial]


@dataclass(slots=True)
class Attack:
    """One cheat at a time. `place.checkout` gives the files of a commit."""

    ground: Ground
    place: Place
    slot: Slot
    targets: Targets
    measure: Measure
    number: int = 0

    def each(self, cheats: Iterable[Cheat], out_of_time: Callable[[], bool]) -> Iterator[Finding]:
        probe = self.one(PROBE)
        if probe.outcome is Outcome.UNTRIED:
            raise UsageError(
                f"nothing can be tried, since no payload in {self.ground.carrier} gets to run: {probe.why}"
            )
        late = "the time was up: a run takes long to start"
        for cheat in cheats:
            yield Finding(cheat, Outcome.UNTRIED, late) if out_of_time() else self.one(cheat)

    def one(self, cheat: Cheat) -> Finding:
        if unfit := cheat.unfit(self.ground.program):
            return Finding(cheat, Outcome.UNTRIED, unfit)
        self.number += 1
        try:
            finding = conclude(cheat, self._evidence(cheat))
            return replace(finding, why=self._short(finding.why))
        except OvernightError as error:
            return Finding(cheat, Outcome.UNTRIED, str(error))

    def _evidence(self, cheat: Cheat) -> Evidence:
        told = {**facts(self.ground), **self.targets.before(), "cores": self.slot.cores}
        program = replace(self.ground.program, share=(*self.ground.program.share, told["share"]), **cheat.limits)
        candidate = _Candidate(self, cheat, program, told)
        with ThreadPoolExecutor(1) as thread:
            other = thread.submit(candidate.other) if cheat.beside else None
            victims = self._victims(other) if other else []
            for turn, purpose in enumerate(cheat.turns):
                candidate.run(purpose, turn=turn, rival=False, victims=victims)
            others = [other.result()] if other else []
        results = [self.place.runs / trial.run_id for trial in candidate.trials]
        return Evidence(
            program=program,
            trials=(*others, *candidate.trials),
            said=tuple(candidate.said),
            heard=_texts(results, "score-*.log"),
            kept=_texts(results, "saved/**/*"),
            scored=any(list(folder.glob("score-*.log")) for folder in results),
            outside=self.targets.effects(place for each in candidate.said for place in each.get("places", ())),
            planted=self.ground.planted,
            token=self.targets.token,
            secret=self.targets.secret,
        )

    def _short(self, text: str) -> str:
        """Paths as a person would say them."""
        for folder, name in ((self.targets.folder, ""), (self.ground.root, ""), (self.ground.home, "~/")):
            text = text.replace(f"{folder}/", name)
        return text

    def _victims(self, other: Future[Trial]) -> list[int]:
        """The processes of the other run, once its payload is at work."""
        log, until = self.place.runs / f"{self.number}-incumbent-0" / "run.log", time.monotonic() + PATIENCE
        while time.monotonic() < until and not other.done():
            if _words(log, self.targets.token):
                return [process.pid for process in psutil.process_iter() if _of_night(process, self.place.night)]
            time.sleep(0.01)
        return []


class _Candidate:
    """A cheat in the file that carries it; its runs, and what it said in them."""

    def __init__(self, attack: Attack, cheat: Cheat, program: Program, told: dict[str, Any]) -> None:
        self.attack, self.cheat, self.program, self.told = attack, cheat, program, told
        self.trials: list[Trial] = []
        self.said: list[dict[str, Any]] = []

    def run(self, purpose: Purpose, **more: object) -> None:
        trial = self._measure(purpose, **more)
        self.trials.append(trial)
        for log in sorted((self.attack.place.runs / trial.run_id).glob("*.log")):
            self.said += _words(log, self.told["token"]) if not log.name.startswith("score") else []

    def other(self) -> Trial:
        """A run beside, which does nothing but to be there."""
        return self._measure(Purpose.INCUMBENT, rival=True, victims=[])

    def _measure(self, purpose: Purpose, **more: object) -> Trial:
        split = Split.SEALED if purpose is Purpose.CLAIM else Split.VISIBLE
        run = Run(
            id=f"{self.attack.number}-{purpose}-0",
            experiment=self.attack.number,
            commit=self.attack.ground.head,
            purpose=purpose,
            split=split,
            seed=self.attack.number,
            box_seconds=self.cheat.seconds / 2,
            kill_after_seconds=self.cheat.seconds,
        )
        purposes = [purpose, split] if split is Split.SEALED else [purpose]
        text = _text({**self.told, **more, "purpose": purposes}, self.cheat.payload)
        place = self.attack.place

        def checkout(commit: str, into: Path) -> None:
            place.checkout(commit, into)
            carrier = into / self.attack.ground.carrier
            carrier.unlink(missing_ok=True)
            carrier.write_text(text)

        return self.attack.measure(run, self.program, replace(place, checkout=checkout))


def _text(told: dict[str, Any], payload: str) -> str:
    return f"{KIT}\nFACTS.update(json.loads({json.dumps(told)!r}))\nsay(ran=True)\n{payload}\n"


def _words(log: Path, token: str) -> list[dict[str, Any]]:
    """What a payload said, each once: it says everything on two streams, which mostly are one."""
    found: dict[str, dict[str, Any]] = {}
    for line in _head(log).splitlines():
        if line.startswith(f"{token} {{"):
            with contextlib.suppress(ValueError):  # cut off half-way
                found[line] = json.loads(line.removeprefix(token))
    return list(found.values())


def _texts(folders: Iterable[Path], pattern: str) -> str:
    return "\n".join(_head(path) for folder in folders for path in sorted(folder.glob(pattern)) if path.is_file())


def _head(path: Path) -> str:
    with contextlib.suppress(OSError), path.open("rb") as file:
        return file.read(LONG).decode(errors="replace")
    return ""


def _of_night(process: psutil.Process, night: str) -> bool:
    with contextlib.suppress(psutil.Error, OSError):
        return process.environ().get("OVERNIGHT_NIGHT") == night
    return False
