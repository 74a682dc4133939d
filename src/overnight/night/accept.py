"""A person signs a night off and takes what it found: merged into their branch, or as branches of independent keeps.

The order: the commits as objects, then the ledger, then the refs. Killed anywhere in between, the same command finds
what was signed and completes it. Whatever would make git refuse is looked for before anything is written down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from overnight.clock import Now
from overnight.errors import UsageError
from overnight.ledger import views
from overnight.ledger.acceptance import Acceptance, Accepted, How
from overnight.ledger.events import Opened
from overnight.ledger.ledger import Ledger, Reader
from overnight.ledger.views import Row, Summary
from overnight.model import Call, Claim
from overnight.night.apart import Apart, Branch, Piece
from overnight.repo import refs
from overnight.repo.joining import Joiner, tree_of
from overnight.repo.repo import Repo
from overnight.repo.taking import checked_out_branch, fast_forward, holds, refuse_obstacles, refuse_unfinished


@dataclass(frozen=True, slots=True)
class Found:
    """What a night leaves to be taken."""

    opened: Opened
    summary: Summary
    chain: tuple[Row, ...]  # every commit of its branch, in their order, removals too
    keeps: tuple[Row, ...]  # those that stand

    @property
    def claim(self) -> Claim | None:
        """Of the branch as it stands."""
        return self.summary.claim if self.summary.claimed == self.summary.tip else None


@dataclass(frozen=True, slots=True)
class Deal:
    """A sign-off, and what of it is there already."""

    accepted: Accepted
    done: bool
    branches: tuple[Branch, ...] = ()


def found(reader: Reader, repo: Repo, held: bool) -> Found:
    """UsageError where nothing was kept, or where git and the ledger do not agree on what was."""
    summary, opened = views.summary(reader, held), reader.find("opened")
    assert opened is not None
    assert isinstance(opened.event, Opened)
    rows = {row.kept: row for row in views.rows(reader, calls=[Call.KEEP]) if row.number > 0 and row.kept}
    removed = {row.removes for row in rows.values() if row.removes is not None}
    standing = {row.number for row in rows.values() if row.removes is None} - removed
    if not standing:
        raise UsageError(f"night {summary.night} has no keep that stands: there is nothing to accept")
    if (at := repo.branch_tip(summary.branch)) != summary.tip:
        name, where = summary.branch.removeprefix("refs/heads/"), f"at {at[:7]}" if at else "gone"
        raise UsageError(
            f"{name} is {where}, and the ledger's last keep is {summary.tip[:7]}: "
            "`overnight run` puts it right after a kill, `overnight verify` says more"
        )
    listed = repo.git.run("rev-list", "--reverse", "--first-parent", f"{opened.event.baseline}..{summary.tip}")
    chain = tuple(rows[commit] for commit in listed.decode().split())  # not by number: as they landed
    return Found(opened.event, summary, chain, tuple(row for row in chain if row.number in standing))


def merge(repo: Repo, night: Found, by: str, message: str, at: float) -> Deal:
    """Into the branch that is checked out, by a commit of ours that stands on both. Nothing is moved yet."""
    refuse_unfinished(repo)
    into, head, tip = checked_out_branch(repo), repo.head(), night.summary.tip
    if into == night.summary.branch:
        raise UsageError("the night's own branch is checked out here: git switch BRANCH to the one that is to have it")
    for number, earlier in _earlier(night, How.MERGE, by):
        wanted = earlier.commits.get(into, "")
        if wanted and holds(repo, head, wanted):
            return Deal(_accepted(number, night, by, How.MERGE, earlier.commits, head), done=True)
        if wanted and (stored := repo.git.find(wanted)) and f"\nparent {head}\n".encode() in stored.data:
            refuse_obstacles(repo, wanted)
            return Deal(_accepted(number, night, by, How.MERGE, earlier.commits, head), done=False)
    merged = holds(repo, head, tip)  # by hand, after a conflict say: then the sign-off is a commit of its own
    tree = tree_of(repo, head) if merged else _merged_tree(repo, night, head, into)
    commit = repo.commit(tree, [head] if merged else [head, tip], repo.user, at, message)
    refuse_obstacles(repo, commit)
    number = len(night.summary.accepted) + 1
    return Deal(_accepted(number, night, by, How.MERGE, {into: commit}, head), done=False)


def branches(repo: Repo, night: Found, by: str, trailers: str) -> Deal:
    """One for each independent keep. Their commits depend on the night and on who signs, not on when."""
    standing = {row.number for row in night.keeps}
    commits = [night.opened.baseline, *(row.kept or "" for row in night.chain)]
    chain = tuple(
        Piece(row.number, before, after, _signed(repo, after, trailers), row.at, row.number in standing)
        for row, before, after in zip(night.chain, commits, commits[1:], strict=False)
    )
    made = tuple(Apart(repo, night.opened.baseline, chain, night.opened.settings["edit"]).branches())
    wanted = {f"refs/heads/overnight/{night.summary.night}/{branch.name}": branch.tip for branch in made}
    there = {ref: repo.branch_tip(ref) for ref in wanted}
    if taken := [ref for ref, tip in there.items() if tip not in (None, wanted[ref])]:
        names = ", ".join(ref.removeprefix("refs/heads/") for ref in taken)
        raise UsageError(f"there already, and not what would be made: {names}. Rename it (git branch -m), or remove it")
    same = [number for number, earlier in _earlier(night, How.BRANCHES, by) if earlier.commits == wanted]
    number = same[0] if same else len(night.summary.accepted) + 1
    accepted = _accepted(number, night, by, How.BRANCHES, wanted, night.opened.baseline)
    return Deal(accepted, done=bool(same) and None not in there.values(), branches=made)


def carry_out(repo: Repo, ledger: Ledger, deal: Deal, now: Now) -> None:
    """Writes the sign-off down, then moves what it names."""
    newest = ledger.newest()
    ledger.append(now, newest.elapsed if newest else 0.0, deal.accepted)
    for ref, commit in deal.accepted.commits.items():
        if deal.accepted.how is How.MERGE:
            fast_forward(repo, commit, f"overnight accept {ledger.path.parent.name}")
        else:
            refs.move(repo, ref, commit, None)


def _earlier(night: Found, how: How, by: str) -> Sequence[tuple[int, Acceptance]]:
    """The sign-offs of the same thing by the same person, who knew the same, with their numbers, the newest first."""
    every = list(enumerate(night.summary.accepted, start=1))[::-1]
    same = (how, by, night.summary.tip, night.claim)
    return [(number, said) for number, said in every if (said.how, said.by, said.tip, said.claim) == same]


def _merged_tree(repo: Repo, night: Found, head: str, into: str) -> str:
    if holds(repo, night.summary.tip, head):
        return tree_of(repo, night.summary.tip)
    joined = Joiner(repo).join(head, night.summary.tip)
    if not joined.conflicts:
        return joined.tree
    name, theirs = into.removeprefix("refs/heads/"), night.summary.branch.removeprefix("refs/heads/")
    raise UsageError(
        f"{name} has changed since this night began, and does not merge by itself in: {', '.join(joined.conflicts)}. "
        f"Nothing was changed. Merge it by hand (git merge {theirs}), then accept again to sign it off; "
        "or take what you want with --branches"
    )


def _accepted(number: int, night: Found, by: str, how: How, commits: Mapping[str, str], before: str) -> Accepted:
    return Accepted(
        number=number, by=by, how=how, tip=night.summary.tip, commits=commits, before=before, claim=night.claim
    )


def _signed(repo: Repo, commit: str, trailers: str) -> str:
    """A kept commit's message, whose last paragraph are trailers, with these after them."""
    message = repo.git.get(commit).data.split(b"\n\n", 1)[1].decode(errors="replace")
    return f"{message.rstrip()}\n{trailers}\n"
