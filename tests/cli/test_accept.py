"""accept on copies of one real night: merge, refuse, branches, and every kill in between. The main ways by default; the
many ways in which a repository can stand are slow tests."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import Result

from overnight.ledger import views
from overnight.ledger.acceptance import Acceptance, How
from overnight.ledger.events import Claimed
from overnight.ledger.ledger import Ledger, Reader
from overnight.model import Claim, Split
from overnight.testing import Scripted
from tests.cli.conftest import typed
from tests.ledger.sample_night import NOW
from tests.nights import git, replacing, toy_repo

SPACED = """\
WIDTH = 4
#
#
RATE = 0.1
#
#
DEPTH = 2
loss = abs(WIDTH - 16) + abs(RATE - 0.3) + abs(DEPTH - 8)
print(f"loss: {loss:.6f}")
"""
LINES = (
    replacing("WIDTH = 4", "WIDTH = 8"),
    replacing("RATE = 0.1", "RATE = 0.3"),
    replacing("DEPTH = 2", "DEPTH = 4"),
    replacing("WIDTH = 8", "WIDTH = 16"),
)
HOOKS = (
    *("post-merge", "pre-merge-commit", "prepare-commit-msg", "commit-msg", "post-commit", "post-checkout"),
    *("reference-transaction", "post-index-change", "pre-auto-gc"),
)


class Spaced(Scripted):
    def __init__(self) -> None:
        super().__init__(LINES)


class Worse(Scripted):
    def __init__(self) -> None:
        super().__init__([replacing("WIDTH = 4", "WIDTH = 2")])


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keeps 1 to 4: three knobs apart from each other, and the first of them once more."""
    root = toy_repo(tmp_path_factory.mktemp("accept") / "a toy", train=SPACED)
    done = typed(root, "run", "--agent", "tests.cli.test_accept:Spaced", "--tag", "mar5", "--seed", "7", "--json")
    assert done.exit_code == 0, done.output
    return root


@pytest.fixture
def root(pattern: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(pattern, tmp_path / "a toy"))


@pytest.fixture(autouse=True)
def no_identity_but_the_repositorys(monkeypatch: pytest.MonkeyPatch) -> None:
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.delenv(f"GIT_{role}_NAME", raising=False)
        monkeypatch.delenv(f"GIT_{role}_EMAIL", raising=False)


def accept(root: Path, *words: str) -> Result:
    return typed(root, "accept", "--unproven", *words)


def head(root: Path) -> str:
    return git(root, "rev-parse", "HEAD")


def accepted(root: Path) -> tuple[Acceptance, ...]:
    with Reader.open(root / ".git/overnight/mar5") as reader:
        return views.summary(reader, held=False).accepted


def claim(root: Path, low: float) -> None:
    """As the judge would have written it."""
    with Ledger.create_or_open(root / ".git/overnight/mar5", holder="test") as ledger:
        tip = views.summary(ledger, held=False).tip
        found = Claim(Split.SEALED, 3, 18.2, 4.0, 14.2, low, 15.0)
        ledger.append(NOW, 99.0, Claimed(number=1, commit=tip, claim=found))


@pytest.mark.smoke
def test_the_merge_is_a_commit_on_both_that_bears_the_name(root: Path) -> None:
    before, tip = head(root), git(root, "rev-parse", "autoresearch/mar5")
    done = accept(root)
    assert done.exit_code == 0, done.output
    assert git(root, "rev-parse", "HEAD^1", "HEAD^2").split("\n") == [before, tip]
    trailers = git(root, "log", "-1", "--format=%(trailers:only)").split("\n")
    assert trailers[0] == "Overnight-Night: mar5"
    assert trailers[-1] == "Accepted-by: A Person <person@example.com>"
    assert "WIDTH = 16" in (root / "train.py").read_text()
    assert git(root, "status", "--porcelain") == ""


def test_the_ledger_holds_who_took_what(root: Path) -> None:
    assert accept(root, "--by", "Ada Lovelace <ada@example.com>").exit_code == 0
    (said,) = accepted(root)
    assert (said.by, said.how) == ("Ada Lovelace <ada@example.com>", How.MERGE)
    assert said.commits == {"refs/heads/main": head(root)}
    assert "taken    by Ada Lovelace <ada@example.com> on " in typed(root, "status").output
    assert typed(root, "verify").exit_code == 0


