"""What a proposer that reads is told before it proposes: the task, the program as it stands, and the night so far.

Promises: it is bounded whatever the history and however large the files are (the caps below, in tokens as
`fence.tokens` guesses them), and says what it leaves out; nothing is in it that `observe` and the view did not bring,
so no hidden number; what other agents, runs and files say is fenced as data. The words are in prompts/.

Not covered: that a model heeds it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from overnight.model import Experiment
from overnight.program.program import Program
from overnight.propose.digest import Digest
from overnight.propose.edits import Format, instructions
from overnight.propose.fence import BYTES_PER_TOKEN, clean, fenced, head_and_tail, one_line, plain, short
from overnight.propose.history import fitted, number, sections
from overnight.propose.proposer import View

PROSE_TOKENS, FILES_TOKENS, DIGEST_TOKENS = 4_000, 24_000, 6_000
SAID, IDEA = 600, 4_000  # bytes of each remark of a person, and of an idea
REMARKS = 20  # the newest
FILES, NAMED = 40, 20  # that are shown, that are named in a sentence
TWO_RUNS = 2 * 2**0.5  # times the noise: two standard errors of a difference


class Wanted(StrEnum):
    """How the change is to be given."""

    FOLDER = "folder"  # by editing the files of a folder
    WORKSPACE = "workspace"  # of one that was asked for, and then telling
    BLOCKS = "blocks"  # as search and replace
    WHOLE = "whole"  # as the whole new file


@dataclass(frozen=True, slots=True)
class Shown:
    """A file, as far as it is shown."""

    path: str
    head: str
    left_out: str
    tail: str
    hidden: int  # characters that cannot be seen


class Notebook:
    """What one proposer knows of the night. Its memory is bounded."""

    def __init__(self) -> None:
        self._digest = Digest()

    def observe(self, experiment: Experiment) -> None:
        self._digest.take(experiment)

    def brief(self, view: View, wanted: Wanted) -> str:
        prose, cut, rest = head_and_tail(clean(view.program.prose).strip(), _bytes(PROSE_TOKENS))
        text = _template().render(
            view=view,
            program=view.program,
            prose=(prose, cut, rest),
            enforced=enforced(view.program),
            chance=chance(view),
            files=shown(dict(list(view.files.items())[:FILES]), _bytes(FILES_TOKENS)),
            unseen=max(0, len(view.files) - FILES),
            said=[one_line(text, SAID) for text in view.said[-REMARKS:]],
            earlier=max(0, len(view.said) - REMARKS),
            idea=short(clean(view.idea.text).strip(), IDEA) if view.idea else "",
            direction=one_line(view.direction, SAID),
            sections=fitted(sections(self._digest, view), DIGEST_TOKENS),
            form=instructions(Format(wanted)).strip() if wanted in (Wanted.BLOCKS, Wanted.WHOLE) else "",
            way=wanted,
        )
        return text.rstrip() + "\n"


def shown(files: Mapping[str, str], most_bytes: int) -> list[Shown]:
    """All of them, the small ones whole: what a small one does not need is the larger ones'."""
    found, left = {}, most_bytes
    by_size = sorted(files, key=lambda path: len(files[path]))
    for index, path in enumerate(by_size):
        text, hidden = plain(files[path])
        parts = head_and_tail(text, left // (len(by_size) - index))
        left -= sum(len(part.encode()) for part in parts)
        found[path] = Shown(one_line(path, SAID), *parts, hidden)
    return [found[path] for path in files]


def enforced(program: Program) -> Iterator[str]:
    """What holds whatever a proposer does, in sentences."""
    yield f"Only {_named(program.edit)} may change; a change of any other file is refused."
    box = f"{program.box.seconds:g} s{' of CPU time' if program.box.cpu else ''}"
    yield f"A run is told that it has {box}; after {program.kill_after_seconds:g} s it is ended."
    if program.guards:
        yield f"These must hold, or the change is not kept: {', '.join(map(str, program.guards))}."
    if program.score:
        yield "The number is made apart from the run, from what the run leaves; what a run prints does not count."
    memory = f", {program.memory_mb:g} MB of memory" if program.memory_mb else ""
    network = "the network" if program.network else "no network"
    yield f"A run has {network}, {program.processes} processes and threads at most{memory}."
    if program.price:
        yield f"Each line of code more must bring {100 * program.price:.3g} % of the metric."
    yield f"A tie that makes the code smaller is kept: less code may cost {100 * program.margin:.3g} % of the metric."
    yield (
        "Each run has a seed of ours. A change of seed, of comments or of layout is a duplicate and is not run; a "
        "search over seeds is refused."
    )


def chance(view: View) -> str:
    """The noise in words."""
    if view.noise is None:
        return "How much the number varies from run to run is not known yet: a small difference may be chance."
    if view.noise == 0:
        return "The same program gives the same number in each run."
    two = TWO_RUNS * view.noise
    return (
        f"The same program varies by about {view.noise:.2g} from run to run (one standard deviation): between two "
        f"single runs, a difference below {two:.2g} is chance."
    )


def _named(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - NAMED} more" if len(paths) > NAMED else ""
    return ", ".join(one_line(path, SAID) for path in paths[:NAMED]) + more


def _bytes(tokens: int) -> int:
    return int(tokens * BYTES_PER_TOKEN)


@cache
def _template() -> Template:
    """What is put in is never read as a template."""
    prompts = Environment(
        loader=PackageLoader("overnight.propose", "prompts"),
        undefined=StrictUndefined,
        autoescape=False,  # it is no HTML
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    prompts.filters |= {"fenced": fenced, "number": number}
    return prompts.get_template("brief.md.j2")
