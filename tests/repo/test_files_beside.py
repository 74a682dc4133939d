from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from overnight.repo.repo import Repo
from tests.nights import git, make_repo

PATHS = st.sampled_from(["a", "b", "d/a", "d/b", "d/e/a", "f/a"])
LAYOUTS = st.dictionaries(PATHS, st.sampled_from(["1", "2"]), max_size=6)


def is_possible(layout: dict[str, str]) -> bool:
    return not any(path.startswith(f"{other}/") for path in layout for other in layout)


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(LAYOUTS.filter(is_possible), LAYOUTS.filter(is_possible))
def test_the_same_as_reading_all_of_it(tmp_path: Path, one: dict[str, str], two: dict[str, str]) -> None:
    root = tmp_path / str(len(list(tmp_path.iterdir())))
    make_repo(root, {"keep": "", **one})
    first = git(root, "rev-parse", "HEAD")
    git(root, "rm", "-rqf", "--ignore-unmatch", *one, "none")
    make_repo(root, {"keep": "more", **two})
    with closing(Repo.discover(root)) as repo:
        second = repo.head()
        assert repo.files_beside(second, first, repo.files(first)) == repo.files(second)
        assert repo.files_beside(first, second, repo.files(second)) == repo.files(first)