def test_accepting_again_changes_nothing(root: Path) -> None:
    accept(root)
    before = head(root)
    done = accept(root)
    assert done.output.startswith("Accepted already by A Person")
    assert (head(root), len(accepted(root))) == (before, 1)


@pytest.mark.slow
def test_what_was_taken_back_can_be_accepted_again(root: Path) -> None:
    before = head(root)
    accept(root)
    merge = head(root)
    git(root, "reset", "--keep", before)
    assert accept(root).exit_code == 0
    assert (head(root), len(accepted(root))) == (merge, 1)


def test_a_dry_run_changes_nothing(root: Path) -> None:
    before = head(root)
    done = typed(root, "accept", "--dry-run")
    assert done.output.startswith("Would be accepted by A Person")
    assert (head(root), accepted(root)) == (before, ())


def test_without_a_measured_gain_the_person_must_say_so(root: Path) -> None:
    done = typed(root, "accept")
    assert done.exit_code == 2
    assert "no gain was measured" in done.output
    assert "--unproven" in done.output
    assert "Overnight-Unproven" in accept(root).output + git(root, "log", "-1", "--format=%(trailers:only)")


@pytest.mark.slow
def test_an_interval_with_zero_in_it_is_not_a_proven_gain(root: Path) -> None:
    claim(root, low=-0.5)
    done = typed(root, "accept")
    assert done.exit_code == 2
    assert "the gain's interval includes zero" in done.output


def test_a_proven_gain_stands_in_the_commit(root: Path) -> None:
    claim(root, low=13.0)
    assert typed(root, "accept").exit_code == 0
    subject, *body = git(root, "log", "-1", "--format=%B").split("\n")
    assert subject == "Accept night mar5: loss 18.200000 to 4.000000, −78.02 %"
    assert "Overnight-Claim: loss better by 14.2 (95 %: 13 to 15), on the sealed set, read for this once" in body
    assert not [line for line in body if "Unproven" in line]


@pytest.mark.slow
def test_who_has_measured_the_gain_since_can_sign_for_that(root: Path) -> None:
    accept(root)
    claim(root, low=13.0)
    assert typed(root, "accept").output.startswith("Accepted by A Person")
    assert "Overnight-Unproven" not in git(root, "log", "-1", "--format=%B")
    assert [said.claim is None for said in accepted(root)] == [True, False]


def test_an_edit_that_would_be_overwritten_stops_it(root: Path) -> None:
    before = head(root)
    (root / "train.py").write_text("mine\n")
    done = accept(root)
    assert done.exit_code == 2
    assert "would be overwritten: train.py" in done.output
    assert (head(root), accepted(root), (root / "train.py").read_text()) == (before, (), "mine\n")


@pytest.mark.slow
def test_other_edits_stay_as_they_are(root: Path) -> None:
    (root / "notes.txt").write_text("mine\n")
    (root / "program.md").write_text("edited\n")
    git(root, "add", "program.md")
    assert accept(root).exit_code == 0
    assert git(root, "status", "--porcelain").split("\n") == ["M  program.md", "?? notes.txt"]
    assert (root / "program.md").read_text() == "edited\n"


@pytest.mark.slow
def test_a_branch_that_went_on_is_merged(root: Path) -> None:
    (root / "other.txt").write_text("more\n")
    git(root, "add", "other.txt")
    git(root, "commit", "-qm", "more")
    assert accept(root).exit_code == 0
    assert (root / "other.txt").exists()
    assert "WIDTH = 16" in (root / "train.py").read_text()


def at_odds(root: Path) -> str:
    (root / "train.py").write_text(SPACED.replace("WIDTH = 4", "WIDTH = 5"))
    git(root, "commit", "-qam", "mine")
    return head(root)


def test_a_conflict_names_the_files_and_changes_nothing(root: Path) -> None:
    before = at_odds(root)
    done = accept(root)
    assert done.exit_code == 2
    assert "does not merge by itself in: train.py. Nothing was changed." in done.output
    assert (head(root), accepted(root), git(root, "status", "--porcelain")) == (before, (), "")


@pytest.mark.slow
def test_after_a_merge_by_hand_the_sign_off_is_a_commit_of_its_own(root: Path) -> None:
    at_odds(root)
    git(root, "merge", "-q", "-X", "theirs", "--no-edit", "autoresearch/mar5")
    before = head(root)
    assert accept(root).exit_code == 0
    assert git(root, "rev-parse", "HEAD^", "HEAD^{tree}").split("\n") == [
        before,
        git(root, "rev-parse", f"{before}^{{tree}}"),
    ]
    assert "Accepted-by: A Person" in git(root, "log", "-1", "--format=%B")
    assert accept(root).output.startswith("Accepted already")


