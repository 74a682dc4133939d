"""A real night of the toy, once for all tests that only look at it; and how a command is typed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from overnight.cli.app import overnight
from tests.nights import toy_repo

Typed = Callable[..., Result]
AGENT = "tests.night.coordinator:Script"  # keeps 1 and 5; 2 is worse, 3 crashes, 4 changes a seed only


def typed(folder: Path, *words: str, stdin: str | None = None) -> Result:
    """`overnight -C folder words …`, in this process."""
    return CliRunner(catch_exceptions=False).invoke(overnight, ["-C", str(folder), *words], input=stdin)


@pytest.fixture(scope="package")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Read-only by agreement: who changes something makes a night of its own."""
    root = toy_repo(tmp_path_factory.mktemp("night") / "toy")
    done = typed(root, "run", "--agent", AGENT, "--tag", "mar5", "--seed", "7", "--json")
    assert done.exit_code == 0, done.output
    return root
