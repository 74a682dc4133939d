from __future__ import annotations

import pytest

from overnight.program.paths import from_home_or_inside, inside, matching

FILES = ["a.py", "src/a.py", "src/deep/b.py", "src/deep/c.txt", "x/*.py"]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("a.py", ["a.py"]),
        ("*.py", ["a.py"]),
        ("src/*.py", ["src/a.py"]),
        ("src/**/*.py", ["src/a.py", "src/deep/b.py"]),
        ("**/*.py", ["a.py", "src/a.py", "src/deep/b.py", "x/*.py"]),
        ("src", ["src/a.py", "src/deep/b.py", "src/deep/c.txt"]),
        ("src/deep", ["src/deep/b.py", "src/deep/c.txt"]),
        ("b.py", []),
        ("sr", []),
        (".", sorted(FILES)),
    ],
)
def test_a_pattern_names_files_folders_and_globs(pattern: str, names: list[str]) -> None:
    assert list(matching(pattern, FILES)) == names


def test_many_stars_cost_no_more_than_their_length() -> None:
    assert matching("/".join(["**", "*a*b*c*"] * 200), ["/".join(["aaabbb"] * 200)]) == ()


def test_a_path_is_relative_to_the_folder_of_program_md() -> None:
    assert (inside("train.py", "labs/x"), inside("../y.py", "labs/x")) == ("labs/x/train.py", "labs/y.py")


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "~/x", "a/../../x", "", "a\nb", "a\0"])
def test_a_path_outside_the_repository_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match=r"outside|no path"):
        inside(path, "")


def test_a_shared_path_may_lie_outside() -> None:
    assert [from_home_or_inside(path, "lab") for path in ("~/.cache/x", "/data", "y")] == [
        "~/.cache/x",
        "/data",
        "lab/y",
    ]
