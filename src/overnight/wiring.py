"""Where the rooms meet: the tables from name to class, and a night built from a program.

Names are strings, imported when they are used: `overnight --help` must not pay for an optimiser. Instead of a name
from a table, `package.module:Class` may be said: a person's own proposer or policy needs no change here.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from overnight.clock import Clock, SystemClock
from overnight.compute.hardware import slots_of
from overnight.compute.here import Unseen, measuring
from overnight.compute.slots import sized
from overnight.errors import RepoError, UsageError
from overnight.hands import Among, hands
from overnight.ledger.events import Closed, Opened
from overnight.ledger.ledger import Ledger, Reader
from overnight.ledger.views import Summary, nights, summary
from overnight.measure.files import remove
from overnight.model import Phase
from overnight.named import named
from overnight.night.again import Again, Questions, again
from overnight.night.awake import awake, inhibitor
from overnight.night.crew import Member, crew
from overnight.night.keep import refuse_checked_out
from overnight.night.opening import Opening, begin, branch_name, scratch_folder
from overnight.night.watcher import Watcher
from overnight.program.facts import Facts, facts_of
from overnight.program.knobs import knobs_of
from overnight.program.program import Program
from overnight.program.read import load as load_text
from overnight.program.read import read
from overnight.propose.agents import Workplace
from overnight.propose.rows import ROWS
from overnight.repo.repo import Repo
from overnight.step import Step, unwatched

PROPOSERS = {
    "search": "overnight.propose.search:Search",
    "chat": "overnight.propose.chat.chat:Chat",
    **dict.fromkeys(ROWS, "overnight.propose.command:CommandAgent"),
}

POLICIES = {
    "proof": "overnight.judge.proof:ProofPolicy",
    "fast": "overnight.judge.fast:FastPolicy",
    "greedy": "overnight.judge.greedy:GreedyPolicy",
}


@dataclass(frozen=True, slots=True)
class Task:
    """A program in its repository."""

    repo: Repo
    program: Program
    read: Callable[[], Program] | None = None  # program.md as it is now


def load(path: Path | None, flags: Mapping[str, str]) -> Task:
    """Reads the program at `path` (a file, or a folder that holds program.md), or of the current folder."""
    file = find_program(path)
    with closing(Repo.discover(file.parent)) as repo:  # ends git's children; whoever asks on starts them anew
        folder = file.parent.resolve().relative_to(repo.root).as_posix()
        seen = facts(repo)  # those of the start: what is committed later makes no file mean something else
        again = partial(_read, file, "" if folder == "." else folder, seen, flags)
        program = again()
    return Task(repo, program, again)


def _read(file: Path, folder: str, seen: Facts, flags: Mapping[str, str]) -> Program:
    return sized(read(file, load_text(file), folder, seen, flags), os.environ)


def facts(repo: Repo) -> Facts:
    """What the reader of a program may know of the repository: its files are the baseline's."""
    head = repo.head()
    home, search = Path(os.environ.get("HOME", "/")), os.environ.get("PATH", os.defpath)
    return facts_of(repo.root, repo.tracked_files(head), partial(repo.read, head), repo.ignored, home, search)


def find_program(path: Path | None) -> Path:
    """The file itself, the folder's program.md, or the nearest one above the current folder."""
    start = (path or Path.cwd()).absolute()  # not resolved: program.md may be a link to elsewhere
    if start.is_file():
        return start
    folders = [start] if path else [start, *start.parents]
    for folder in folders:
        if (folder / "program.md").is_file():
            return folder / "program.md"
    raise UsageError(f"there is no program.md in {start}: `overnight init` writes one, `overnight demo` shows one")


def refuse_to_start(task: Task, tag: str, new: bool) -> None:
    """What would make a night start from something else than people think, or move a branch under their feet."""
    branch = branch_name(tag)
    refuse_checked_out(task.repo, branch)
    if task.repo.branch_tip("refs/heads/autoresearch") is not None:
        raise RepoError("a branch called autoresearch is in the way of autoresearch/…: rename it (git branch -m)")
    if new and task.repo.branch_tip(branch) is not None:
        raise RepoError(f"a branch autoresearch/{tag} is there already, from elsewhere: choose another name with --tag")
    if new and (dirty := uncommitted(task)):
        named = ", ".join(dirty[:5]) + (" …" if len(dirty) > 5 else "")
        raise RepoError(
            f"not committed: {named}. A night starts from HEAD: commit (git commit -am 'before the night') "
            "or set the edits aside (git stash), then run again"
        )
    if new:
        _refuse_unreadable(task)


def _refuse_unreadable(task: Task) -> None:
    texts = task.repo.texts(task.repo.head(), task.program.edit)
    for path in task.program.edit:
        if path not in texts:
            raise RepoError(f"{path} is a link, and a link cannot be edited: name the file it leads to in `edit:`")
        if texts[path].startswith("\ufeff"):
            raise RepoError(f"{path} begins with a byte order mark, which hides its first line: save it without")


def uncommitted(task: Task) -> list[str]:
    program = task.program
    own = (program.path.parent.resolve() / program.path.name).relative_to(task.repo.root).as_posix()
    return [path for path in task.repo.dirty([*program.edit, *program.protect]) if path != own]


# ---- nights


