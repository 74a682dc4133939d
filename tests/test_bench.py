"""The benchmarks are run by hand: at least each can be begun, and what the documents tell people to type is there."""

from __future__ import annotations

import importlib
import re
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted(file.stem for file in (ROOT / "bench").glob("[a-z]*.py"))
ELSEWHERE = {"torch", "ray", "prepare"}  # not installed for the tests; a lab's


def begins(name: str) -> bool:
    """Whether `python -m` has something to do there, and not only to import."""
    found = find_spec(name)
    if found is None or found.origin is None:
        return False
    if found.submodule_search_locations:
        return find_spec(f"{name}.__main__") is not None
    return 'if __name__ == "__main__":' in Path(found.origin).read_text()


@pytest.mark.parametrize("name", MODULES)
def test_each_can_be_begun(name: str) -> None:
    try:
        importlib.import_module(f"bench.{name}")
    except ModuleNotFoundError as error:
        if error.name not in ELSEWHERE:
            raise
        pytest.skip(f"{error.name} is not installed")


def test_what_is_told_to_be_typed_is_there() -> None:
    files = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "labs").glob("*/README.md")]
    files += (ROOT / "bench").rglob("*.py")
    told = {(file, name) for file in files for name in re.findall(r"python -m (bench[.\w]*\w)", file.read_text())}
    assert len(told) > 20
    assert [(file.name, name) for file, name in told if not begins(name)] == []
    old = [file.name for file in files if re.search(r"python bench/", file.read_text())]
    assert set(old) <= {"LOG.md"}
