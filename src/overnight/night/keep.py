"""The steps of the loop that stand in git: snapshot, rebase, record.

Each can be done again with the same result: texts, parents and dates come from the ledger, so the object ids are the
same, and a ref that has moved already has moved. The order is the ledger first, then the log, then the branch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from overnight.errors import RepoError
from overnight.ledger.events import Admitted, Entry, Judged, Opened, Proposed, Rebased, Recorded
from overnight.ledger.steering import Approved
from overnight.model import Call, Verdict
from overnight.night.admit import Problem, find_problem, fingerprint, size
from overnight.night.open import Open
from overnight.night.state import NightState
from overnight.program.knobs import rules_of
from overnight.program.program import Program
from overnight.repo import refs
from overnight.repo.edits import edited, make_edits
from overnight.repo.rebase import rebase
from overnight.repo.repo import Repo
from overnight.repo.snapshot import snapshot


def log_ref(opened: Opened) -> str:
    """One append-only ref a night and clone: all its experiments are reachable from it."""
    return f"refs/overnight/{opened.node}/{opened.night}"


def refuse_checked_out(repo: Repo, branch: str) -> None:
    """A branch that moves under somebody's working tree would show there as the reverse of the keep."""
    if where := repo.checked_out(branch):
        name = branch.removeprefix("refs/heads/")
        raise RepoError(f"{name} is checked out in {where}: switch to another branch (git switch -), then run again")


