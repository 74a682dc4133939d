"""kill -9 of the coordinator at every named step and at random times: nothing lost, nothing twice, nothing left."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from overnight import wiring
from overnight.ledger.events import Judged, RunDone
from overnight.ledger.ledger import Reader
from overnight.named import named
from overnight.night.verify import verify
from overnight.repo.repo import Repo
from tests.nights import TRAIN, noisy_repo, toy_repo

pytestmark = pytest.mark.kill

HERE = Path(__file__).parents[2]

LEAVES_SOMETHING = "import subprocess\nsubprocess.Popen(['sleep', '300'], start_new_session=True)\n" + TRAIN

ONCE = (
    *("base.write.before", "base.write.after", "base.rename.before", "base.rename.after"),
    *("do.Close", "ledger.closed.before", "ledger.closed.inserted", "ledger.closed.committed"),
    *("ledger.opened.before", "ledger.opened.inserted", "ledger.opened.committed"),
    *("ledger.session.before", "ledger.session.inserted", "ledger.session.committed"),
    *("log.genesis.before", "log.genesis.after"),
)
OFTEN = (
    *("checkout.before", "checkout.after", "do.Admit", "do.Ask", "do.Conclude", "do.Record", "do.Start"),
    *(f"ledger.{k}.{w}" for k in ("admitted", "judged", "proposed") for w in ("before", "inserted", "committed")),
    *(f"ledger.{k}.{w}" for k in ("recorded", "run_done", "run_started") for w in ("before", "inserted", "committed")),
    *(f"log.{k}.{w}" for k in ("blob", "commit", "tree") for w in ("before", "after")),
    *(f"move.overnight.{w}" for w in ("before", "after")),
    *(f"snapshot.{k}.{w}" for k in ("blobs", "trees", "commit") for w in ("before", "after")),
)
KEEPS = ("kept.commit.before", "kept.commit.after", "move.heads.before", "move.heads.after")
AHEAD = ("do.Expect", "do.Rebase", *(f"ledger.rebased.{w}" for w in ("before", "inserted", "committed")))
"""Of what was asked for ahead of a keep, or made ready, which is a matter of milliseconds."""

POINTS = [
    *((step, 1) for step in (*ONCE, *OFTEN, *KEEPS, *AHEAD)),
    *((step, 2) for step in KEEPS),
    *((step, 3) for step in OFTEN),
    *(("after", random.Random(1).sample(range(150, 1500), 24)[i]) for i in range(24)),
]


BELIEVED = [
    *(("do.Turn", n) for n in (1, 2, 3)),
    *((f"do.{action}", 1) for action in ("Weigh", "Remove", "Announce")),
    *((f"ledger.{k}.{w}", 1) for k in ("turned", "weighed", "claimed") for w in ("before", "inserted", "committed")),
    *((f"ledger.{k}.committed", n) for k, n in (("turned", 2), ("turned", 3), ("weighed", 2))),
]
"""What only a judge that comes back to its keeps does."""


def private(*command: str) -> list[str]:
    """In a pid namespace of its own, so that nothing it leaves can outlive the test."""
    as_root = [] if os.getuid() == 0 else ["--user", "--map-root-user"]
    return ["unshare", *as_root, "--pid", "--fork", "--mount-proc", *command]


def can_unshare() -> bool:
    if not shutil.which("unshare"):
        return False
    return subprocess.run(private("true"), capture_output=True, check=False).returncode == 0


needs_namespaces = pytest.mark.skipif(not can_unshare(), reason="needs unshare and private pid namespaces")


def environment(tmp_path: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "PYTHONPATH": os.pathsep.join([str(HERE / "src"), str(HERE)]),
    }


def outcome(root: Path) -> list[tuple[int, str, float | None]]:
    with Reader.open(root / ".git/overnight/t") as reader:
        verdicts = [e.event.verdict for e in reader.since() if isinstance(e.event, Judged)]
    return sorted((v.experiment, str(v.call), v.score) for v in verdicts)


EXPECTED = [
    (0, "keep", 2.48),
    (1, "keep", 1.68),
    (2, "discard", 2.0),
    (3, "crash", None),
    (4, "duplicate", None),
    (5, "keep", 1.64),
]


@needs_namespaces
@pytest.mark.parametrize(("step", "count"), POINTS, ids=[f"{step}-{count}" for step, count in POINTS])
def test_nothing_is_lost_twice_or_left(step: str, count: int, tmp_path: Path) -> None:
    root = toy_repo(tmp_path / "toy", train=LEAVES_SOMETHING)
    command = private(sys.executable, "-m", "tests.night.kill_one", str(root), step, str(count))
    done = subprocess.run(
        command, cwd=HERE, env=environment(tmp_path), capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["resumed"] == 0, seen["error"]
    assert seen["killed"] or step in ("after", *AHEAD), f"{step} {count} never came: {seen['victim_error']}"
    assert seen["survivors"] == seen["survivors_at_the_end"] == []
    assert outcome(root) == EXPECTED
    assert_clean(root, tmp_path)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[int, str, float | None]]:
    folder = tmp_path_factory.mktemp("undisturbed")
    root = noisy_repo(folder / "toy")
    command = [sys.executable, "-m", "tests.night.coordinator", str(root)]
    subprocess.run(command, cwd=HERE, env=environment(folder), capture_output=True, check=True, timeout=100)
    steps = Counter((folder / "steps").read_text().split())
    assert set(steps) <= {*ONCE, *OFTEN, *KEEPS, *AHEAD, *(step for step, _ in BELIEVED)}
    return outcome(root)


@needs_namespaces
@pytest.mark.parametrize(("step", "count"), BELIEVED, ids=[f"{step}-{count}" for step, count in BELIEVED])
def test_dawn_and_claim_are_taken_up_where_they_were(
    step: str, count: int, tmp_path: Path, undisturbed: list[tuple[int, str, float | None]]
) -> None:
    root = noisy_repo(tmp_path / "toy")
    command = private(sys.executable, "-m", "tests.night.kill_one", str(root), step, str(count))
    done = subprocess.run(
        command, cwd=HERE, env=environment(tmp_path), capture_output=True, text=True, check=False, timeout=200
    )
    seen = json.loads(done.stdout)
    assert seen["resumed"] == 0, seen["error"]
    assert seen["killed"], f"{step} {count} never came: {seen['victim_error']}"
    assert seen["survivors"] == seen["survivors_at_the_end"] == []
    assert outcome(root) == undisturbed
    assert_clean(root, tmp_path)


def assert_clean(root: Path, tmp_path: Path) -> None:
    with Reader.open(root / ".git/overnight/t") as reader, closing(Repo.discover(root)) as repo:
        policies = lambda name: named(name, wiring.POLICIES, "policy")()  # noqa: E731
        assert verify(reader, repo, policies) == []
        done = Counter(e.event.run.id for e in reader.since() if isinstance(e.event, RunDone))
    assert set(done.values()) == {1}
    assert not list((root / ".git").rglob("*.lock"))
    assert not list((tmp_path / "cache").glob("overnight/*"))
    fsck = subprocess.run(["git", "fsck", "--strict"], cwd=root, capture_output=True, text=True, check=False)
    assert fsck.returncode == 0, fsck.stderr


def test_every_named_step_is_among_the_points(tmp_path: Path) -> None:
    """A step that is new in the loop has to be killed at, too."""
    root = toy_repo(tmp_path / "toy")
    command = [sys.executable, "-m", "tests.night.coordinator", str(root)]
    subprocess.run(command, cwd=HERE, env=environment(tmp_path), capture_output=True, check=True, timeout=100)
    assert outcome(root) == EXPECTED
    steps = Counter((tmp_path / "steps").read_text().split())
    assert {*ONCE, *OFTEN, *KEEPS} <= set(steps) <= {*ONCE, *OFTEN, *KEEPS, *AHEAD}
    assert all(steps[step] >= count for step, count in POINTS if step not in ("after", *AHEAD))