def night_folder(repo: Repo, tag: str) -> Path:
    if (
        not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*", tag)
        or tag.endswith(".lock")
        or len(tag) > 60
        or tag in ("node", "node-new", "node-lock")
    ):
        raise UsageError(f"{tag!r} cannot be a night's name: letters, digits, '-', '_' and '.', such as mar5")
    return repo.common_dir / "overnight" / tag


def pick_tag(task: Task, clock: Clock, promised: Collection[str] = ()) -> str:
    """The unfinished night of this program; else today's date, such as mar5, or mar5-2 where that is taken."""
    for earlier in earlier_nights(task):
        if earlier.state != "finished":
            return earlier.night
    today = clock.now().local
    tag = f"{today:%b}{today.day}".lower()
    taken = {folder.name for folder in (task.repo.common_dir / "overnight").glob("*")} | set(promised)
    candidates = [tag, *(f"{tag}-{i}" for i in range(2, 1000))]
    return next(
        t for t in candidates if t not in taken and task.repo.branch_tip(f"refs/heads/autoresearch/{t}") is None
    )


def earlier_nights(task: Task) -> Iterator[Summary]:
    """Those of the same program, newest first."""
    for folder in reversed(nights(task.repo.common_dir)):
        with closing(Reader.open(folder)) as reader:
            opened = reader.find("opened")
            if opened and isinstance(opened.event, Opened) and _same_task(task.program, opened.event):
                yield summary(reader, held=False)


def find_night(where: Path, tag: str | None) -> Path:
    """The folder of the night that is meant, or of the newest one."""
    folders = nights(Repo.discover(where).common_dir)
    if not folders:
        raise UsageError("there is no night here yet: `overnight run` starts one")
    if tag is None:
        return folders[-1]
    for folder in folders:
        if folder.name == tag:
            return folder
    raise UsageError(f"there is no night {tag!r}: there is {', '.join(folder.name for folder in folders)}")


def work(
    task: Task,
    tag: str,
    watcher: Watcher,
    clock: Clock | None = None,
    step: Step = unwatched,
    errand: Phase | None = None,
    among: Among | None = None,
) -> Closed:
    """Runs a night, or takes it up again, in this process and to its end. `errand`: a phase; SEARCH: what was told."""
    by_hand, clock = errand is Phase.SEARCH, clock or SystemClock()
    policy = named(task.program.policy, POLICIES, "policy")()
    team = [] if by_hand else _team(task)
    folder = night_folder(task.repo, tag)
    with closing(task.repo):  # ends git's children; whoever asks on starts them anew
        refuse_to_start(task, tag, new=not folder.exists())
    workers = hands(task.program, among, here=by_hand)
    ledger = Ledger.create_or_open(folder, holder=f"overnight {'tell' if by_hand else 'run'} --tag {tag}", step=step)
    scratch = scratch_folder(tag, task.repo.node())
    repo = task.repo.for_night([ledger.lock_fd], step)
    repos = ExitStack()  # of git's children
    with closing(ledger), _removed(scratch), closing(repo), closing(task.repo), awake(inhibitor()), repos:
        places = [repos.enter_context(_workplace(task, scratch, i, clock)) for i in range(len(team))]
        proposers = [member.sit(place) for member, place in zip(team, places, strict=True)]
        seats = tuple(member.seat for member in team)
        opening = Opening(repo, task.program, policy, tag, workers.slots, workers.about, errand, seats, task.read)
        shift = begin(opening, ledger, clock, watcher, step)
        with workers.at_work(shift, repo, scratch, folder) as executor:
            return shift.work(executor, *proposers)


def _team(task: Task) -> list[Member]:
    if task.program.external:
        raise UsageError("nothing is measured here (run: elsewhere): overnight ask, then overnight tell ID --metric N")
    return crew(task.program, PROPOSERS, knobs=turnable(task))


@contextmanager
def _workplace(task: Task, scratch: Path, seat: int, clock: Clock) -> Iterator[Workplace]:
    with closing(Repo.discover(task.repo.root)) as repo:
        yield Workplace(task.program, repo, scratch / f"desk-{seat}", os.environ, clock, seat)


def turnable(task: Task) -> bool:
    with closing(task.repo) as repo:
        texts = repo.texts(repo.head(), task.program.edit)
    return bool(knobs_of(task.program, texts))


def measure_again(task: Task, tag: str, keeps: int, rng: random.Random | None = None) -> Iterator[Again]:
    """Measures some keeps of a night again, drawn by chance now, so that nobody could know which."""
    folder, scratch = night_folder(task.repo, tag), scratch_folder(f"{tag}-again", task.repo.node())
    policy = named(task.program.policy, POLICIES, "policy")()
    slot = slots_of(task.program, os.environ)[0]
    executing = measuring(task.program, task.repo, scratch, scratch / "results", os.environ)
    with Reader.open(folder) as reader, _removed(scratch), closing(task.repo), executing as measure:
        questions = Questions(reader, task.repo, task.program, policy)
        yield from again(questions, keeps, lambda run: measure(run, 1, slot, Unseen()), rng or random.SystemRandom())


@contextmanager
def _removed(folder: Path) -> Iterator[None]:
    try:
        yield
    finally:
        remove(folder)


def _same_task(program: Program, opened: Opened) -> bool:
    settings = opened.settings
    return all(list(getattr(program, k)) == list(settings.get(k, ())) for k in ("edit", "metric", "run", "folder"))
