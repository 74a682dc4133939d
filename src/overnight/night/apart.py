"""The keeps of a night as separate branches: each on the baseline, that together add up to the night's tree.

A keep that was taken back is not among them, and neither is its removal. Keeps that cannot do without each other share
a branch, as consecutive commits: one that changes what another wrote, and those that git would not merge. That they
add up is not argued but done: git merges all of them, and the tree is compared. Where it is another, there is one
branch, and where even that fails it holds every commit of the night as it was. The same night gives the same commits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from overnight.repo.joining import Joiner, tree_of
from overnight.repo.rebase import rebase
from overnight.repo.repo import Repo
from overnight.repo.snapshot import snapshot


@dataclass(frozen=True, slots=True)
class Piece:
    """One commit of the night's branch, and the message of the commit that is made from it."""

    number: int
    before: str  # the commit that it stands on
    after: str
    message: str
    at: float
    stands: bool = True  # False: a removal, or a keep that was taken back


@dataclass(frozen=True, slots=True)
class Branch:
    pieces: tuple[Piece, ...]
    tip: str

    @property
    def name(self) -> str:
        """keep-3, keeps-3-7, keeps-3-and-9-more."""
        numbers = [str(piece.number) for piece in self.pieces if piece.stands]
        if len(numbers) > 4:
            return f"keeps-{numbers[0]}-and-{len(numbers) - 1}-more"
        return f"keep{'s' if len(numbers) > 1 else ''}-{'-'.join(numbers)}"


@dataclass(frozen=True, slots=True)
class Apart:
    """`chain`: all pieces of a night's branch, in their order; `paths`: the files that may change."""

    repo: Repo
    baseline: str
    chain: Sequence[Piece]
    paths: Sequence[str]

    def branches(self) -> list[Branch]:
        tree, groups = tree_of(self.repo, self.chain[-1].after), self._independent()
        joiner = Joiner(self.repo)
        while groups:
            together = joiner.at_odds([group.tip for group in groups], tree)
            if not together:
                return groups
            groups = self._united(groups, together)
        return [self._whole()]

    def _independent(self) -> list[Branch]:
        """Every keep alone where it applies alone, else with those before it that it needs."""
        groups: list[Branch] = []
        for piece in (piece for piece in self.chain if piece.stands):
            if not (groups := self._placed(groups, piece)):
                break
        return groups

    def _placed(self, groups: list[Branch], piece: Piece) -> list[Branch]:
        """With `piece` in its place; none at all where it has none."""
        if alone := self._on(Branch((), self.baseline), [piece]):
            return [*groups, alone]
        for i in reversed(range(len(groups))):
            if joined := self._on(groups[i], [piece]):
                return [*groups[:i], joined, *groups[i + 1 :]]
        before = [p for group in groups for p in group.pieces]
        every = self._on(Branch((), self.baseline), sorted([*before, piece], key=self.chain.index))
        return [every] if every else []

    def _united(self, groups: list[Branch], together: frozenset[int]) -> list[Branch]:
        """Those `together` as one branch; none at all where that is every one of them, and still not the tree."""
        if len(groups) == 1:
            return []
        pieces = [piece for i in together for piece in groups[i].pieces]
        one = self._on(Branch((), self.baseline), sorted(pieces, key=self.chain.index))
        if one is None:
            return []
        rest = [group for i, group in enumerate(groups) if i not in together]
        return sorted([*rest, one], key=lambda group: self.chain.index(group.pieces[0]))

    def _on(self, branch: Branch, pieces: Sequence[Piece]) -> Branch | None:
        """The branch with these changes on top, each a commit; None where one does not apply."""
        for piece in pieces:
            files = rebase(self.repo, piece.before, piece.after, branch.tip, self.paths)
            if files is None:
                return None
            tip = snapshot(self.repo, branch.tip, files, piece.message, piece.at)
            branch = Branch((*branch.pieces, piece), tip)
        return branch

    def _whole(self) -> Branch:
        """The night's own commits, signed."""
        tip = self.baseline
        for piece in self.chain:
            tip = self.repo.commit(tree_of(self.repo, piece.after), [tip], self.repo.user, piece.at, piece.message)
        return Branch(tuple(self.chain), tip)