@pytest.mark.slow
def test_a_detached_head_has_no_branch_to_merge_into(root: Path) -> None:
    git(root, "switch", "-q", "--detach")
    done = accept(root)
    assert done.exit_code == 2
    assert "HEAD is detached" in done.output


@pytest.mark.slow
def test_a_merge_under_way_is_finished_first(root: Path) -> None:
    at_odds(root)
    subprocess.run(["git", "merge", "-q", "autoresearch/mar5"], cwd=root, capture_output=True, check=False)
    assert "a merge is under way here" in accept(root).output


@pytest.mark.slow
def test_the_nights_own_branch_is_not_merged_into_itself(root: Path) -> None:
    git(root, "switch", "-q", "autoresearch/mar5")
    assert "the night's own branch is checked out" in accept(root).output


@pytest.mark.slow
def test_who_has_no_name_in_git_is_asked_for_one(root: Path) -> None:
    git(root, "config", "--unset", "user.name")
    env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    env |= {"GIT_CONFIG_NOSYSTEM": "1", "HOME": str(root), "XDG_CONFIG_HOME": str(root)}
    argv = [sys.executable, "-m", "overnight", "accept", "--unproven"]
    done = subprocess.run(argv, cwd=root, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "git does not know who you are" in done.stderr


@pytest.mark.slow
def test_a_name_cannot_hide_a_line(root: Path) -> None:
    accept(root, "--by", "Ada\nOvernight-Claim: huge\x1b[2J")
    assert (
        git(root, "log", "-1", "--format=%(trailers:key=Accepted-by,valueonly)").strip()
        == "Ada Overnight-Claim: huge [2J"
    )


def test_a_night_that_runs_is_not_accepted(root: Path) -> None:
    with Ledger.create_or_open(root / ".git/overnight/mar5", holder="overnight run --tag mar5"):
        done = accept(root)
    assert done.exit_code == 3
    assert "`overnight stop` ends it" in done.output
    assert accepted(root) == ()


@pytest.mark.slow
def test_a_night_without_a_keep_has_nothing_to_accept(tmp_path: Path) -> None:
    root = toy_repo(tmp_path / "toy", train=SPACED)
    typed(root, "run", "--agent", "tests.cli.test_accept:Worse", "--tag", "mar5", "--json")
    done = accept(root)
    assert done.exit_code == 2
    assert "there is nothing to accept" in done.output


@pytest.mark.slow
def test_a_branch_that_somebody_moved_is_not_the_nights(root: Path) -> None:
    git(root, "branch", "-f", "autoresearch/mar5", "main")
    done = accept(root)
    assert done.exit_code == 2
    assert "`overnight verify` says more" in done.output


@pytest.mark.slow
def test_an_accepted_night_goes_on(root: Path) -> None:
    accept(root)
    words = ("run", "--agent", "tests.cli.test_accept:Spaced", "--tag", "mar5", "--experiments", "6", "--json")
    done = typed(root, *words)
    assert done.exit_code == 0, done.output
    assert typed(root, "verify").exit_code == 0
    assert json.loads(typed(root, "status", "--json").output)["accepted"][0]["how"] == "merge"


# ---- branches


def names(root: Path) -> list[str]:
    return git(root, "branch", "--list", "--format=%(refname:short)", "overnight/*").split("\n")


def test_each_independent_keep_is_a_branch(root: Path) -> None:
    before = head(root)
    done = accept(root, "--branches")
    assert done.exit_code == 0, done.output
    assert names(root) == ["overnight/mar5/keep-2", "overnight/mar5/keep-3", "overnight/mar5/keeps-1-4"]
    assert head(root) == before
    for name in names(root):
        git(root, "merge", "-q", "--no-edit", name)
    assert git(root, "rev-parse", "HEAD^{tree}") == git(root, "rev-parse", "autoresearch/mar5^{tree}")


@pytest.mark.slow
def test_a_keeps_branch_carries_its_evidence_and_the_name(root: Path) -> None:
    accept(root, "--branches", "--by", "Ada")
    message = git(root, "log", "-1", "--format=%B", "overnight/mar5/keep-2")
    assert message.startswith("line 2\n\nOvernight-Experiment: mar5/2\n")
    keys = git(root, "log", "-1", "--format=%(trailers:keyonly)", "overnight/mar5/keep-2").split("\n")
    assert keys[-1] == "Accepted-by"
    assert {"Overnight-Evidence", "Overnight-Night"} <= set(keys)


def test_branches_that_are_there_are_never_overwritten(root: Path) -> None:
    git(root, "branch", "overnight/mar5/keep-2", "main")
    done = accept(root, "--branches")
    assert done.exit_code == 2
    assert "there already, and not what would be made: overnight/mar5/keep-2" in done.output
    assert (names(root), accepted(root)) == (["overnight/mar5/keep-2"], ())


@pytest.mark.slow
def test_branches_made_again_are_the_same(root: Path) -> None:
    accept(root, "--branches")
    assert accept(root, "--branches").output.startswith("Accepted already")
    git(root, "branch", "-D", "overnight/mar5/keep-2")
    accept(root, "--branches")
    assert (len(names(root)), len(accepted(root))) == (3, 1)


# ---- what the repository plants, and kills


def test_nothing_that_the_repository_plants_is_run(root: Path, tmp_path: Path) -> None:
    trap, mark = tmp_path / "trap", tmp_path / "sprung"
    trap.write_text(f"#!/bin/sh\necho $0 >> '{mark}'\n")
    trap.chmod(0o755)
    at_odds(root)
    (root / ".gitattributes").write_text("* merge=m\n")
    git(root, "add", ".gitattributes")
    git(root, "commit", "-qm", "attributes")
    (root / ".git/hooks").mkdir(exist_ok=True)
    for hook in HOOKS:
        (root / ".git/hooks" / hook).symlink_to(trap)
    for key in ("merge.m.driver", "gpg.program", "core.editor", "core.fsmonitor"):
        git(root, "config", key, str(trap))
    git(root, "config", "commit.gpgSign", "true")
    mark.unlink(missing_ok=True)  # git itself, when it wrote the configuration
    assert "does not merge by itself" in accept(root).output
    assert accept(root, "--branches").exit_code == 0
    git(root, "-c", "core.hooksPath=/dev/null", "reset", "-q", "--hard", "HEAD~2")
    mark.unlink(missing_ok=True)
    assert accept(root).exit_code == 0
    assert not mark.exists(), mark.read_text()


KILLED = """
import os, signal, sys
from pathlib import Path
from overnight.cli.take import Wish, take
from overnight.ledger.acceptance import Acceptance, How

def step(name):
    if name == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)

take(Wish("Ada", How(sys.argv[1]), unproven=True), Path(".git/overnight/mar5"), step)
"""
MERGING = ("ledger.accepted.before", "ledger.accepted.inserted", "take.merge.before", "take.merge.after")
PARTING = ("ledger.accepted.committed", "move.heads.before", "move.heads.after")


def killed(root: Path, how: str, step: str) -> None:
    argv = [sys.executable, "-c", KILLED, how, step]
    assert subprocess.run(argv, cwd=root, capture_output=True, check=False).returncode == -9


def test_killed_between_ledger_and_git_the_same_command_completes_it(root: Path) -> None:
    before = head(root)
    killed(root, "merge", "ledger.accepted.committed")
    assert head(root) == before
    (signed,) = accepted(root)
    done = accept(root, "--by", "Ada")
    assert "\nAccepted by Ada" in done.output
    assert ({"refs/heads/main": head(root)}, accepted(root)) == (dict(signed.commits), (signed,))


@pytest.mark.kill
@pytest.mark.parametrize("step", MERGING)
def test_a_merge_killed_anywhere_is_one_merge(root: Path, step: str) -> None:
    killed(root, "merge", step)
    assert accept(root, "--by", "Ada").exit_code == 0
    assert len(accepted(root)) == 1
    assert git(root, "rev-list", "--count", "--merges", "HEAD") == "1"
    assert git(root, "status", "--porcelain") == ""


@pytest.mark.kill
@pytest.mark.parametrize("step", PARTING)
def test_branches_killed_anywhere_are_all_there_in_the_end(root: Path, step: str) -> None:
    killed(root, "branches", step)
    assert accept(root, "--branches", "--by", "Ada").exit_code == 0
    assert (len(names(root)), len(accepted(root))) == (3, 1)
