"""Property tests try the same examples each time, and none is broken off because the machine has much else to do.

`pytest --hypothesis-profile thorough` tries four times as many, as CI does; with `default` others are drawn."""

from __future__ import annotations

import gc
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

calm = settings(derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("same", calm, max_examples=25)
settings.register_profile("thorough", calm, max_examples=100)
settings.load_profile("same")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as of a program that a script starts with &
    signal.signal(signal.SIGINT, signal.default_int_handler)

WHOLE = (
    *("test_wiring.py", "test_hostile.py", "doors/test_open.py", "night/test_crew.py", "night/test_phases.py"),
    *("cli/test_accept.py", "cli/test_app.py", "cli/test_begin.py", "cli/test_init.py", "cli/test_look.py"),
    *("cli/test_order.py", "cli/test_several.py", "cli/test_steer.py", "program/test_read_fuzz.py"),
    *("measure/test_process.py", "measure/test_scoring.py", "measure/test_scoring_walls.py"),
    *("measure/test_tree_dies.py", "measure/sandbox/test_limits.py", "measure/sandbox/test_walls.py"),
    *("propose/command/test_command.py", "propose/command/test_rows.py", "redteam/test_catalogue.py"),
    *("show/test_export.py", "show/test_report_pages.py", "show/test_silence.py"),
)
"""Through whole nights and real processes: all but those marked `smoke` are slow, so that the default tests are not."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    whole = {Path(__file__).parent / name for name in WHOLE}
    assert all(path.exists() for path in whole), "a file of WHOLE has another name now"
    for item in items:
        if item.path in whole and not item.get_closest_marker("smoke"):
            item.add_marker(pytest.mark.slow)


def pytest_collection_finish() -> None:
    """What has been collected stays until the end: no need to look again and again whether it is garbage."""
    gc.collect()
    gc.freeze()