@dataclass(slots=True)
class Keeper:
    repo: Repo
    program: Program
    opened: Opened
    opened_at: float

    def prepare_refs(self, state: NightState) -> None:
        """The refs are replicas of the ledger: one that is missing is put back, one that somebody moved is an error."""
        recording = any(experiment.judged for experiment in state.open.values())
        for ref, wanted in (
            (log_ref(self.opened), state.log_tip or self.genesis()),
            (self.opened.branch, state.incumbent),
        ):
            tip = self.repo.branch_tip(ref)
            if wanted and (tip is None or (tip != wanted and not recording)):
                refs.move(self.repo, ref, wanted, tip and wanted)

    def genesis(self) -> str:
        """The log starts with a commit of its own, so that its first parents never lead into the code's history."""
        return refs.log_genesis(self.repo, self.opened_at, f"night {self.opened.night}")

    def admit(self, experiment: Open, proposed_at: float) -> Admitted:
        files = self.proposed_files(experiment)
        before = self.repo.texts(experiment.base, self.program.edit)
        problem = find_problem(self.program, files, before) if files else _impossible(experiment)
        allowed = {path: text for path, text in files.items() if path in self.program.edit}
        return self._snapshot(experiment, experiment.base, allowed, proposed_at, problem)

    def rebase(self, experiment: Open, onto: str, proposed_at: float) -> Rebased:
        """The experiment's change, three ways merged onto `onto`. Nobody measures that where people report numbers."""
        assert experiment.commit is not None
        files = (
            None
            if self.program.external
            else rebase(self.repo, experiment.base, experiment.commit, onto, self.program.edit)
        )
        if files is None or find_problem(self.program, files, self.repo.texts(onto, self.program.edit)):
            return Rebased(experiment=experiment.number, onto=onto, commit=None, fingerprint="", size=0, parent_size=0)
        made = self._snapshot(experiment, onto, files, proposed_at, None)
        return Rebased(
            experiment=experiment.number,
            onto=onto,
            commit=made.commit,
            fingerprint=made.fingerprint,
            size=made.size,
            parent_size=made.parent_size,
        )

    def judged(self, experiment: Open, verdict: Verdict, state: NightState) -> Judged:
        """With the tips as the ledger knows them; that nobody else has moved them shows when they are moved."""
        assert experiment.commit is not None
        log_tip = state.log_tip or self.genesis()
        return Judged(verdict=verdict, commit=experiment.commit, log_tip=log_tip, branch_tip=state.incumbent)

    def removal(self, state: NightState, keep: int) -> Proposed:
        """The proposal to take a keep back; without edits where later keeps stand on its lines."""
        order = list(state.kept)
        before = state.kept[order[order.index(keep) - 1]]
        files = rebase(self.repo, state.kept[keep], before, state.incumbent, self.program.edit) or {}
        return Proposed(
            experiment=state.last_number + 1,
            parent=state.incumbent,
            edits=make_edits(self.repo.texts(state.incumbent, sorted(files)), files),
            origin="removal",
            hypothesis=f"without #{keep}",
            removes=keep,
        )

    def record(self, entries: Sequence[Entry], released: float | None) -> Recorded:
        """`entries`: all of one experiment, as read back from the ledger. `released`: the score for agents."""
        at, judged = next((e.at, e.event) for e in entries if isinstance(e.event, Judged))
        number, verdict = judged.experiment, judged.verdict
        record = "\n".join(e.body for e in entries if not isinstance(e.event, Recorded)).encode()
        subject = f"{self.opened.night}/{number}: {verdict.call}"
        entry = refs.log_entry(self.repo, judged.log_tip, judged.commit, record, at, subject)
        refs.move(self.repo, log_ref(self.opened), entry, judged.log_tip, self._held(number))
        kept = self._keep(judged, entries, at) if verdict.call is Call.KEEP else None
        return Recorded(experiment=number, entry=entry, kept=kept, released=released)

    def proposed_files(self, experiment: Open) -> dict[str, str]:
        """The whole new texts of a proposal, from the edits that the ledger holds."""
        proposed = experiment.proposed
        parents = self.repo.texts(proposed.parent, {edit.path for edit in proposed.edits})
        return edited(parents, proposed.edits)

    def _snapshot(
        self, experiment: Open, parent: str, files: Mapping[str, str], at: float, problem: Problem | None
    ) -> Admitted:
        before = self.repo.texts(parent, self.program.edit)
        after = {**before, **files}
        commit = parent
        if experiment.number > 0:
            commit = snapshot(self.repo, parent, files, self._message(experiment), at)
            refs.hold(self.repo, self._held(experiment.number), commit)  # until the log has it: `git gc` may run
        return Admitted(
            experiment=experiment.number,
            commit=commit,
            fingerprint=fingerprint(after, rules_of(self.program)),
            size=size(after),
            parent_size=size(before),
            problem=problem.why if problem else "",
            problem_call=problem.call if problem else "",
        )

    def _held(self, number: int) -> str:
        return f"{log_ref(self.opened)}-open/{number}"

    def _message(self, experiment: Open) -> str:
        return f"{experiment.proposed.hypothesis}\n\nOvernight-Experiment: {self.opened.night}/{experiment.number}\n"

    def _keep(self, judged: Judged, entries: Sequence[Entry], at: float) -> str:
        """The kept commit: the candidate's tree on the branch's tip, with the evidence in its trailers."""
        if judged.experiment == 0:
            kept = self.opened.baseline
        else:
            message = _kept_message(self.opened, judged.verdict, entries)
            kept = refs.kept_commit(self.repo, judged.commit, judged.branch_tip, message, at)
        refuse_checked_out(self.repo, self.opened.branch)
        refs.move(self.repo, self.opened.branch, kept, judged.branch_tip or None)
        return kept


def _impossible(experiment: Open) -> Problem | None:
    if experiment.removes is None:
        return None
    return Problem(Call.DISCARD, f"#{experiment.removes} stays: later keeps changed the same lines")


def _kept_message(opened: Opened, verdict: Verdict, entries: Sequence[Entry]) -> str:
    proposed = entries[0].event
    assert isinstance(proposed, Proposed)
    measured = verdict.score is not None and verdict.against is not None
    trailers = refs.trailers(
        {
            "Experiment": f"{opened.night}/{verdict.experiment}",
            "Removes": f"{opened.night}/{verdict.removes}" if verdict.removes is not None else "",
            "Metric": f"{opened.metric} {verdict.against:.6g} -> {verdict.score:.6g}" if measured else "",
            "Evidence": verdict.why,
            "Agent": proposed.origin,
            "Approved-by": next((e.event.who for e in entries if isinstance(e.event, Approved) and e.event.yes), ""),
        }
    )
    return f"{proposed.hypothesis}\n\n{trailers}\n"
