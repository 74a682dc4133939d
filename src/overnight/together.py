"""Several nights in one process, on common slots: each with its own ledger, branch and thread.

One that fails ends alone; a signal is told to all of them. Nights that began together are a group, by which the same
command finds them again: what was killed goes on, and what had finished by then is not begun anew. Not covered: the
slots of a cluster, which has a queue of its own.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace

from overnight.clock import Clock
from overnight.compute.executor import Executor
from overnight.compute.hardware import classed
from overnight.compute.local import Execute
from overnight.compute.pool import Member, Pool
from overnight.compute.share import Mailbox, Share
from overnight.compute.slots import Machine, Need, fitting, lease, need_of
from overnight.errors import UsageError
from overnight.ledger.events import Closed, Opened
from overnight.ledger.ledger import Reader
from overnight.night.ears import Ears, hearing
from overnight.night.shift import Shift
from overnight.night.watcher import Watcher
from overnight.program.program import Program
from overnight.wiring import Task, earlier_nights, night_folder, pick_tag, work


@dataclass(frozen=True, slots=True)
class Objective:
    name: str  # as people call it here
    task: Task
    tag: str
    group: str
    over: bool = False  # its night of this group has finished before


@dataclass(frozen=True, slots=True)
class Outcome:
    objective: Objective
    closed: Closed | None = None
    error: BaseException | None = None


def gather(tasks: Mapping[str, Task], clock: Clock) -> list[Objective]:
    """The night of each: one that goes on, one that finished before the others of its group, or a new one."""
    last = {name: _last(task) for name, task in tasks.items()}
    going_on = {each.group for each in last.values() if each and each.group and not each.finished}
    group = min(going_on, default="") or secrets.token_hex(8)
    out: list[Objective] = []
    for name, task in tasks.items():
        found = last[name]
        if found and found.finished and found.group in going_on:
            out.append(Objective(name, task, found.tag, group, over=True))
            continue
        promised = [each.tag for each in out if each.task.repo.common_dir == task.repo.common_dir]
        out.append(Objective(name, task, pick_tag(task, clock, promised), group))
    return out


def common_slots(programs: Sequence[Program], wanted: int | None, machine: Machine, clock: Clock) -> Pool:
    """Each slot has what the most demanding program asks for. `wanted` 0: as many as fit; None: as many as the program
    says that says most."""
    if away := [program for program in programs if program.on]:
        raise UsageError(f"{away[0].path}: `on: {away[0].on}` has slots of its own: run it by itself")
    need = _largest([need_of(program) for program in programs], machine)
    memory = max((program.memory_mb or 0.0 for program in programs), default=0.0)
    n = max(program.slots for program in programs) if wanted is None else wanted
    slots = lease(n or fitting(machine, need, memory), machine.cores, machine.gpus, need)
    return Pool(classed(slots, [program.confirm_on for program in programs]), clock)


def work_together(
    objectives: Sequence[Objective], pool: Pool, watch: Callable[[Objective], Watcher], clock: Clock
) -> list[Outcome]:
    """Until all of them have ended. For the main thread, which is where signals are heard."""
    ears = Ears()
    begun = [each for each in objectives if not each.over]
    with hearing(ears.hear), ThreadPoolExecutor(max(1, len(begun)), "night") as threads:
        futures = {
            each.name: threads.submit(
                work, _sized(each.task, pool), each.tag, watch(each), clock, among=_Seat(each, pool, ears)
            )
            for each in begun
        }
    return [_outcome(each, futures.get(each.name)) for each in objectives]


@dataclass(frozen=True, slots=True)
class _Last:
    """The newest night of a program."""

    tag: str
    finished: bool
    group: str


@dataclass(frozen=True, slots=True)
class _Seat:
    """One night among the others: what `wiring` needs to give it its share."""

    objective: Objective
    pool: Pool
    ears: Ears

    @property
    def slots(self) -> int:
        return 1 if self.objective.task.program.exclusive else len(self.pool.slots)

    @property
    def group(self) -> str:
        return self.objective.group

    @contextmanager
    def joined(self, shift: Shift, execute: Execute) -> Iterator[Executor]:
        """Before anything has been put into the shift's queue."""
        program, box = self.objective.task.program, Mailbox()
        guess = program.box.seconds + (shift.night.state.startup_seconds or 0.0)
        member = Member(self.objective.name, program.priority, guess, box.wake, program.exclusive)
        box.rest = lambda: self.pool.rest(member)
        shift.queue = box
        self.ears.attend(box.put)
        yield Share(self.pool, member, need_of(program), execute, box.put, lambda n: setattr(shift.night, "slots", n))


def _last(task: Task) -> _Last | None:
    newest = next(earlier_nights(task), None)
    if newest is None:
        return None
    with closing(Reader.open(night_folder(task.repo, newest.night))) as reader:
        opened = reader.find(Opened.kind)
    assert opened is not None
    assert isinstance(opened.event, Opened)
    return _Last(newest.night, newest.state == "finished", opened.event.environment.get("group", ""))


def _largest(needs: Sequence[Need], machine: Machine) -> Need:
    """Who says nothing of GPUs wants one of its own, where there are some."""
    cores = [need.cores for need in needs if need.cores]
    gpus = [need.gpus for need in needs if need.gpus is not None]
    if gpus and len(gpus) < len(needs) and machine.gpus:
        gpus.append(1.0)
    return Need(max(cores, default=None), max(gpus, default=None))


def _sized(task: Task, pool: Pool) -> Task:
    """What a slot of the pool is, its part of the memory among it. One whose runs are alone has all of that."""

    def sized(program: Program) -> Program:
        return program if program.exclusive else replace(program, slots=len(pool.slots))

    again = task.read
    return replace(task, program=sized(task.program), read=(lambda: sized(again())) if again else None)


def _outcome(objective: Objective, future: Future[Closed] | None) -> Outcome:
    if future is None:
        return Outcome(objective)
    error = future.exception()
    return Outcome(objective, error=error) if error else Outcome(objective, future.result())
