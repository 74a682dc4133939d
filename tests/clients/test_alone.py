"""A real client asks nobody but its service: no telemetry, no look for updates, no price lists."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clients.driven import PLACES, needs

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300)]

BESIDE = {"opencode": ["registry.npmjs.org"]}
"""It wants a package for plug-ins that it does not have, and cannot be told not to."""


@pytest.mark.parametrize("client", PLACES)
def test_it_looks_for_no_other_address(client: str, tmp_path: Path) -> None:
    needs(client)
    apart = ["unshare", "--net", "--mount"]
    if os.getuid() or not shutil.which("unshare") or subprocess.run([*apart, "true"], check=False).returncode:
        pytest.skip("needs root and namespaces: a network of its own, with nothing in it")
    command = [*apart, sys.executable, "-m", "tests.clients.alone", client, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"answer": "Proposal", "names": ["canary.invalid", *BESIDE.get(client, [])]}
