"""A night's keeps as branches: whatever was kept, changed again and taken back, together they are the night's tree."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing

import pytest

from overnight.night.apart import Apart, Branch, Piece
from overnight.repo.joining import Joiner, tree_of
from overnight.repo.objects import OVERNIGHT
from overnight.repo.rebase import rebase
from overnight.repo.repo import Repo
from overnight.repo.snapshot import snapshot
from tests.nights import git, make_repo

PATHS = ("train.py", "model.py")
LINES = [f"LINE_{i} = 0" for i in range(12)]


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repo]:
    root = make_repo(tmp_path_factory.mktemp("apart") / "a b", {path: "\n".join(LINES) + "\n" for path in PATHS})
    with closing(Repo.discover(root)) as found:
        yield found


class Chain:
    """A night's branch in the making. Every step's number is its place."""

    def __init__(self, repo: Repo) -> None:
        self.repo, self.pieces = repo, list[Piece]()
        self.removed: set[int] = set()

    @property
    def tip(self) -> str:
        return self.pieces[-1].after if self.pieces else self.repo.head()

    def text(self, path: str = "train.py") -> str:
        return self.repo.texts(self.tip, [path])[path]

    def keep(self, text: str, path: str = "train.py") -> None:
        self._add({path: text})

    def turn(self, line: int, value: int, path: str = "train.py") -> None:
        lines = self.text(path).split("\n")
        self.keep("\n".join([*lines[:line], f"LINE_{line} = {value}", *lines[line + 1 :]]), path)

    def take_back(self, number: int) -> bool:
        """As the night does it; False where later keeps stand on its lines."""
        piece = self.pieces[number - 1]
        files = rebase(self.repo, piece.after, piece.before, self.tip, PATHS)
        if files:
            self.removed |= {number, len(self.pieces) + 1}
            self._add(files)
        return bool(files)

    def apart(self) -> list[Branch]:
        stands = [
            Piece(p.number, p.before, p.after, p.message, p.at, p.number not in self.removed) for p in self.pieces
        ]
        return Apart(self.repo, self.repo.head(), stands, PATHS).branches()

    def _add(self, files: Mapping[str, str]) -> None:
        number, before = len(self.pieces) + 1, self.tip
        after = snapshot(self.repo, before, files, f"keep {number}", 1000.0 + number)
        self.pieces.append(Piece(number, before, after, f"keep {number}\n\nAccepted-by: Ada\n", 1000.0 + number))


def numbers(branches: Sequence[Branch]) -> list[list[int]]:
    return [[piece.number for piece in branch.pieces] for branch in branches]


def merged(repo: Repo, branches: Sequence[Branch]) -> str:
    """The tree of all of them, by git, in this order."""
    tip = branches[0].tip
    for branch in branches[1:]:
        joined = Joiner(repo).join(tip, branch.tip)
        assert joined.conflicts == ()
        tip = repo.commit(joined.tree, [tip, branch.tip], OVERNIGHT, 0, "m")
    return tree_of(repo, tip)


def test_three_independent_keeps_of_one_file_are_three_branches(repo: Repo) -> None:
    chain = Chain(repo)
    for line in (0, 4, 8):
        chain.turn(line, 1)
    branches = chain.apart()
    assert [branch.name for branch in branches] == ["keep-1", "keep-2", "keep-3"]
    assert merged(repo, branches[::-1]) == tree_of(repo, chain.tip)
    parents = {git(repo.root, "rev-parse", f"{branch.tip}^") for branch in branches}
    assert parents == {repo.head()}


def test_keeps_of_the_same_line_share_a_branch_in_their_order(repo: Repo) -> None:
    chain = Chain(repo)
    for line, value in ((0, 1), (6, 1), (0, 2)):
        chain.turn(line, value)
    branches = chain.apart()
    assert [branch.name for branch in branches] == ["keeps-1-3", "keep-2"]
    subjects = git(repo.root, "log", "--format=%s", "-2", branches[0].tip)
    assert subjects.split("\n") == ["keep 3", "keep 1"]


def test_neighbouring_lines_that_git_would_not_merge_share_a_branch(repo: Repo) -> None:
    chain = Chain(repo)
    for line in (3, 9, 4):
        chain.turn(line, 1)
    assert numbers(chain.apart()) == [[1, 3], [2]]


def test_a_keep_and_its_removal_cancel_out(repo: Repo) -> None:
    chain = Chain(repo)
    for line in (0, 4, 8):
        chain.turn(line, 1)
    assert chain.take_back(2)
    branches = chain.apart()
    assert numbers(branches) == [[1], [3]]
    assert merged(repo, branches) == tree_of(repo, chain.tip)


def test_files_of_their_own_are_branches_of_their_own(repo: Repo) -> None:
    chain = Chain(repo)
    chain.turn(3, 1)
    chain.turn(3, 1, "model.py")
    assert numbers(chain.apart()) == [[1], [2]]


def test_a_keep_that_needs_two_others_brings_them_together(repo: Repo) -> None:
    chain = Chain(repo)
    chain.turn(2, 1)
    chain.turn(8, 1)
    chain.turn(5, 1)
    chain.keep(chain.text().replace("LINE_2 = 1", "LINE_2 = 9").replace("LINE_8 = 1", "LINE_8 = 9"))
    assert numbers(chain.apart()) == [[1, 2, 3, 4]]


def test_the_same_line_written_twice_is_not_merged_into_one(repo: Repo) -> None:
    """git takes two equal insertions for one: the branches would merge, and add up to something else."""
    chain = Chain(repo)
    chain.keep("EXTRA = 1\n" + chain.text())
    chain.keep("EXTRA = 1\n" + chain.text())
    branches = chain.apart()
    assert numbers(branches) == [[1, 2]]
    assert merged(repo, branches) == tree_of(repo, chain.tip)


def test_the_same_night_gives_the_same_commits(repo: Repo) -> None:
    chain = Chain(repo)
    for line in (0, 4, 8):
        chain.turn(line, 1)
    assert chain.apart() == chain.apart()


def test_what_cannot_be_put_together_anew_is_the_night_as_it_was(repo: Repo) -> None:
    """A removal that is no exact reverse: the branch holds every commit, removals too, and is named by what stands."""
    chain = Chain(repo)
    chain.turn(0, 1)
    chain.turn(5, 1)
    chain.turn(5, 7)
    chain.removed = {2, 3}
    branches = chain.apart()
    assert [branch.name for branch in branches] == ["keep-1"]
    assert numbers(branches) == [[1, 2, 3]]
    assert merged(repo, branches) == tree_of(repo, chain.tip)


def some_night(repo: Repo, rng: random.Random) -> Chain:
    chain = Chain(repo)
    for value in range(1, rng.randint(2, 7)):
        path = rng.choice(PATHS)
        lines = chain.text(path).split("\n")
        at = rng.randrange(len(lines) - 1)
        what = rng.choice(("turn", "turn", "turn", "insert", "delete", "two", "back"))
        if what == "back" and chain.pieces:
            standing = [p.number for p in chain.pieces if p.number not in chain.removed]
            if standing:
                chain.take_back(rng.choice(standing))
            continue
        if what == "delete" and len(lines) > 3:
            del lines[at]
        elif what == "insert":
            lines.insert(at, f"NEW = {rng.randrange(3)}")
        else:
            lines[at] = f"LINE = {value}"
        if what == "two":
            lines[rng.randrange(len(lines) - 1)] = f"OTHER = {value}"
        chain.keep("\n".join(lines), path)
    return chain


def holds_for(repo: Repo, seed: int) -> int:
    rng = random.Random(seed)
    chain = some_night(repo, rng)
    if all(piece.number in chain.removed for piece in chain.pieces):
        return 0
    branches = chain.apart()
    assert merged(repo, branches) == tree_of(repo, chain.tip)
    standing = {piece.number for piece in chain.pieces} - chain.removed
    held = [number for group in numbers(branches) for number in group if number not in chain.removed]
    assert sorted(held) == sorted(standing)
    assert len({branch.name for branch in branches}) == len(branches)
    shuffled = rng.sample(branches, len(branches))
    assert merged(repo, shuffled) == tree_of(repo, chain.tip), "in another order"
    return len(branches)


@pytest.mark.parametrize("seed", range(3))
def test_the_branches_of_any_night_add_up(repo: Repo, seed: int) -> None:
    holds_for(repo, seed)


@pytest.mark.slow
def test_the_branches_of_many_nights_add_up_and_are_often_several(repo: Repo) -> None:
    parted = [holds_for(repo, seed) for seed in range(100, 160)]
    assert sum(count > 1 for count in parted) > 15
